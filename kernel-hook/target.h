/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The partition that receives the image, and the slot in it.
 */
#ifndef HOOK_TARGET_H
#define HOOK_TARGET_H

#include <linux/blkdev.h>
#include <imgfmt/imgfmt.h>

#include "devices.h"
#include "report.h"
#include "volume.h"

#define TARGET_NAME_SIZE DEVICE_NAME_SIZE

struct target {
	char name[TARGET_NAME_SIZE]; /* as in /dev and /proc/partitions */
	char partuuid[PARTITION_META_INFO_UUIDLTH];
	dev_t device;
	struct img_area area;
	struct volume volume; /* from target_open */

	/* Set by target_choose_slot. */
	unsigned int slot;
	u64 slot_offset;
	u64 slot_size;
	u64 rank;	/* highest of a whole image, usable or not; 0: none */
	bool has_other; /* the slot can be overwritten without losing the only image */
};

/*
 * Finds the partition: the one with that PARTUUID, or if `partuuid` is empty the one with a
 * fast-boot area.  Leaves nothing open.
 */
int target_find(struct target *target, const char *partuuid, struct report *report);

/* Opens the partition that target_find found, exclusively. */
int target_open(struct target *target, struct report *report);
void target_close(struct target *target);

/*
 * The slot to overwrite.  If the area has several slots, never the one that the loader would use:
 * the usable image of the highest rank or, if none is usable (quarantined, consumed), the image of
 * the highest rank.  If it has only one slot, the old image is lost once the new one is begun.
 */
int target_choose_slot(struct target *target, struct report *report);

#endif
