// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding the area.  Partitions are enumerated from /proc/partitions, because 6.1 and 6.12
 * have no common export for modules; only those that sysfs calls partitions are opened, because
 * opening an empty floppy drive takes seconds.  Process context, before the freeze.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/string.h>

#include "backing.h"
#include "compat/compat.h"
#include "disk.h"
#include "held.h"
#include "mapped.h"
#include "target.h"

struct search {
	const char *wanted; /* "": by area */
	struct target *target;
	const struct mapper *mapper;
	void *block;	       /* IMG_BLOCK bytes */
	struct mapped *looked; /* the last one; of a partition its area only */
	unsigned int found;
	enum img_reason damage; /* of a device that is not among those found */
	char damaged[TARGET_NAME_SIZE];
	char detail[MAPPED_DETAIL_SIZE];
};

static enum img_reason area_read(struct file *file, void *block, struct img_area *ret_area)
{
	u64 size = round_down(bdev_nr_bytes(device_of_file(file)), IMG_BLOCK);
	u64 position = img_area_header_offset(size);

	if (!position)
		return IMG_E_AREA_MAGIC;
	if (disk_read(file, position, block, IMG_BLOCK))
		return IMG_E_DISK_READ;
	/* A mapped area may end at the end of a partition: it is another device's. */
	if (!img_area_decode(block, 0, ret_area, NULL))
		return IMG_E_AREA_MAGIC;
	return img_area_decode(block, size, ret_area, NULL);
}

static void search_found(struct search *search, dev_t device, const char *node)
{
	struct target *target = search->target;

	search->found++;
	snprintf(target->name, sizeof(target->name), "/dev/%s", node);
	strscpy(target->node, node, sizeof(target->node));
	target->device = device;
	target->area = search->looked->area;
	target->crypt = false;
}

static void search_failed(struct search *search, enum img_reason reason, const char *name,
			  const char *detail)
{
	search->damage = reason;
	strscpy(search->damaged, name, sizeof(search->damaged));
	strscpy(search->detail, detail, sizeof(search->detail));
}

static bool search_wants(const struct search *search, const struct block_device *bdev)
{
	if (!search->wanted[0])
		return true;
	return bdev->bd_meta_info && !strcasecmp(bdev->bd_meta_info->uuid, search->wanted);
}

static void search_file(struct search *search, const char *name, struct file *file)
{
	struct block_device *bdev = device_of_file(file);
	enum img_reason reason;

	if (!bdev || !search_wants(search, bdev))
		return;
	reason = area_read(file, search->block, &search->looked->area);
	if (reason == IMG_OK)
		search_found(search, bdev->bd_dev, name);
	else if (search->wanted[0] || reason != IMG_E_AREA_MAGIC)
		search_failed(search, reason, name, "");
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
	char name[DEVICE_NAME_SIZE];
	char *line;

	while ((line = strsep(&partitions, "\n"))) {
		if (sscanf(line, "%u %u %llu %31s", &major, &minor, &blocks, name) == 4)
			search_name(search, name);
	}
}

static bool search_wants_mapped(const struct search *search, const struct mapper_device *device)
{
	const char *wanted = search->wanted;

	return !wanted[0] || !strcmp(wanted + str_has_prefix(wanted, "/dev/mapper/"), device->name);
}

static void search_found_map(struct search *search)
{
	const struct map *map = &search->looked->map;
	struct target *target = search->target;

	memcpy(target->below, map->below, sizeof(target->below));
	target->crypt = map->crypt;
}

static void search_found_mapped(struct search *search, const struct mapper_device *device)
{
	struct target *target = search->target;
	char node[DEVICE_NAME_SIZE];

	snprintf(node, sizeof(node), "dm-%u", MINOR(device->device));
	search_found(search, device->device, node);
	snprintf(target->name, sizeof(target->name), "/dev/mapper/%s", device->name);
	search_found_map(search);
}

/* A file cannot be found by looking: only by its path. */
static bool wanted_is_file(const char *wanted)
{
	return wanted[0] == '/' && !str_has_prefix(wanted, "/dev/");
}

/* Takes over the file. */
static void search_found_file(struct search *search, struct file *file)
{
	struct target *target = search->target;

	search->found++;
	strscpy(target->name, search->wanted, sizeof(target->name));
	target->device = backing_device(file)->bd_dev;
	target->file = file;
	target->area = search->looked->area;
	search_found_map(search);
}

static void search_path(struct search *search)
{
	struct mapped *looked = search->looked;
	struct file *file = backing_open(search->wanted);
	struct device *anchor;

	if (IS_ERR(file)) {
		snprintf(looked->detail, sizeof(looked->detail), "error %ld%s", PTR_ERR(file),
			 PTR_ERR(file) == -EINVAL ? ": it is not a regular file" : "");
		search_failed(search, IMG_E_GATE_TARGET, search->wanted, looked->detail);
		return;
	}
	anchor = device_walk_prepare();
	mapped_look_file(looked, search->mapper, file, anchor, search->block);
	device_walk_release(anchor);
	if (looked->reason == IMG_OK) {
		search_found_file(search, file);
		return;
	}
	search_failed(search, looked->reason, search->wanted, looked->detail);
	held_close(file);
}

static void search_mapped(struct search *search)
{
	struct device *anchor = device_walk_prepare();
	const struct mapper *mapper = search->mapper;
	struct mapped *looked = search->looked;
	const struct mapper_device *device;

	for (device = mapper->device; device < mapper->device + mapper->nr_devices; device++) {
		if (!search_wants_mapped(search, device))
			continue;
		mapped_look(looked, mapper, device, anchor, search->block);
		if (looked->reason == IMG_OK)
			search_found_mapped(search, device);
		else if (search->wanted[0] || looked->reason != IMG_E_AREA_MAGIC ||
			 looked->unmapped)
			search_failed(search, looked->reason, device->name, looked->detail);
	}
	device_walk_release(anchor);
}

static int search_verdict(const struct search *search, struct report *report)
{
	const char *wanted = search->wanted[0] ? search->wanted : "any";

	if (search->found == 1)
		return 0;
	if (search->found > 1)
		return report_obstacle(report, IMG_E_AREA_AMBIGUOUS, 0,
				       "%u partitions or volumes qualify (wanted: %s), one is %s",
				       search->found, wanted, search->target->name);
	if (search->damage)
		return report_obstacle(report, search->damage, 0, "%s%s%s", search->damaged,
				       search->detail[0] ? ": " : "", search->detail);
	if (search->mapper->error)
		return report_obstacle(report, IMG_E_GATE_TARGET, search->mapper->error,
				       "device mapper's tables cannot be read: error %d",
				       search->mapper->error);
	if (search->wanted[0])
		return report_obstacle(report, IMG_E_GATE_TARGET, -ENODEV,
				       "no partition has the PARTUUID, and no volume the name, %s",
				       search->wanted);
	return report_obstacle(
		report, IMG_E_AREA_MISSING, 0,
		"looked at every partition of /proc/partitions, and at every volume "
		"that is made of them; a file must be named: target= in fastboot(5)");
}

static void search_run(struct search *search, char *partitions)
{
	if (wanted_is_file(search->wanted)) {
		search_path(search);
		return;
	}
	search_all(search, partitions);
	search_mapped(search);
}

int target_find(struct target *target, const char *wanted, const struct mapper *mapper,
		struct report *report)
{
	struct search search = { .wanted = wanted, .target = target, .mapper = mapper };
	char *partitions;
	int error;

	partitions = procfs_text("/proc/partitions");
	if (IS_ERR(partitions))
		return report_obstacle(report, IMG_E_GATE_TARGET, PTR_ERR(partitions),
				       "/proc/partitions cannot be read");
	search.block = held_pages(0);
	search.looked = held_kcalloc(1, sizeof(*search.looked));
	if (search.block && search.looked) {
		search_run(&search, partitions);
		error = search_verdict(&search, report);
	} else {
		error = report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for one page");
	}
	held_kfree(search.looked);
	held_pages_free(search.block, 0);
	held_kvfree(partitions);
	return error;
}

/* busy: what -EBUSY means. */
static int open_failed(const struct target *target, int error, const char *busy,
		       struct report *report)
{
	if (!error)
		return 0;
	return report_obstacle(report, IMG_E_GATE_TARGET, error, "%s: error %d%s%s", target->name,
			       error, error == -EBUSY ? ": " : "", error == -EBUSY ? busy : "");
}

/* Once it is claimed, its blocks stay where they are. */
static int file_check(struct target *target, const struct mapper *mapper, struct report *report)
{
	struct mapped *mapped = held_kcalloc(1, sizeof(*mapped));
	struct device *anchor;
	int error = 0;

	if (!mapped)
		return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for a map");
	mapped->area = target->area;
	anchor = device_walk_prepare();
	if (!mapped_check_file(mapped, mapper, target->file, anchor))
		error = report_obstacle(report, mapped->reason, 0, "%s: %s", target->name,
					mapped->detail);
	device_walk_release(anchor);
	held_kfree(mapped);
	return error;
}

static int file_open(struct target *target, const struct mapper *mapper, struct report *report)
{
	int error = backing_claim(target->file);

	target->claimed = !error;
	error = open_failed(target, error,
			    "it is active as swap, or mapped for writing by some program", report);
	if (!error)
		error = file_check(target, mapper, report);
	if (error)
		return error;
	error = volume_open_pieces(&target->volume, &target->area, target->below);
	return open_failed(target, error,
			   "the kernel lets nobody write to the partition of a mounted file system "
			   "(BLK_DEV_WRITE_MOUNTED, bdev_allow_write_mounted=)",
			   report);
}

int target_open(struct target *target, const struct mapper *mapper, struct report *report)
{
	const struct volume_device device = { target->node, target->device };
	struct volume *volume = &target->volume;
	int error;

	if (target->file)
		return file_open(target, mapper, report);
	if (target_is_mapped(target))
		error = volume_open_mapped(volume, &target->area, device, target->below);
	else
		error = volume_open(volume, &target->area, device);
	return open_failed(target, error, "it is mounted, active as swap or otherwise in use",
			   report);
}

void target_close(struct target *target)
{
	volume_close(&target->volume);
	if (target->claimed)
		backing_unclaim(target->file);
	held_close(target->file);
	target->claimed = false;
	target->file = NULL;
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
		report_obstacle(report, IMG_E_DISK_READ, error, "slot headers of %s: error %d",
				target->name, error);
	else
		slot_choose(target, slots);
	held_pages_free(block, 0);
	held_kfree(slots);
	return error;
}
