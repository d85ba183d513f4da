/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the module says about itself in sysfs. */
#ifndef FASTBOOTCTL_SYSATTR_H
#define FASTBOOTCTL_SYSATTR_H

#include <stdbool.h>
#include <stdint.h>

#define SYSATTR_SNAPSHOT "/sys/power/fastboot_snapshot"
#define SYSATTR_DIR	 "/sys/power/fastboot/"

/*
 * The file's text, made printable, without white space at its end; the caller frees it.  NULL: the
 * file is not there.  0, or the exit status after a report.
 */
int sysattr_read(const char *file, char **ret_text);

/* "restored generation=N ...", what SYSATTR_SNAPSHOT says in a restored system.  False: it is none.
 */
bool sysattr_restored(const char *text, uint64_t *ret_generation);

#endif
