/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The partition that receives the image, and the slot in it.
 */
#ifndef HOOK_TARGET_H
#define HOOK_TARGET_H

#include <linux/blkdev.h>
#include <linux/fs.h>
#include <imgfmt/imgfmt.h>

#include "devices.h"
#include "report.h"

#define TARGET_NAME_SIZE DEVICE_NAME_SIZE

struct target {
	char name[TARGET_NAME_SIZE]; /* as in /dev and /proc/partitions */
	char partuuid[PARTITION_META_INFO_UUIDLTH];
	dev_t device;
	struct img_area area;
	struct file *file; /* open for writing, direct and exclusive; NULL: not open */

	/* By target_choose_slot. */
	unsigned int slot;
	u64 slot_offset;
	u64 slot_size;
	u64 rank;	/* highest of a whole image, usable or not; 0: none */
	bool has_other; /* the slot can be overwritten without losing the only image */
};

/*
 * Finds the partition: the one with that PARTUUID, or if `partuuid` is empty the
 * one that carries a fast-boot area.  Opens nothing for good.
 */
int target_find(struct target *target, const char *partuuid, struct report *report);

/* Opens the partition that target_find found, for nobody else to use. */
int target_open(struct target *target, struct report *report);
void target_close(struct target *target);

/*
 * The slot to overwrite: while there is another, never the one that the loader would take,
 * which is the usable image of the highest rank; or if none is usable (quarantined,
 * consumed), the image of the highest rank.  Where there is only one slot, the old image is
 * lost once the new one is begun.
 */
int target_choose_slot(struct target *target, struct report *report);

#endif
