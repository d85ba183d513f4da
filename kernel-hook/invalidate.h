/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Erasing images.
 */
#ifndef HOOK_INVALIDATE_H
#define HOOK_INVALIDATE_H

#include "report.h"
#include "status.h"

/*
 * Erases the image in `slot`, or in all slots if that is -1.  0 or a negative errno, reported.
 *
 * Never at the same time as a snapshot; process context.  wanted: see target_find.  status: as last
 * published; changed and published again if its image is erased.
 */
int invalidate_run(const char *wanted, int slot, struct snapshot_status *status,
		   struct report *report);

#endif
