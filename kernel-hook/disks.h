/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the kernel still has the disks that its image knows: what their partition tables say,
 * read through the kernel's own block devices (docs/safety.md, "The kernel's own look").  Process
 * context.
 */
#ifndef HOOK_DISKS_H
#define HOOK_DISKS_H

#include <linux/types.h>
#include <imgfmt/imgfmt.h>

#include "report.h"
#include "survey.h"

/* block, everywhere: a page, overwritten. */

/* NULL, or why the partition table of a disk cannot be proven. */
const char *disks_try(const struct survey_disk *disk, void *block);

/* Notes where the tables are, and what they say.  0, or the errno of an obstacle. */
int disks_note(struct survey *survey, void *block, struct report *report);

/* After a restore, before any task runs. */
struct disks_stranger {
	const struct survey_disk *disk;
	enum img_reason reason; /* IMG_OK: there is none; IMG_E_DISK_MOVED, IMG_E_DISK_REPLACED */
	int error;		/* of REPLACED */
};
struct disks_stranger disks_recheck(const struct survey *survey, void *block);

#endif
