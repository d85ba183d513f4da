/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel panic must end in a reset, or the image is not started again: sysctl kernel.panic, the
 * seconds until the reset, 0 for never (Documentation/admin-guide/sysctl/kernel.rst).
 */
#ifndef FASTBOOTCTL_RECOVERY_H
#define FASTBOOTCTL_RECOVERY_H

#include <stdbool.h>

#define RECOVERY_FILE "/etc/sysctl.d/90-fastboot-recovery.conf"

/*
 * Leaves a value alone that is already set, for example by panic= on the command line.  Otherwise
 * writes RECOVERY_FILE for later boots, and sets the running kernel's value, which an image taken
 * now holds.  Exit status.
 */
int recovery_arm(bool dry_run);

/* Removes RECOVERY_FILE, if present.  Exit status. */
int recovery_disarm(bool dry_run);

#endif
