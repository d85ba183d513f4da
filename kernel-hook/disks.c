// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sector of a partition table holds the GUID of its disk, and a checksum of all entries: the
 * kernel must find the same bytes at the same device after a restore as before the snapshot,
 * whatever that device is by then.
 */
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/math.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "disk.h"
#include "disks.h"
#include "held.h"

#define GPT_SIGNATURE "EFI PART" /* UEFI 2.10, 5.3.2 */

/* A disk that has just woken may need a moment. */
#define ATTEMPTS 4
#define PAUSE_MS 500

#define DEADLINE_S 60

static bool guid_is_zero(const u8 guid[16])
{
	return !memchr_inv(guid, 0, 16);
}

/*
 * Where the partition table of a disk is proven: the GPT header in its second sector.  The image's
 * disk may lack one; then the first sector, with the DOS table.  0, -EINVAL without a GPT, or
 * another negative errno.
 */
static int table_find(const struct survey_disk *disk, void *block, u64 *ret_offset)
{
	u32 sector = bdev_logical_block_size(device_of_file(disk->file));
	u32 inside = sector % IMG_BLOCK;
	int error = disk_read(disk->file, sector - inside, block, IMG_BLOCK);

	if (error)
		return error;
	if (!memcmp(block + inside, GPT_SIGNATURE, strlen(GPT_SIGNATURE)))
		*ret_offset = sector;
	else if (guid_is_zero(disk->guid))
		*ret_offset = 0;
	else
		return -EINVAL;
	return 0;
}

const char *disks_try(const struct survey_disk *disk, void *block)
{
	u64 offset;

	switch (table_find(disk, block, &offset)) {
	case 0:
		return NULL;
	case -EINVAL:
		return "its GPT header is damaged";
	default:
		return "its partition table cannot be read";
	}
}

static int table_read(const struct survey_disk *disk, void *block, u64 *ret_digest)
{
	u64 start = round_down(disk->table.offset, IMG_BLOCK);
	int error = disk_read(disk->file, start, block, IMG_BLOCK);

	if (!error)
		*ret_digest =
			img_port_xxh64(block + (disk->table.offset - start), disk->table.size);
	return error;
}

static int table_note(struct survey_disk *disk, void *block)
{
	int error = table_find(disk, block, &disk->table.offset);

	disk->table.size = bdev_logical_block_size(device_of_file(disk->file));
	if (!error)
		error = table_read(disk, block, &disk->table.digest);
	return error;
}

static int tables_note(struct survey *survey, void *block, struct report *report)
{
	unsigned int i;
	int error;

	for (i = 0; i < survey->nr_disks; i++) {
		error = table_note(&survey->disk[i], block);
		if (error)
			return report_obstacle(report, IMG_E_DISK_READ, error,
					       "the partition table of %s: error %d",
					       survey->disk[i].name, error);
	}
	return 0;
}

static int table_read_patiently(const struct survey_disk *disk, void *block, u64 *ret_digest)
{
	unsigned int i;
	int error = table_read(disk, block, ret_digest);

	for (i = 1; error && i < ATTEMPTS; i++) {
		msleep(PAUSE_MS);
		error = table_read(disk, block, ret_digest);
	}
	return error;
}

static enum img_reason disk_recheck(const struct survey_disk *disk, void *block, int *ret_error)
{
	u64 digest;

	*ret_error = table_read_patiently(disk, block, &digest);
	if (*ret_error)
		return IMG_E_DISK_READ;
	return digest == disk->table.digest ? IMG_OK : IMG_E_DISK_MOVED;
}

static void recheck_work(struct work_struct *work)
{
	struct disks *disks = container_of(work, struct disks, work);
	struct disks_mismatch *mismatch = &disks->mismatch;
	unsigned int i;

	for (i = 0; i < disks->survey->nr_disks && !mismatch->reason; i++) {
		WRITE_ONCE(mismatch->disk, &disks->survey->disk[i]);
		mismatch->reason = disk_recheck(mismatch->disk, disks->block, &mismatch->error);
	}
	complete(&disks->done);
}

int disks_prepare(struct disks *disks, struct survey *survey, void *block, struct report *report)
{
	int error = tables_note(survey, block, report);

	if (error)
		return error;
	disks->survey = survey;
	disks->block = block;
	INIT_WORK(&disks->work, recheck_work);
	init_completion(&disks->done);
	disks->queue = held(alloc_workqueue("fastboot_disks", WQ_UNBOUND | WQ_MEM_RECLAIM, 1));
	if (disks->queue)
		return 0;
	return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory to look at the disks");
}

void disks_release(struct disks *disks)
{
	if (disks->queue)
		destroy_workqueue(unheld(disks->queue));
	memset(disks, 0, sizeof(*disks));
}

/* A driver may spend minutes on each request to a disk that does not answer. */
struct disks_mismatch disks_recheck(struct disks *disks)
{
	struct disks_mismatch late = { .reason = IMG_E_DISK_READ, .error = -ETIMEDOUT };

	queue_work(disks->queue, &disks->work);
	if (wait_for_completion_timeout(&disks->done, DEADLINE_S * HZ))
		return disks->mismatch;
	late.disk = READ_ONCE(disks->mismatch.disk) ?: disks->survey->disk;
	return late;
}
