// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sector of a partition table holds the GUID of its disk, and a checksum of all entries: what
 * was read of it before the snapshot is what the kernel must find at the same device after a
 * restore, whatever that device is by then.
 */
#include <linux/blkdev.h>
#include <linux/delay.h>
#include <linux/math.h>
#include <linux/string.h>

#include "disk.h"
#include "disks.h"

#define GPT_SIGNATURE "EFI PART" /* UEFI 2.10, 5.3.2 */

/* A disk that has just been woken may need a moment. */
#define ATTEMPTS 4
#define PAUSE_MS 500

static bool guid_is_zero(const u8 guid[16])
{
	return !memchr_inv(guid, 0, 16);
}

/*
 * Where the partition table of a disk is proven: the GPT header in its second sector.  On
 * the image's disk, which may be without, else the first sector, with the DOS table.  0,
 * -EINVAL if there is no GPT, or another negative errno.
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

int disks_note(struct survey *survey, void *block, struct report *report)
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
		return IMG_E_DISK_REPLACED;
	return digest == disk->table.digest ? IMG_OK : IMG_E_DISK_MOVED;
}

struct disks_stranger disks_recheck(const struct survey *survey, void *block)
{
	struct disks_stranger stranger = { .reason = IMG_OK };
	unsigned int i;

	for (i = 0; i < survey->nr_disks && !stranger.reason; i++) {
		stranger.disk = &survey->disk[i];
		stranger.reason = disk_recheck(stranger.disk, block, &stranger.error);
	}
	return stranger;
}
