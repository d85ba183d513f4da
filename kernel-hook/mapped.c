// SPDX-License-Identifier: GPL-2.0-only
/*
 * An area has a header of its own kind: one of a plain partition, in a volume, was copied into it,
 * or the volume is the disk of a virtual machine.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/string.h>

#include "backing.h"
#include "disk.h"
#include "held.h"
#include "mapped.h"

static bool partition_is_on_disk(struct block_device *bdev)
{
	return bdev_is_partition(bdev) && bdev_whole(bdev)->bd_device.parent;
}

/* Names the partition of each piece.  NULL, or why a piece is on none. */
static const char *pieces_name(struct map *map, struct device *anchor)
{
	const char *why = NULL;
	unsigned int i;

	for (i = 0; i < map->nr && !why; i++) {
		struct block_device *bdev = device_find(anchor, map->below[i], NULL);

		if (!bdev || !partition_is_on_disk(bdev) ||
		    !device_guid(bdev, map->piece[i].part_uuid))
			why = "a piece is not on a GPT partition of a disk";
		device_put(bdev);
	}
	return why;
}

static int block_read(struct device *anchor, dev_t device, u64 offset, void *block)
{
	struct block_device *bdev = device_find(anchor, device, NULL);
	char name[DEVICE_NAME_SIZE];
	struct file *file;
	int error;

	if (!bdev)
		return -ENODEV;
	device_name(bdev, name);
	device_put(bdev);
	file = device_open(name, O_RDONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	error = disk_read(file, offset, block, IMG_BLOCK);
	held_close(file);
	return error;
}

/* The device's last block.  AREA_MAGIC: it has none that a loader could find. */
static enum img_reason header_read(struct mapped *mapped, const struct mapper *mapper,
				   const struct mapper_device *device, struct device *anchor,
				   void *block)
{
	u64 size = map_device_size(mapper, device);
	struct map *map = &mapped->map;
	const char *why = "too small for an area";

	if (img_area_header_offset(size))
		why = map_compute(mapper, device->device, size - IMG_BLOCK, IMG_BLOCK, map)
			      ?: pieces_name(map, anchor);
	if (why) {
		strscpy(mapped->detail, why, sizeof(mapped->detail));
		return IMG_E_AREA_MAGIC;
	}
	return block_read(anchor, map->below[0], map->piece[0].offset, block) ? IMG_E_DISK_READ
									      : IMG_OK;
}

/* The header of another device's area may be in this one's last block, if that one ends there. */
static enum img_reason header_decode(struct mapped *mapped, u64 size, const void *block)
{
	enum img_reason reason = img_area_decode(block, size, &mapped->area, NULL);

	if (reason && reason != IMG_E_AREA_MAGIC && !img_area_decode(block, 0, &mapped->area, NULL))
		return IMG_E_AREA_MAGIC;
	if (reason || mapped->area.nr_map)
		return reason;
	mapped->unmapped = true;
	strscpy(mapped->detail, "its last block is the header of an area that is a partition",
		sizeof(mapped->detail));
	return IMG_E_AREA_MAGIC;
}

static void moved_describe(struct mapped *mapped, unsigned int i)
{
	const struct img_area *area = &mapped->area;
	const struct img_piece *then = &area->map[i], *now = &mapped->map.piece[i];

	if (i == area->nr_map || i == mapped->map.nr)
		snprintf(mapped->detail, sizeof(mapped->detail), "%u pieces, in the header %u",
			 mapped->map.nr, area->nr_map);
	else
		snprintf(mapped->detail, sizeof(mapped->detail),
			 "piece %u: %llu bytes of partition %pUl from %llu on; in the header %llu "
			 "of %pUl from %llu on",
			 i + 1, now->size, now->part_uuid, now->offset, then->size, then->part_uuid,
			 then->offset);
}

/* why: there is no map. */
static bool map_compare(struct mapped *mapped, const char *why)
{
	int difference = why ? -1 : map_difference(&mapped->map, &mapped->area);

	if (!why && difference < 0)
		return true;
	mapped->reason = IMG_E_GATE_AREA_MOVED;
	if (why)
		strscpy(mapped->detail, why, sizeof(mapped->detail));
	else
		moved_describe(mapped, difference);
	return false;
}

static const char *device_map(struct mapped *mapped, const struct mapper *mapper,
			      const struct mapper_device *device, struct device *anchor)
{
	struct map *map = &mapped->map;

	return map_compute(mapper, device->device, 0, map_device_size(mapper, device), map)
		       ?: pieces_name(map, anchor);
}

bool mapped_check(struct mapped *mapped, const struct mapper *mapper,
		  const struct mapper_device *device, struct device *anchor)
{
	return map_compare(mapped, device_map(mapped, mapper, device, anchor));
}

void mapped_look(struct mapped *ret_mapped, const struct mapper *mapper,
		 const struct mapper_device *device, struct device *anchor, void *block)
{
	ret_mapped->unmapped = false;
	ret_mapped->detail[0] = '\0';
	ret_mapped->reason = header_read(ret_mapped, mapper, device, anchor, block);
	if (!ret_mapped->reason)
		ret_mapped->reason =
			header_decode(ret_mapped, map_device_size(mapper, device), block);
	if (ret_mapped->reason || !mapped_check(ret_mapped, mapper, device, anchor) ||
	    !device->suspended)
		return;
	ret_mapped->reason = IMG_E_GATE_TARGET;
	strscpy(ret_mapped->detail, "it is suspended", sizeof(ret_mapped->detail));
}

static const char *file_map(struct mapped *mapped, const struct mapper *mapper, struct file *file,
			    struct device *anchor)
{
	return backing_map(file, mapper, &mapped->map) ?: pieces_name(&mapped->map, anchor);
}

bool mapped_check_file(struct mapped *mapped, const struct mapper *mapper, struct file *file,
		       struct device *anchor)
{
	return map_compare(mapped, file_map(mapped, mapper, file, anchor));
}

/* The last block of the last piece. */
static int last_block_read(const struct map *map, struct device *anchor, void *block)
{
	const struct img_piece *last = &map->piece[map->nr - 1];

	return block_read(anchor, map->below[map->nr - 1], last->offset + last->size - IMG_BLOCK,
			  block);
}

static enum img_reason file_header_read(struct mapped *mapped, const struct mapper *mapper,
					struct file *file, struct device *anchor, void *block)
{
	const char *why = "it is too small for an area";

	if (img_area_header_offset(backing_size(file)))
		why = file_map(mapped, mapper, file, anchor);
	if (why) {
		strscpy(mapped->detail, why, sizeof(mapped->detail));
		return IMG_E_GATE_TARGET;
	}
	return last_block_read(&mapped->map, anchor, block) ? IMG_E_DISK_READ : IMG_OK;
}

void mapped_look_file(struct mapped *ret_mapped, const struct mapper *mapper, struct file *file,
		      struct device *anchor, void *block)
{
	ret_mapped->unmapped = false;
	ret_mapped->detail[0] = '\0';
	ret_mapped->reason = file_header_read(ret_mapped, mapper, file, anchor, block);
	if (!ret_mapped->reason)
		ret_mapped->reason = header_decode(ret_mapped, backing_size(file), block);
	if (!ret_mapped->reason)
		(void)map_compare(ret_mapped, NULL);
}
