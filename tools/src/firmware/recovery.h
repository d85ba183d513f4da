/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel panic must end in a reset, or nobody starts the image again: sysctl kernel.panic, the
 * seconds until then, 0 for never (Documentation/admin-guide/sysctl/kernel.rst).
 */
#ifndef FASTBOOTCTL_RECOVERY_H
#define FASTBOOTCTL_RECOVERY_H

#include <stdbool.h>

#define RECOVERY_FILE "/etc/sysctl.d/90-fastboot-recovery.conf"

/*
 * Leaves a value alone that is set, by panic= on the command line say.  Else writes RECOVERY_FILE
 * for the starts to come, and sets the running kernel's, which an image taken now holds.  Exit
 * status.
 */
int recovery_arm(bool dry_run);

/* Removes RECOVERY_FILE, if it is there.  Exit status. */
int recovery_disarm(bool dry_run);

#endif
