// SPDX-License-Identifier: GPL-2.0-only
/*
 * device mapper's tables are in order and without gaps (drivers/md/dm-table.c,
 * dm_table_add_target), but nothing here depends on that.
 */
#include <linux/string.h>

#include "map.h"

#define MAX_DEPTH 8 /* of devices on devices */

u64 map_device_size(const struct mapper *mapper, const struct mapper_device *device)
{
	u64 size = 0;
	unsigned int i;

	for (i = device->first; i < device->first + device->nr; i++)
		size += mapper->segment[i].size;
	return size - size % IMG_BLOCK;
}

static const char *piece_add(struct map *map, dev_t below, u64 offset, u64 size)
{
	struct img_piece *last = map->nr ? &map->piece[map->nr - 1] : NULL;

	if (last && map->below[map->nr - 1] == below && last->offset + last->size == offset) {
		last->size += size;
		return NULL;
	}
	if (map->nr == IMG_MAX_MAP)
		return "it has more pieces than an area header can name";
	map->piece[map->nr] = (struct img_piece){ .offset = offset, .size = size };
	map->below[map->nr++] = below;
	return NULL;
}

struct walk {
	const struct mapper *mapper;
	struct map *map;
};

static bool segment_has(const struct mapper_segment *segment, u64 offset)
{
	return offset >= segment->start && offset - segment->start < segment->size;
}

/* The cipher works on sectors in their places, so that such a target moves bytes as a linear one.
 */
static bool segment_is_followed(struct map *map, const struct mapper_segment *segment)
{
	bool crypt = !strcmp(segment->type, "crypt");

	map->crypt |= crypt;
	return crypt || !strcmp(segment->type, "linear");
}

static const char *walk_down(struct walk *walk, dev_t device, u64 offset, u64 size,
			     unsigned int depth)
{
	const struct mapper_device *upper = mapper_find(walk->mapper, device);
	const char *why = NULL;
	unsigned int i;

	if (!upper)
		return piece_add(walk->map, device, offset, size);
	if (!depth)
		return "too many devices on devices";
	for (i = upper->first; i < upper->first + upper->nr && size && !why; i++) {
		const struct mapper_segment *segment = &walk->mapper->segment[i];
		u64 inside = offset - segment->start;
		u64 step;

		if (!segment_has(segment, offset))
			continue;
		if (!segment_is_followed(walk->map, segment))
			return "part of it is neither linear nor crypt";
		step = segment->size - inside < size ? segment->size - inside : size;
		why = walk_down(walk, segment->below, segment->offset + inside, step, depth - 1);
		offset += step;
		size -= step;
	}
	if (!why && size)
		return "a table does not cover it";
	return why;
}

void map_begin(struct map *ret_map)
{
	memset(ret_map, 0, sizeof(*ret_map));
}

const char *map_add(const struct mapper *mapper, dev_t device, u64 offset, u64 size,
		    struct map *map)
{
	struct walk walk = { .mapper = mapper, .map = map };

	return walk_down(&walk, device, offset, size, MAX_DEPTH);
}

const char *map_end(const struct map *map)
{
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		if (map->piece[i].offset % IMG_BLOCK || map->piece[i].size % IMG_BLOCK)
			return "a piece does not begin and end at a multiple of 4096 bytes";
	}
	return NULL;
}

const char *map_compute(const struct mapper *mapper, dev_t device, u64 offset, u64 size,
			struct map *ret_map)
{
	map_begin(ret_map);
	if (!size || !mapper_find(mapper, device))
		return "no table is loaded";
	return map_add(mapper, device, offset, size, ret_map) ?: map_end(ret_map);
}

static bool piece_equal(const struct img_piece *a, const struct img_piece *b)
{
	return !memcmp(a->part_uuid, b->part_uuid, sizeof(a->part_uuid)) &&
	       a->offset == b->offset && a->size == b->size;
}

int map_difference(const struct map *map, const struct img_area *area)
{
	unsigned int i;

	for (i = 0; i < map->nr && i < area->nr_map; i++) {
		if (!piece_equal(&map->piece[i], &area->map[i]))
			return i;
	}
	return map->nr == area->nr_map ? -1 : (int)i;
}
