/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the bytes of a device of device mapper, or of a file, are: pieces of the devices that it is
 * made of, all the way down.  From the tables alone; reads nothing.
 */
#ifndef HOOK_MAP_H
#define HOOK_MAP_H

#include <linux/types.h>
#include <imgfmt/imgfmt.h>

#include "mapper.h"

struct map {
	unsigned int nr;
	struct img_piece piece[IMG_MAX_MAP]; /* in the order of the bytes; part_uuid: not set */
	dev_t below[IMG_MAX_MAP];	     /* by piece: a device that is not device mapper's */
	bool crypt;			     /* what is there is ciphertext, as the device has it */
};

/* Bytes of the device, in whole blocks of IMG_BLOCK. */
u64 map_device_size(const struct mapper *mapper, const struct mapper_device *device);

/*
 * A map of several parts, one after the other: each a range of a device, of device mapper or not.
 * Follows linear and crypt targets.  NULL, or in a few words why these bytes have no map; the map
 * is undefined then.
 */
void map_begin(struct map *ret_map);
const char *map_add(const struct mapper *mapper, dev_t device, u64 offset, u64 size,
		    struct map *map);
const char *map_end(const struct map *map);

/* The map of consecutive bytes of a device of device mapper. */
const char *map_compute(const struct mapper *mapper, dev_t device, u64 offset, u64 size,
			struct map *ret_map);

/* The first piece that differs from the map of an area; -1 if none does. */
int map_difference(const struct map *map, const struct img_area *area);

#endif
