/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cost of the last snapshot or restore, as text.
 */
#ifndef HOOK_TIMINGS_H
#define HOOK_TIMINGS_H

#include <linux/types.h>

struct snapshot_status;

/* page: as for sysfs_emit.  Returns the length of the text; 0 for a status without an image. */
ssize_t timings_emit(const struct snapshot_status *status, char *page);

#endif
