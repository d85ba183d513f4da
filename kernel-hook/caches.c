// SPDX-License-Identifier: GPL-2.0-only
/*
 * A block device's page cache is freed at its last close (block/bdev.c, blkdev_put_whole), or
 * never.  Process context.
 */
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/pagemap.h>

#include "caches.h"
#include "compat/compat.h"
#include "devices.h"
#include "findings.h"

/* How many pages are left.  The second call alone also drops mapped ones. */
static unsigned long cache_drop(struct block_device *bdev)
{
	struct address_space *cache = bdev_page_cache(bdev);

	if (cache->nrpages)
		invalidate_bdev(bdev); /* with the processors' own lists of buffers and pages */
	if (cache->nrpages)
		(void)invalidate_inode_pages2(cache);
	return cache->nrpages;
}

void caches_drop(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_CACHE };
	struct block_device *bdev;
	struct device_walk walk;
	char name[DEVICE_NAME_SIZE];
	unsigned long left;

	device_walk_begin(&walk, survey->anchor);
	while ((bdev = device_walk_next(&walk))) {
		if (device_name_is_memory(bdev->bd_disk->disk_name) ||
		    survey_fs_on(survey, bdev->bd_dev))
			continue;
		left = cache_drop(bdev);
		if (!left)
			continue;
		device_name(bdev, name);
		finding_add(&findings, "%s: %lu pages", name, left);
	}
	device_walk_end(&walk);
	findings_close(&findings);
}
