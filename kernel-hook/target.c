// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding the partition.  Partitions are enumerated from /proc/partitions, since
 * nothing that 6.1 and 6.12 have in common exports them to modules; only those
 * that sysfs calls partitions are opened, for opening an empty floppy drive
 * takes seconds.  Process context, before the freeze.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat/compat.h"
#include "disk.h"
#include "target.h"

#define PATH_SIZE (TARGET_NAME_SIZE + 40)

struct search {
	const char *partuuid; /* "": by area */
	struct target *target;
	void *block; /* IMG_BLOCK bytes */
	unsigned int found;
	enum img_reason damage; /* of a partition that is not one of the found */
	char damaged[TARGET_NAME_SIZE];
};

static bool name_is_partition(const char *name)
{
	char path[PATH_SIZE], entry[TARGET_NAME_SIZE];
	struct path node;

	strscpy(entry, name, sizeof(entry));
	strreplace(entry, '/', '!');
	snprintf(path, sizeof(path), "/sys/class/block/%s/partition", entry);
	if (kern_path(path, 0, &node))
		return false;
	path_put(&node);
	return true;
}

static struct file *partition_open(const char *name, int flags)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/dev/%s", name);
	return filp_open(path, flags | O_DIRECT | O_LARGEFILE, 0);
}

static struct block_device *file_block_device(const struct file *file)
{
	struct inode *inode = file->f_mapping->host;

	return S_ISBLK(inode->i_mode) ? I_BDEV(inode) : NULL;
}

static enum img_reason area_read(struct file *file, void *block, struct img_area *ret_area)
{
	u64 size = round_down(bdev_nr_bytes(file_block_device(file)), IMG_BLOCK);
	u64 position = img_area_header_offset(size);

	if (!position)
		return IMG_E_AREA_MAGIC;
	if (disk_read(file, position, block, IMG_BLOCK))
		return IMG_E_DISK_READ;
	return img_area_decode(block, size, ret_area, NULL);
}

static void search_found(struct search *search, const char *name, struct block_device *bdev,
			 const struct img_area *area)
{
	struct target *target = search->target;

	search->found++;
	strscpy(target->name, name, sizeof(target->name));
	if (bdev->bd_meta_info)
		strscpy(target->partuuid, bdev->bd_meta_info->uuid, sizeof(target->partuuid));
	target->device = bdev->bd_dev;
	target->area = *area;
}

static bool search_wants(const struct search *search, const struct block_device *bdev)
{
	if (!search->partuuid[0])
		return true;
	return bdev->bd_meta_info && !strcasecmp(bdev->bd_meta_info->uuid, search->partuuid);
}

static void search_file(struct search *search, const char *name, struct file *file)
{
	struct block_device *bdev = file_block_device(file);
	struct img_area area;
	enum img_reason reason;

	if (!bdev || !search_wants(search, bdev))
		return;
	reason = area_read(file, search->block, &area);
	if (reason == IMG_OK) {
		search_found(search, name, bdev, &area);
	} else if (search->partuuid[0] || reason != IMG_E_AREA_MAGIC) {
		search->damage = reason;
		strscpy(search->damaged, name, sizeof(search->damaged));
	}
}

static void search_name(struct search *search, const char *name)
{
	struct file *file;

	if (!name_is_partition(name))
		return;
	file = partition_open(name, O_RDONLY);
	if (IS_ERR(file))
		return;
	search_file(search, name, file);
	fput(file);
}

static void search_all(struct search *search, char *partitions)
{
	unsigned int major, minor;
	unsigned long long blocks;
	char name[TARGET_NAME_SIZE];
	char *line;

	while ((line = strsep(&partitions, "\n"))) {
		if (sscanf(line, "%u %u %llu %31s", &major, &minor, &blocks, name) == 4)
			search_name(search, name);
	}
}

static int search_verdict(const struct search *search, struct report *report)
{
	const char *wanted = search->partuuid[0] ? search->partuuid : "any";

	if (search->found == 1)
		return 0;
	if (search->found > 1)
		return report_obstacle(report, IMG_E_AREA_AMBIGUOUS, 0,
				       "%u partitions qualify (PARTUUID wanted: %s), one is %s",
				       search->found, wanted, search->target->name);
	if (search->damage)
		return report_obstacle(report, search->damage, 0, "partition: %s", search->damaged);
	if (search->partuuid[0])
		return report_obstacle(report, IMG_E_GATE_TARGET, -ENODEV,
				       "no partition has the PARTUUID %s", search->partuuid);
	return report_obstacle(report, IMG_E_AREA_MISSING, 0,
			       "looked at every partition of /proc/partitions");
}

int target_find(struct target *target, const char *partuuid, struct report *report)
{
	struct search search = { .partuuid = partuuid, .target = target };
	char *partitions;
	int error;

	partitions = procfs_text("/proc/partitions");
	if (IS_ERR(partitions))
		return report_obstacle(report, IMG_E_GATE_TARGET, PTR_ERR(partitions),
				       "/proc/partitions cannot be read");
	search.block = (void *)__get_free_page(GFP_KERNEL);
	if (search.block) {
		search_all(&search, partitions);
		error = search_verdict(&search, report);
	} else {
		error = report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for one page");
	}
	free_page((unsigned long)search.block);
	kvfree(partitions);
	return error;
}

int target_open(struct target *target, struct report *report)
{
	struct file *file = partition_open(target->name, O_RDWR | O_EXCL);

	if (IS_ERR(file))
		return report_obstacle(report, IMG_E_GATE_TARGET, PTR_ERR(file),
				       "/dev/%s: error %ld%s", target->name, PTR_ERR(file),
				       PTR_ERR(file) == -EBUSY
					       ? ": it is mounted, active as swap or held otherwise"
					       : "");
	target->file = file;
	return 0;
}

void target_close(struct target *target)
{
	if (target->file)
		fput(target->file);
	target->file = NULL;
}

static int slots_read(struct target *target, void *block, enum img_reason *ret_reason,
		      struct img_slot *ret_slot)
{
	u32 i;

	for (i = 0; i < target->area.nr_slots; i++) {
		int error = disk_read(target->file, target->area.slot[i].offset, block, IMG_BLOCK);

		if (error)
			return error;
		ret_reason[i] = img_slot_decode(block, &target->area, i, &ret_slot[i], NULL);
	}
	return 0;
}

static void slot_choose(struct target *target, const enum img_reason *reason,
			const struct img_slot *slot)
{
	enum img_reason ignored;
	int newest = img_slot_choose(reason, slot, target->area.nr_slots, -1, &ignored);

	target->newest = newest < 0 ? 0 : slot[newest].generation;
	target->slot = newest == 0 && target->area.nr_slots > 1 ? 1 : 0;
	target->slot_offset = target->area.slot[target->slot].offset;
	target->slot_size = target->area.slot[target->slot].size;
}

int target_choose_slot(struct target *target, struct report *report)
{
	enum img_reason reason[IMG_MAX_SLOTS];
	struct img_slot *slot;
	void *block;
	int error = -ENOMEM;

	block = (void *)__get_free_page(GFP_KERNEL);
	slot = kcalloc(IMG_MAX_SLOTS, sizeof(*slot), GFP_KERNEL);
	if (block && slot)
		error = slots_read(target, block, reason, slot);
	if (error)
		report_obstacle(report, IMG_E_DISK_READ, error, "slot headers of /dev/%s: error %d",
				target->name, error);
	else
		slot_choose(target, reason, slot);
	kfree(slot);
	free_page((unsigned long)block);
	return error;
}
