/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/power/fastboot_snapshot and /sys/power/fastboot/: see
 * docs/abi/sysfs-power-fastboot.
 */
#ifndef HOOK_SYSFS_H
#define HOOK_SYSFS_H

#include <imgfmt/imgfmt.h>

/* target: the module's parameter or NULL; handoff: a page of zeroes of its own. */
int sysfs_create(const char *target, struct img_handoff *handoff);
void sysfs_remove(void);

#endif
