// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding the partition.  Partitions are enumerated from /proc/partitions, because 6.1 and 6.12
 * have no common export for modules; only those that sysfs calls partitions are opened, because
 * opening an empty floppy drive takes seconds.  Process context, before the freeze.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/string.h>

#include "compat/compat.h"
#include "disk.h"
#include "held.h"
#include "target.h"

struct search {
	const char *partuuid; /* "": by area */
	struct target *target;
	void *block;	       /* IMG_BLOCK bytes */
	struct img_area *area; /* the last one read */
	unsigned int found;
	enum img_reason damage; /* of a partition that is not among those found */
	char damaged[TARGET_NAME_SIZE];
};

static enum img_reason area_read(struct file *file, void *block, struct img_area *ret_area)
{
	u64 size = round_down(bdev_nr_bytes(device_of_file(file)), IMG_BLOCK);
	u64 position = img_area_header_offset(size);

	if (!position)
		return IMG_E_AREA_MAGIC;
	if (disk_read(file, position, block, IMG_BLOCK))
		return IMG_E_DISK_READ;
	return img_area_decode(block, size, ret_area, NULL);
}

static void search_found(struct search *search, const char *name, struct block_device *bdev)
{
	struct target *target = search->target;

	search->found++;
	strscpy(target->name, name, sizeof(target->name));
	if (bdev->bd_meta_info)
		strscpy(target->partuuid, bdev->bd_meta_info->uuid, sizeof(target->partuuid));
	target->device = bdev->bd_dev;
	target->area = *search->area;
}

static bool search_wants(const struct search *search, const struct block_device *bdev)
{
	if (!search->partuuid[0])
		return true;
	return bdev->bd_meta_info && !strcasecmp(bdev->bd_meta_info->uuid, search->partuuid);
}

static void search_file(struct search *search, const char *name, struct file *file)
{
	struct block_device *bdev = device_of_file(file);
	enum img_reason reason;

	if (!bdev || !search_wants(search, bdev))
		return;
	reason = area_read(file, search->block, search->area);
	if (reason == IMG_OK) {
		search_found(search, name, bdev);
	} else if (search->partuuid[0] || reason != IMG_E_AREA_MAGIC) {
		search->damage = reason;
		strscpy(search->damaged, name, sizeof(search->damaged));
	}
}

static void search_name(struct search *search, const char *name)
{
	struct file *file;

	if (!device_name_is_partition(name))
		return;
	file = device_open(name, O_RDONLY);
	if (IS_ERR(file))
		return;
	search_file(search, name, file);
	held_close(file);
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
	search.block = held_pages(0);
	search.area = held_kcalloc(1, sizeof(*search.area));
	if (search.block && search.area) {
		search_all(&search, partitions);
		error = search_verdict(&search, report);
	} else {
		error = report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for one page");
	}
	held_kfree(search.area);
	held_pages_free(search.block, 0);
	held_kvfree(partitions);
	return error;
}

int target_open(struct target *target, struct report *report)
{
	int error = volume_open(&target->volume, &target->area, target->name);

	if (!error)
		return 0;
	return report_obstacle(
		report, IMG_E_GATE_TARGET, error, "/dev/%s: error %d%s", target->name, error,
		error == -EBUSY ? ": it is mounted, active as swap or otherwise in use" : "");
}

void target_close(struct target *target)
{
	volume_close(&target->volume);
}

/* The slots as they are on the disk. */
struct slots {
	struct img_slot slot[IMG_MAX_SLOTS];
	u64 rank[IMG_MAX_SLOTS];	       /* of whole images */
	enum img_reason whole[IMG_MAX_SLOTS];  /* is there an image? */
	enum img_reason usable[IMG_MAX_SLOTS]; /* and may it be entered again? */
};

/* An unreadable state counts as none: that costs counts and the rank, never an image. */
static void state_read(const struct target *target, u32 number, void *block, struct slots *slots)
{
	const struct img_slot *slot = &slots->slot[number];
	struct img_state state = { 0 };

	if (!volume_read(&target->volume, target->area.slot[number].offset + IMG_BLOCK, block,
			 IMG_BLOCK))
		img_state_decode(block, slot->image_uuid, &state);
	slots->rank[number] = img_slot_rank(slot, &state);
	slots->usable[number] = img_state_check(slot, &state, number, NULL);
}

static int slots_read(const struct target *target, void *block, struct slots *slots)
{
	u32 i;

	for (i = 0; i < target->area.nr_slots; i++) {
		struct img_slot *slot = &slots->slot[i];
		int error =
			volume_read(&target->volume, target->area.slot[i].offset, block, IMG_BLOCK);

		if (error)
			return error;
		slots->whole[i] = img_slot_decode(block, &target->area, i, slot, NULL);
		slots->usable[i] = slots->whole[i];
		if (slots->whole[i] == IMG_OK)
			state_read(target, i, block, slots);
	}
	return 0;
}

/* An image worth keeping: quarantine can be ended. */
static bool slot_is_worth(const struct slots *slots, u32 number)
{
	return slots->whole[number] == IMG_OK && slots->usable[number] != IMG_E_SLOT_CONSUMED;
}

static void slot_choose(struct target *target, const struct slots *slots)
{
	u32 nr = target->area.nr_slots;
	enum img_reason ignored;
	int first = img_slot_choose(slots->whole, slots->rank, nr, -1, &ignored);
	int keep = img_slot_choose(slots->usable, slots->rank, nr, -1, &ignored);

	target->rank = first < 0 ? 0 : slots->rank[first];
	if (keep < 0)
		keep = first;
	target->slot = keep == 0 && nr > 1 ? 1 : 0;
	target->slot_offset = target->area.slot[target->slot].offset;
	target->slot_size = target->area.slot[target->slot].size;
	target->has_other = !slot_is_worth(slots, target->slot) ||
			    (nr > 1 && slots->usable[!target->slot] == IMG_OK);
}

int target_choose_slot(struct target *target, struct report *report)
{
	struct slots *slots = held_kcalloc(1, sizeof(*slots));
	void *block = held_pages(0);
	int error = -ENOMEM;

	if (block && slots)
		error = slots_read(target, block, slots);
	if (error)
		report_obstacle(report, IMG_E_DISK_READ, error, "slot headers of /dev/%s: error %d",
				target->name, error);
	else
		slot_choose(target, slots);
	held_pages_free(block, 0);
	held_kfree(slots);
	return error;
}
