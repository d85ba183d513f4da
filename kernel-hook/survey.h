/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of the machine before a snapshot: every file system on a block device or outside this
 * machine, in all mount namespaces; where it is; and the disks that must be unchanged when the
 * image is restored.  Files that a proof reads are opened here, so that no path has to be walked
 * later, with the tasks frozen.
 */
#ifndef HOOK_SURVEY_H
#define HOOK_SURVEY_H

#include "report.h"
#include "surveyed.h"
#include "target.h"

/*
 * The first look.  Opens, without claiming them, all devices, partitions and disks that a proof
 * needs.  target: as far as it was found; name "" if not found.  mapper: as it was read.  0, or the
 * errno of an obstacle that prevented the look.  Does not judge what it sees.
 */
int survey_prepare(struct survey *survey, const struct target *target, const struct mapper *mapper,
		   struct report *report);
void survey_release(struct survey *survey);

/*
 * Another look at the file systems, with the tasks frozen: walks no path that a file system in user
 * space could block.  Notes mounts that appeared, disappeared or changed their mode.
 */
int survey_again(struct survey *survey, struct report *report);

/*
 * Notes the device of active swap space, and opens what proves it.  NULL, or why it cannot be
 * proven.
 */
const char *survey_take_swap(struct survey *survey, dev_t device);

/* The noted, present file system on a device; NULL if none. */
const struct survey_fs *survey_fs_on(const struct survey *survey, dev_t device);

/* Is it a further device of a noted btrfs?  Reads sysfs. */
bool survey_is_member(const struct survey *survey, const struct block_device *bdev);

#endif
