// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process context, also with tasks frozen.
 */
#include <linux/blkdev.h>

#include "devices.h"
#include "findings.h"
#include "gates_devices.h"
#include "held.h"
#include "openers.h"
#include "swaps.h"

/* The block layer itself holds the whole disk of a claimed partition (block/bdev.c). */
static bool device_has_held_partition(struct device *anchor, struct block_device *whole)
{
	struct block_device *bdev;
	struct device_walk walk;
	bool held = false;

	device_walk_begin(&walk, anchor);
	while (!held && (bdev = device_walk_next(&walk)))
		held = bdev != whole && bdev_whole(bdev) == whole && READ_ONCE(bdev->bd_holder);
	device_walk_end(&walk);
	return held;
}

static bool device_has_upper(struct device *anchor, const struct block_device *lower)
{
	struct block_device *bdev;
	struct device_walk walk;
	bool found = false;

	device_walk_begin(&walk, anchor);
	while (!found && (bdev = device_walk_next(&walk)))
		found = device_is_made_of(bdev, lower);
	device_walk_end(&walk);
	return found;
}

static bool hold_is_explained(const struct survey *survey, const struct target *target,
			      const char *swaps, struct block_device *bdev)
{
	dev_t device = bdev->bd_dev;

	return survey_fs_on(survey, device) || (target->name[0] && device == target->device) ||
	       device_has_held_partition(survey->anchor, bdev) || swaps_have(swaps, device) ||
	       device_has_upper(survey->anchor, bdev) || survey_is_member(survey, bdev);
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
		    claimer[0] ? " by " : ", by no program found", claimer);
}

void gate_held(struct survey *survey, const struct target *target, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_HELD };
	char *swaps = swaps_text();
	struct block_device *bdev;
	struct device_walk walk;

	device_walk_begin(&walk, survey->anchor);
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
	const struct block_device *target;
	unsigned int i;

	for (i = 0; i < survey->nr_held; i++) {
		if (survey->held[i] == device)
			return true;
	}
	target = survey->target ? device_of_file(survey->target) : NULL;
	return target && target->bd_dev == device;
}

/* Does not read sysfs: anything claimed since the first look is an obstacle. */
void gate_held_frozen(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_HELD };
	struct block_device *bdev;
	struct device_walk walk;

	device_walk_begin(&walk, survey->anchor);
	while ((bdev = device_walk_next(&walk))) {
		if (!device_is_held(bdev) || held_before(survey, bdev->bd_dev) ||
		    survey_fs_on(survey, bdev->bd_dev) ||
		    device_has_held_partition(survey->anchor, bdev))
			continue;
		claim_add(&findings, bdev, " after the snapshot began");
	}
	device_walk_end(&walk);
	findings_close(&findings);
}

/*
 * The image would write whatever the page cache holds unwritten of a device after each restore.  A
 * file system's own device is checked by its proof, except that in a golden image it must have
 * nothing unwritten either.
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
bool devices_sync(const struct survey *survey)
{
	struct block_device *bdev;
	struct device_walk walk;
	bool dirty = false;

	device_walk_begin(&walk, survey->anchor);
	while ((bdev = device_walk_next(&walk))) {
		if (!device_must_be_clean(survey, bdev, false) || !device_is_dirty(bdev))
			continue;
		dirty = true;
		(void)sync_blockdev(bdev); /* the gate finds what it leaves */
	}
	device_walk_end(&walk);
	return dirty;
}

void gate_dirty(const struct survey *survey, bool with_fs, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_DIRTY };
	struct block_device *bdev;
	struct device_walk walk;
	char name[DEVICE_NAME_SIZE];

	device_walk_begin(&walk, survey->anchor);
	while ((bdev = device_walk_next(&walk))) {
		if (!device_must_be_clean(survey, bdev, with_fs) || !device_is_dirty(bdev))
			continue;
		device_name(bdev, name);
		finding_add(&findings, "%s", name);
	}
	device_walk_end(&walk);
	findings_close(&findings);
}
