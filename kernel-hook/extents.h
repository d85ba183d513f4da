/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a file system's answer about a file (FIEMAP; Linux, filesystems/fiemap.rst) to a map.  Reads
 * nothing.
 */
#ifndef HOOK_EXTENTS_H
#define HOOK_EXTENTS_H

#include <linux/fiemap.h>
#include <linux/types.h>

#include "map.h"

struct extents {
	const struct mapper *mapper;
	dev_t device; /* of the file system */
	u64 size;     /* bytes of the file to map */
	u64 done;     /* of these, from the first: are in the map */
	struct map *map;
};

/*
 * Adds the next extents, as far as they are wanted.  NULL, or in a few words why these bytes have
 * no map.
 */
const char *extents_add(struct extents *extents, const struct fiemap_extent *extent,
			unsigned int nr);

#endif
