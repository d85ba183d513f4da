// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hardware disk has a parent: what it is plugged into.  A disk without one is made of other
 * devices, or only of memory.  Process context.
 */
#include <linux/blkdev.h>
#include <linux/string.h>

#include "devices.h"
#include "findings.h"
#include "stacks.h"

#define DM_NAME_SIZE 128 /* DM_NAME_LEN, linux/dm-ioctl.h */

/*
 * A loop device keeps only where its file is; that file's file system is checked by its own gate.
 */
static bool is_stack(struct block_device *bdev)
{
	const char *name = bdev->bd_disk->disk_name;

	return !bdev_is_partition(bdev) && bdev_nr_sectors(bdev) && !bdev->bd_device.parent &&
	       !device_name_is_memory(name) && !device_name_is_numbered(name, "loop");
}

/* "dm-0 (vg-data), on vda4" */
static void stack_report(const struct survey *survey, struct block_device *bdev,
			 struct findings *findings)
{
	char name[DEVICE_NAME_SIZE], title[DM_NAME_SIZE], below[SURVEY_BELOW_SIZE];

	device_name(bdev, name);
	(void)device_sysfs_text(title, sizeof(title), "/sys/block/%s/dm/name",
				bdev->bd_disk->disk_name); /* "" for others */
	device_below(survey->anchor, bdev, below, sizeof(below));
	finding_add(findings, "%s%s%s%s%s%s", name, title[0] ? " (" : "", title,
		    title[0] ? ")" : "", below[0] ? ", on " : "", below);
}

void gate_stacks(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_STACK };
	struct block_device *bdev;
	struct device_walk walk;

	device_walk_begin(&walk, survey->anchor);
	while ((bdev = device_walk_next(&walk))) {
		if (is_stack(bdev))
			stack_report(survey, bdev, &findings);
	}
	device_walk_end(&walk);
	findings_close(&findings);
}
