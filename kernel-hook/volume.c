// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process context, also with tasks frozen.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "compat/compat.h"
#include "devices.h"
#include "disk.h"
#include "held.h"
#include "volume.h"

/*
 * udev looks at a device again when a writer closes it.  It would find nothing new, and would look
 * in the first second after a restore, when services have better use for the processors.
 */
static struct file *open_silently(struct volume_device device, int flags)
{
	struct file *file = device_open(device.name, flags);
	const struct block_device *bdev;

	if (IS_ERR(file))
		return file;
	file_be_silent(file);
	bdev = device_of_file(file);
	if (bdev && bdev->bd_dev == device.number)
		return file;
	held_close(file);
	return ERR_PTR(-ENODEV);
}

int volume_open(struct volume *volume, const struct img_area *area, struct volume_device partition)
{
	struct file *file = open_silently(partition, O_RDWR | O_EXCL);

	if (IS_ERR(file))
		return PTR_ERR(file);
	volume->area = area;
	volume->file[volume->nr_files++] = file;
	return 0;
}

/*
 * The page cache of the claimed device must neither write to the area later nor answer for it: what
 * is written to the partitions passes it by.
 */
static int claim_take(struct volume *volume, struct volume_device upper)
{
	struct file *file = open_silently(upper, O_RDWR | O_EXCL);
	int error;

	if (IS_ERR(file))
		return PTR_ERR(file);
	volume->claim = file;
	error = sync_blockdev(device_of_file(file));
	invalidate_bdev(device_of_file(file));
	return error;
}

static int partition_open(struct volume *volume, dev_t number, struct device *anchor)
{
	struct block_device *bdev = device_find(anchor, number, NULL);
	char name[DEVICE_NAME_SIZE];
	struct file *file;

	if (!bdev)
		return -ENODEV;
	device_name(bdev, name);
	device_put(bdev);
	/*
	 * Without O_EXCL a claimed device can be opened for writing: device mapper does not
	 * restrict writes, and a file system does only since 6.8, without BLK_DEV_WRITE_MOUNTED
	 * (block/bdev.c, bdev_may_open).
	 */
	file = open_silently((struct volume_device){ name, number }, O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	volume->file[volume->nr_files++] = file;
	return 0;
}

/* Opens each partition once, however many pieces are on it. */
static int piece_open(struct volume *volume, u32 piece, dev_t number, struct device *anchor)
{
	unsigned int i;

	for (i = 0; i < volume->nr_files; i++) {
		if (device_of_file(volume->file[i])->bd_dev == number)
			break;
	}
	volume->file_of[piece] = i;
	return i < volume->nr_files ? 0 : partition_open(volume, number, anchor);
}

int volume_open_pieces(struct volume *volume, const struct img_area *area, const dev_t *below)
{
	struct device *anchor;
	int error = 0;
	u32 i;

	volume->area = area;
	anchor = device_walk_prepare();
	for (i = 0; i < area->nr_map && !error; i++)
		error = piece_open(volume, i, below[i], anchor);
	device_walk_release(anchor);
	return error;
}

int volume_open_mapped(struct volume *volume, const struct img_area *area,
		       struct volume_device upper, const dev_t *below)
{
	int error = claim_take(volume, upper);

	return error ?: volume_open_pieces(volume, area, below);
}

void volume_close(struct volume *volume)
{
	unsigned int i;

	if (volume->claim)
		invalidate_bdev(device_of_file(volume->claim));

	for (i = 0; i < volume->nr_files; i++)
		held_close(volume->file[i]);
	held_close(volume->claim);
	memset(volume, 0, sizeof(*volume));
}

struct file *volume_file(const struct volume *volume, u32 piece)
{
	return volume->file[volume->file_of[piece]];
}

/* The part of a request that one partition can take. */
struct step {
	struct file *file;
	u64 offset;
	size_t size; /* 0: past the end */
};

static struct step step_at(const struct volume *volume, u64 position, size_t size)
{
	struct img_location at = img_area_locate(volume->area, position);

	return (struct step){
		.file = volume_file(volume, at.piece),
		.offset = at.offset,
		.size = min_t(u64, size, at.run),
	};
}

int volume_read(const struct volume *volume, u64 position, void *data, size_t size)
{
	int error = 0;

	while (size && !error) {
		struct step step = step_at(volume, position, size);

		error = step.size ? disk_read(step.file, step.offset, data, step.size) : -EINVAL;
		position += step.size;
		data += step.size;
		size -= step.size;
	}
	return error;
}

int volume_write(const struct volume *volume, u64 position, const void *data, size_t size)
{
	int error = 0;

	while (size && !error) {
		struct step step = step_at(volume, position, size);

		error = step.size ? disk_write(step.file, step.offset, data, step.size) : -EINVAL;
		position += step.size;
		data += step.size;
		size -= step.size;
	}
	return error;
}

int volume_write_pages(const struct volume *volume, u64 position, struct bio_vec *page,
		       size_t pages)
{
	int error = 0;

	while (pages && !error) {
		struct step step = step_at(volume, position, pages * PAGE_SIZE);
		size_t now = step.size / PAGE_SIZE;

		error = now ? disk_write_pages(step.file, step.offset, page, now) : -EINVAL;
		position += step.size;
		page += now;
		pages -= now;
	}
	return error;
}

/* All of them, even if one fails. */
int volume_flush(const struct volume *volume)
{
	unsigned int i;
	int error = 0;

	for (i = 0; i < volume->nr_files; i++)
		error = disk_flush(volume->file[i]) ?: error;
	return error;
}
