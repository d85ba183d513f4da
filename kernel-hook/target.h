/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The area that receives the image, on a partition, on a device of device mapper or in a file, and
 * the slot in it.
 */
#ifndef HOOK_TARGET_H
#define HOOK_TARGET_H

#include <linux/blkdev.h>
#include <imgfmt/imgfmt.h>

#include "devices.h"
#include "mapper.h"
#include "report.h"
#include "volume.h"

#define TARGET_NAME_SIZE 256 /* of a file's path; longer than any device's name */

struct target {
	char name[TARGET_NAME_SIZE]; /* for people: "/dev/vda2", "/dev/mapper/vg-swap" */
	char node[DEVICE_NAME_SIZE]; /* as in /proc/partitions: "vda2", "dm-1"; a file: "" */
	dev_t device;		     /* a file: of its file system */
	struct file *file;	     /* that the area is in, open until target_close; or NULL */
	bool claimed;		     /* the file is */
	struct img_area area;
	dev_t below[IMG_MAX_MAP]; /* mapped: the partition of each piece */
	bool crypt;		  /* mapped: below a dm-crypt that is not used to write it */
	struct volume volume;	  /* from target_open */

	/* Set by target_choose_slot. */
	unsigned int slot;
	u64 slot_offset;
	u64 slot_size;
	u64 rank;	/* highest of a whole image, usable or not; 0: none */
	bool has_other; /* the slot can be overwritten without losing the only image */
};

static inline bool target_is_mapped(const struct target *target)
{
	return target->area.nr_map;
}

/*
 * Finds the area.  wanted: the PARTUUID of its partition; the name of its device of device mapper,
 * with or without /dev/mapper/; the path of its file, which is not below /dev; "": the only area
 * that is not in a file.  mapper: read, without success perhaps.
 */
int target_find(struct target *target, const char *wanted, const struct mapper *mapper,
		struct report *report);

/* Opens the area that target_find found, exclusively; computes the map of a file again. */
int target_open(struct target *target, const struct mapper *mapper, struct report *report);

/* Also after target_find alone. */
void target_close(struct target *target);

/*
 * The slot to overwrite.  If the area has several slots, never the one that the loader would use:
 * the usable image of the highest rank or, if none is usable (quarantined, consumed), the image of
 * the highest rank.  If it has only one slot, the old image is lost once the new one is begun.
 */
int target_choose_slot(struct target *target, struct report *report);

#endif
