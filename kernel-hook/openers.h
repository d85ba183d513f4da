/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs that write to block devices past all file systems: a virtual machine with a disk of its
 * own, a database.  Their knowledge of the device is in the image.
 */
#ifndef HOOK_OPENERS_H
#define HOOK_OPENERS_H

#include <linux/sched.h>

#include "report.h"
#include "survey.h"

/*
 * Every program that has a device open, or mapped, for writing is an obstacle.  With the tasks
 * frozen, walks no path: counts as in memory only what an earlier look found to be there.
 */
void gate_openers(struct survey *survey, bool frozen, struct report *report);

/* "comm[pid], file descriptor N" of a program that has claimed the device; empty: not found. */
#define OPENER_TEXT_SIZE (TASK_COMM_LEN + 48)
void claimer_of(const struct block_device *bdev, char *ret_text);

#endif
