/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The partitions that proofs read, and their disks.
 */
#ifndef HOOK_PARTS_H
#define HOOK_PARTS_H

#include "surveyed.h"

#define PARTS_MAX_DISKS 64u

/* Notes the disk of a partition.  False: no room, or it cannot be opened. */
bool part_disk_add(struct survey *survey, struct block_device *partition, const u8 guid[16]);

/*
 * The saved kernel knows the partitions of every disk, in use or not.  Leaves out a disk that
 * cannot be opened or has no GPT: nothing of the image is on it.
 */
void parts_add_idle_disks(struct survey *survey);

/*
 * Opens and notes a partition, and its disk.  NULL, or why it cannot be proven: a few words about
 * whatever is on it.
 */
const char *part_take(struct survey *survey, struct block_device *bdev);

/* A noted one; NULL if none. */
const struct survey_part *part_find(const struct survey *survey, dev_t device);

#endif
