// SPDX-License-Identifier: GPL-2.0-only
/*
 * An image is restored long after it was taken, a golden one any number of times,
 * so whatever outlives a restore must not be something the image believes to know,
 * or be something the loader can prove to be as it was.  Process context.
 */
#include <linux/blkdev.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/efi.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/string.h>
#include <linux/version.h>
#include <linux/vmstat.h>

#include "compat/compat.h"
#include "compat/known_bad.h"
#include "caches.h"
#include "disk.h"
#include "disks.h"
#include "drivers.h"
#include "findings.h"
#include "gates.h"
#include "held.h"
#include "openers.h"
#include "proofs.h"
#include "remotes.h"
#include "shares.h"
#include "stacks.h"
#include "swaps.h"

/* Somebody who keeps writing to a device is given so long to show. */
#define WRITER_MS 100

/* "dm-0 on " and what it lies on. */
#define LABEL_SIZE (DEVICE_NAME_SIZE + 4 + SURVEY_BELOW_SIZE)

/* What a file system is called: "vda1", "dm-0 on vda4". */
static void fs_label(const struct survey_fs *fs, char *ret_label, size_t size)
{
	scnprintf(ret_label, size, "%s%s%s", fs->name, fs->below[0] ? " on " : "", fs->below);
}

static void gate_fs_writable(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_FS_WRITABLE };
	char label[LABEL_SIZE];
	unsigned int i;

	for (i = 0; i < survey->nr_fs; i++) {
		const struct survey_fs *fs = &survey->fs[i];

		if (!fs->present || !fs->writable || fs->home == SURVEY_MEMORY ||
		    fs->home == SURVEY_REMOTE)
			continue;
		fs_label(fs, label, sizeof(label));
		finding_add(&findings, "%s: %s is writable", label, fs->type);
	}
	findings_close(&findings);
}

/* Tries the proof of a file system that is where one can be made.  NULL, or why there is none. */
static const char *fs_try(const struct survey_fs *fs, void *block)
{
	struct img_fs_extent extent[IMG_FS_MAX_EXTENTS];
	struct img_detail detail = { 0 };
	u32 nr;

	if (fs->home != SURVEY_PARTITION)
		return fs->home == SURVEY_UNPROVABLE ? fs->why : NULL;
	switch (proofs_fs_extents(fs, block, extent, &nr, &detail)) {
	case IMG_OK:
		return NULL;
	case IMG_E_DISK_READ:
		return "its disk cannot be read";
	default:
		return strcmp(detail.field ?: "type", "type") ? detail.field
							      : "no proof is known for this type";
	}
}

/* block: IMG_BLOCK bytes. */
static void gate_fs_unprovable(const struct survey *survey, void *block, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_FS_UNPROVABLE };
	char label[LABEL_SIZE];
	unsigned int i;

	for (i = 0; i < survey->nr_fs; i++) {
		const struct survey_fs *fs = &survey->fs[i];
		const char *why = fs->present ? fs_try(fs, block) : NULL;

		if (!why)
			continue;
		fs_label(fs, label, sizeof(label));
		finding_add(&findings, "%s: %s: %s", label, fs->type, why);
	}
	for (i = 0; i < survey->nr_disks; i++) {
		const char *why = disks_try(&survey->disk[i], block);

		if (why)
			finding_add(&findings, "%s: %s", survey->disk[i].name, why);
	}
	if (survey->overflow)
		finding_add(&findings, "there are more than %u file systems on devices",
			    survey->nr_fs);
	findings_close(&findings);
}

/* With the tasks frozen: the others were looked at before. */
static void gate_fs_late(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_FS_UNPROVABLE };
	unsigned int i;

	for (i = 0; i < survey->nr_fs; i++) {
		const struct survey_fs *fs = &survey->fs[i];

		if (fs->present && fs->late && fs->home != SURVEY_MEMORY &&
		    fs->home != SURVEY_REMOTE)
			finding_add(&findings, "%s: %s: %s", fs->name, fs->type, fs->why);
	}
	if (survey->overflow)
		finding_add(&findings, "there are more than %u file systems on devices",
			    survey->nr_fs);
	findings_close(&findings);
}

/* The whole disk of a claimed partition is held by the block layer itself (block/bdev.c). */
static bool device_has_held_partition(struct device *any, struct block_device *whole)
{
	struct block_device *bdev;
	struct device_walk walk;
	bool held = false;

	device_walk_begin(&walk, any);
	while (!held && (bdev = device_walk_next(&walk)))
		held = bdev != whole && bdev_whole(bdev) == whole && READ_ONCE(bdev->bd_holder);
	device_walk_end(&walk);
	return held;
}

static bool device_has_upper(struct device *any, const struct block_device *lower)
{
	struct block_device *bdev;
	struct device_walk walk;
	bool found = false;

	device_walk_begin(&walk, any);
	while (!found && (bdev = device_walk_next(&walk)))
		found = device_lies_on(bdev, lower);
	device_walk_end(&walk);
	return found;
}

static bool hold_is_explained(const struct survey *survey, const struct target *target,
			      const char *swaps, struct block_device *bdev)
{
	dev_t device = bdev->bd_dev;

	return survey_fs_on(survey, device) || (target->name[0] && device == target->device) ||
	       device_has_held_partition(survey->any, bdev) || swaps_have(swaps, device) ||
	       device_has_upper(survey->any, bdev) || survey_is_member(survey, bdev);
}

static bool device_is_held(struct block_device *bdev)
{
	return READ_ONCE(bdev->bd_holder) && !device_name_is_memory(bdev->bd_disk->disk_name);
}

static void claim_add(struct findings *findings, struct block_device *bdev, const char *when)
{
	char name[DEVICE_NAME_SIZE], claimer[OPENER_TEXT_SIZE];

	device_name(bdev, name);
	claimer_of(bdev, claimer);
	finding_add(findings, "%s: claimed%s%s%s", name, when,
		    claimer[0] ? " by " : ", by no program that was found", claimer);
}

static void gate_held(struct survey *survey, const struct target *target, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_HELD };
	char *swaps = swaps_text();
	struct block_device *bdev;
	struct device_walk walk;

	device_walk_begin(&walk, survey->any);
	while ((bdev = device_walk_next(&walk))) {
		if (!device_is_held(bdev))
			continue;
		if (!hold_is_explained(survey, target, swaps, bdev))
			claim_add(&findings, bdev, "");
		else if (survey->nr_held < SURVEY_MAX_HELD)
			survey->held[survey->nr_held++] = bdev->bd_dev;
	}
	device_walk_end(&walk);
	findings_close(&findings);
	held_kvfree(swaps);
}

static bool held_before(const struct survey *survey, dev_t device)
{
	unsigned int i;

	for (i = 0; i < survey->nr_held; i++) {
		if (survey->held[i] == device)
			return true;
	}
	return survey->target && device_of_file(survey->target)->bd_dev == device;
}

/* Asks nothing of sysfs: whatever was claimed since the first look is one too many. */
static void gate_held_frozen(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_HELD };
	struct block_device *bdev;
	struct device_walk walk;

	device_walk_begin(&walk, survey->any);
	while ((bdev = device_walk_next(&walk))) {
		if (!device_is_held(bdev) || held_before(survey, bdev->bd_dev) ||
		    survey_fs_on(survey, bdev->bd_dev) ||
		    device_has_held_partition(survey->any, bdev))
			continue;
		claim_add(&findings, bdev, " while the snapshot was begun");
	}
	device_walk_end(&walk);
	findings_close(&findings);
}

/*
 * What the page cache holds of a device and is not on it yet, the image would write after
 * each restore.  A file system's own device is its proof's matter, except that in a golden
 * image it must not have any either.
 */
static bool device_must_be_clean(const struct survey *survey, struct block_device *bdev,
				 bool with_fs)
{
	const struct survey_fs *fs = survey_fs_on(survey, bdev->bd_dev);

	if (device_name_is_memory(bdev->bd_disk->disk_name))
		return false;
	return !fs || (with_fs && fs->home != SURVEY_MEMORY);
}

/* True if there was anything to write. */
static bool devices_sync(const struct survey *survey)
{
	struct block_device *bdev;
	struct device_walk walk;
	bool dirty = false;

	device_walk_begin(&walk, survey->any);
	while ((bdev = device_walk_next(&walk))) {
		if (!device_must_be_clean(survey, bdev, false) || !device_is_dirty(bdev))
			continue;
		dirty = true;
		(void)sync_blockdev(bdev); /* what it leaves is found */
	}
	device_walk_end(&walk);
	return dirty;
}

static void gate_dirty(const struct survey *survey, bool with_fs, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_DIRTY };
	struct block_device *bdev;
	struct device_walk walk;
	char name[DEVICE_NAME_SIZE];

	device_walk_begin(&walk, survey->any);
	while ((bdev = device_walk_next(&walk))) {
		if (!device_must_be_clean(survey, bdev, with_fs) || !device_is_dirty(bdev))
			continue;
		device_name(bdev, name);
		finding_add(&findings, "%s", name);
	}
	device_walk_end(&walk);
	findings_close(&findings);
}

static void gate_taint(struct report *report)
{
	static const struct {
		unsigned int flag;
		const char *meaning;
	} taints[] = {
		{ TAINT_DIE, "D: an oops or BUG" },
		{ TAINT_MACHINE_CHECK, "M: a machine check exception" },
		{ TAINT_BAD_PAGE, "B: a bad page" },
		{ TAINT_WARN, "W: a kernel warning" },
		{ TAINT_SOFTLOCKUP, "L: a soft lockup" },
	};
	struct findings findings = { .report = report, .reason = IMG_E_GATE_TAINT };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(taints); i++) {
		if (test_taint(taints[i].flag))
			finding_add(&findings, "%s", taints[i].meaning);
	}
	findings_close(&findings);
}

/* Real-time kernels leave them off by themselves (CONFIG_EFI_DISABLE_RUNTIME). */
static void gate_efi(struct report *report)
{
	if (!efi_enabled(EFI_BOOT))
		report_obstacle(report, IMG_E_GATE_EFI, 0, "it was started by a BIOS");
	else if (!efi_enabled(EFI_RUNTIME_SERVICES) || !efi_enabled(EFI_MEMMAP))
		report_obstacle(report, IMG_E_GATE_EFI_RUNTIME, 0, "%s",
				IS_ENABLED(CONFIG_EFI_DISABLE_RUNTIME)
					? "this kernel uses them only when told to: efi=runtime"
					: "look for noefi and efi=noruntime on the command line");
}

static void gate_known_bad(struct report *report)
{
	const struct known_bad *bad = known_bad_find(LINUX_VERSION_CODE);

	if (bad)
		report_obstacle(report, IMG_E_GATE_KERNEL, 0, "%u.%u.%u: %s; use %s or newer",
				LINUX_VERSION_MAJOR, LINUX_VERSION_PATCHLEVEL,
				LINUX_VERSION_SUBLEVEL, bad->what, bad->use);
}

/*
 * The least that the kernel will save: what is used, without what it can drop.
 * Kernel text and tables lie outside of totalram; they don't matter at this
 * precision.
 */
static u64 least_image_pages(void)
{
	u64 used = totalram_pages() - global_zone_page_state(NR_FREE_PAGES);
	u64 droppable = global_node_page_state(NR_ACTIVE_FILE) +
			global_node_page_state(NR_INACTIVE_FILE) +
			global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B);

	return used > droppable ? used - droppable : 0;
}

static u64 pages_to_mib(u64 pages)
{
	return pages >> (20 - PAGE_SHIFT);
}

/* Bytes; 0 if no target was found. */
static u64 largest_slot(const struct target *target)
{
	u64 size = 0;
	u32 i;

	for (i = 0; i < target->area.nr_slots; i++)
		size = max(size, target->area.slot[i].size);
	return size;
}

/*
 * LZ4 rarely does better than half on what remains once caches are dropped, so
 * an image whose half is larger than the slot is not worth the freeze.  What
 * passes here and is too large still ends in slot-full, as cleanly but later.
 */
static void gate_size(const struct target *target, struct report *report)
{
	u64 pages = least_image_pages();
	u64 slot = largest_slot(target) >> PAGE_SHIFT;

	if (pages > totalram_pages() / 2)
		report_obstacle(report, IMG_E_GATE_HALF_RAM, 0,
				"%llu MiB in use that cannot be dropped, of %llu MiB",
				pages_to_mib(pages), pages_to_mib(totalram_pages()));
	if (slot && pages / 2 > slot)
		report_obstacle(report, IMG_E_GATE_TOO_LARGE, 0,
				"%llu MiB in use that cannot be dropped, about %llu MiB once "
				"compressed; the slot holds %llu MiB",
				pages_to_mib(pages), pages_to_mib(pages / 2), pages_to_mib(slot));
}

/* Memory is plugged by one at a time, under mem_hotplug_lock. */
static bool memory_plugging;

static int memory_notice(struct notifier_block *block, unsigned long action, void *data)
{
	switch (action) {
	case MEM_GOING_ONLINE:
	case MEM_GOING_OFFLINE:
		WRITE_ONCE(memory_plugging, true);
		break;
	case MEM_ONLINE:
	case MEM_OFFLINE:
	case MEM_CANCEL_ONLINE:
	case MEM_CANCEL_OFFLINE:
		WRITE_ONCE(memory_plugging, false);
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block memory_watcher = { .notifier_call = memory_notice };

int hotplug_watch(void)
{
	return register_memory_notifier(&memory_watcher);
}

void hotplug_unwatch(void)
{
	unregister_memory_notifier(&memory_watcher);
}

static void gate_hotplug(struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_HOTPLUG };

	if (cpus_read_trylock())
		cpus_read_unlock();
	else
		finding_add(&findings, "a processor");
	if (READ_ONCE(memory_plugging))
		finding_add(&findings, "memory");
	findings_close(&findings);
}

static void gates_with_block(const struct target *target, const struct survey *survey, void *block,
			     struct report *report)
{
	gate_fs_unprovable(survey, block, report);
	gate_swap_overlap(survey, target, block, report);
}

void gates_check(const struct target *target, enum img_mode mode, struct survey *survey,
		 struct report *report)
{
	void *block = held_pages(0);

	gate_efi(report);
	gate_known_bad(report);
	gate_taint(report);
	gate_hotplug(report);
	if (mode == IMG_MODE_GOLDEN)
		gate_fs_writable(survey, report);
	gate_shares(survey, mode, report);
	if (block)
		gates_with_block(target, survey, block, report);
	else
		report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for one page");
	gate_stacks(survey, report);
	gate_remotes(survey, report);
	gate_drivers(report);
	gate_held(survey, target, report);
	if (mode == IMG_MODE_GOLDEN)
		gate_openers(survey, false, report);
	if (devices_sync(survey))
		msleep(WRITER_MS);
	gate_dirty(survey, false, report);
	gate_swap(target, survey, report);
	gate_size(target, report);
	held_pages_free(block, 0);
}

void gates_check_frozen(enum img_mode mode, struct survey *survey, struct report *report)
{
	if (survey_again(survey, report))
		return;
	if (mode == IMG_MODE_GOLDEN) {
		gate_fs_writable(survey, report);
		gate_openers(survey, true, report);
	}
	gate_shares(survey, mode, report);
	gate_fs_late(survey, report);
	gate_held_frozen(survey, report);
	gate_dirty(survey, mode == IMG_MODE_GOLDEN, report);
	caches_drop(survey, report);
	swaps_note(survey);
}

void gates_check_copied(const struct survey *survey, struct report *report)
{
	swaps_check_copied(survey, report);
}
