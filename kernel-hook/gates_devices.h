/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gates of block devices: who has claimed them, and what the page cache holds of them.
 */
#ifndef HOOK_GATES_DEVICES_H
#define HOOK_GATES_DEVICES_H

#include <linux/types.h>

#include "report.h"
#include "survey.h"
#include "target.h"

/*
 * Obstacles: devices claimed by something unknown.  Notes the explained claims in the survey.
 * target: as far as it was found; name "" if not found.
 */
void gate_held(struct survey *survey, const struct target *target, struct report *report);

/* With the tasks frozen: devices claimed since gate_held. */
void gate_held_frozen(const struct survey *survey, struct report *report);

/* Writes out what the page cache holds of devices without a file system.  True if it held any. */
bool devices_sync(const struct survey *survey);

/*
 * Obstacles: devices with unwritten pages in the page cache.  with_fs: also those with a file
 * system.
 */
void gate_dirty(const struct survey *survey, bool with_fs, struct report *report);

#endif
