/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes of the kernel and the module: short texts, each a file in sysfs or /proc/sys. */
#ifndef FASTBOOTCTL_ATTR_H
#define FASTBOOTCTL_ATTR_H

#include <stdbool.h>
#include <stdint.h>

#define ATTR_SNAPSHOT "/sys/power/fastboot_snapshot"
#define ATTR_DIR      "/sys/power/fastboot/"

/*
 * Reads the file's text, made printable and without trailing white space; the caller frees it.
 * NULL: the file is missing.  Returns 0, or the exit status after a report.
 */
int attr_read(const char *file, char **ret_text);

/* text: of ATTR_SNAPSHOT; true for "restored generation=N ...", as in a restored system. */
bool attr_restored(const char *text, uint64_t *ret_generation);

#endif
