// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loader finds a partition by its GUID.  Process context.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/string.h>

#include "devices.h"
#include "parts.h"
#include "places.h"

bool part_disk_add(struct survey *survey, struct block_device *partition, const u8 guid[16])
{
	struct block_device *whole = bdev_whole(partition);
	struct survey_disk *disk;
	struct file *file;

	for (disk = survey->disk; disk < survey->disk + survey->nr_disks; disk++) {
		if (disk->device == whole->bd_dev)
			return true;
	}
	if (survey->nr_disks == PARTS_MAX_DISKS)
		return false;
	device_name(whole, disk->name);
	file = device_open(disk->name, O_RDONLY);
	if (IS_ERR(file))
		return false;
	disk->device = whole->bd_dev;
	disk->file = file;
	disk->place = place_of(whole);
	disk->identity = place_identity(whole, disk->place);
	memcpy(disk->guid, guid, sizeof(disk->guid));
	survey->nr_disks++;
	return true;
}

/* The loader finds a partition by its GUID alone. */
static bool guid_is_unique(struct survey *survey, const struct block_device *partition,
			   const u8 guid[16])
{
	struct device_walk walk;
	struct block_device *bdev;
	bool unique = true;
	u8 other[16];

	device_walk_begin(&walk, survey->anchor);
	while (unique && (bdev = device_walk_next(&walk)))
		unique = bdev == partition || !device_guid(bdev, other) ||
			 memcmp(other, guid, sizeof(other));
	device_walk_end(&walk);
	return unique;
}

/* People plug it in and out: its contents are checked when it is used. */
static bool disk_is_removable(struct block_device *whole)
{
	const struct device *device;

	if (whole->bd_disk->flags & GENHD_FL_REMOVABLE)
		return true;
	for (device = whole->bd_device.parent; device; device = device->parent) {
		if (device_is_on_bus(device, "usb") || device_is_on_bus(device, "mmc"))
			return true;
	}
	return false;
}

void parts_add_idle_disks(struct survey *survey)
{
	struct block_device *bdev;
	struct device_walk walk;
	u8 guid[16];

	device_walk_begin(&walk, survey->anchor);
	while ((bdev = device_walk_next(&walk))) {
		if (bdev_is_partition(bdev) && bdev_whole(bdev)->bd_device.parent &&
		    !disk_is_removable(bdev_whole(bdev)) && device_guid(bdev, guid) &&
		    guid_is_unique(survey, bdev, guid))
			(void)part_disk_add(survey, bdev, guid);
	}
	device_walk_end(&walk);
}

const struct survey_part *part_find(const struct survey *survey, dev_t device)
{
	unsigned int i;

	for (i = 0; i < survey->nr_parts; i++) {
		if (survey->part[i].device == device)
			return &survey->part[i];
	}
	return NULL;
}

static const char *part_add(struct survey *survey, struct block_device *bdev, const u8 guid[16])
{
	struct survey_part *part = &survey->part[survey->nr_parts];
	struct file *file;

	if (survey->nr_parts == SURVEY_MAX_PARTS)
		return "more partitions than can be proven";
	device_name(bdev, part->name);
	file = device_open(part->name, O_RDONLY);
	if (IS_ERR(file))
		return "its partition cannot be opened";
	part->device = bdev->bd_dev;
	part->file = file;
	memcpy(part->guid, guid, sizeof(part->guid));
	survey->nr_parts++;
	return NULL;
}

const char *part_take(struct survey *survey, struct block_device *bdev)
{
	u8 guid[16];

	if (part_find(survey, bdev->bd_dev))
		return NULL;
	if (!device_guid(bdev, guid) || !bdev_whole(bdev)->bd_device.parent)
		return "not on a GPT partition of its own";
	if (!guid_is_unique(survey, bdev, guid))
		return "another partition has the same PARTUUID";
	if (!part_disk_add(survey, bdev, guid))
		return "its disk cannot be opened";
	return part_add(survey, bdev, guid);
}
