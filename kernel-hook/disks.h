/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks that the kernel still has the disks that its image knows, by their partition tables, read
 * through the kernel's own block devices (docs/safety.md, "The kernel's own look").  Process
 * context.
 */
#ifndef HOOK_DISKS_H
#define HOOK_DISKS_H

#include <linux/completion.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <imgfmt/imgfmt.h>

#include "report.h"
#include "survey.h"

/* NULL, or why the partition table of a disk cannot be proven.  block: a page, overwritten. */
const char *disks_try(const struct survey_disk *disk, void *block);

struct disks_mismatch {
	const struct survey_disk *disk;
	enum img_reason reason; /* IMG_OK: none; IMG_E_DISK_MOVED, IMG_E_DISK_READ */
	int error;		/* DISK_READ only */
};

struct disks {
	const struct survey *survey;
	void *block;
	struct workqueue_struct *queue;
	struct work_struct work;
	struct completion done;
	struct disks_mismatch mismatch;
};

/*
 * Notes in the survey where the tables are, and their contents.  block: a page, overwritten now and
 * in each recheck.  0, or the errno of an obstacle.
 */
int disks_prepare(struct disks *disks, struct survey *survey, void *block, struct report *report);
void disks_release(struct disks *disks);

/*
 * After a restore, before any task runs.  Takes a minute at most.  If it returns a mismatch, the
 * machine must not continue: a read may still be under way.
 */
struct disks_mismatch disks_recheck(struct disks *disks);

#endif
