/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Image areas on devices of device mapper and in files: finding one, and whether it is still where
 * its header says.  Process context.
 */
#ifndef HOOK_MAPPED_H
#define HOOK_MAPPED_H

#include <linux/types.h>
#include <imgfmt/imgfmt.h>

#include "devices.h"
#include "map.h"
#include "mapper.h"

#define MAPPED_DETAIL_SIZE 192

struct mapped {
	struct img_area area; /* OK and AREA_MOVED only */
	struct map map;
	enum img_reason reason;		 /* AREA_MAGIC: no area */
	bool unmapped;			 /* AREA_MAGIC: but the header of one that is a partition */
	char detail[MAPPED_DETAIL_SIZE]; /* about the reason; "": nothing to add */
};

/*
 * Looks for an area on a device, in the last block of its last piece, read from the partition.
 * block: a page, overwritten.
 */
void mapped_look(struct mapped *ret_mapped, const struct mapper *mapper,
		 const struct mapper_device *device, struct device *anchor, void *block);

/*
 * Computes the map of a device again, and compares it with mapped->area.  Reads nothing, opens
 * nothing.  False: it differs; reason and detail say so.
 */
bool mapped_check(struct mapped *mapped, const struct mapper *mapper,
		  const struct mapper_device *device, struct device *anchor);

/*
 * The same for a file; GATE_TARGET: it has no map.  In the process that writes the command, with
 * tasks running (backing.h).
 */
void mapped_look_file(struct mapped *ret_mapped, const struct mapper *mapper, struct file *file,
		      struct device *anchor, void *block);
bool mapped_check_file(struct mapped *mapped, const struct mapper *mapper, struct file *file,
		       struct device *anchor);

#endif
