// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process context, also with tasks frozen.
 */
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
static struct file *open_silently(const char *name, int flags)
{
	struct file *file = device_open(name, flags);

	if (!IS_ERR(file))
		file_be_silent(file);
	return file;
}

int volume_open(struct volume *volume, const struct img_area *area, const char *name)
{
	struct file *file = open_silently(name, O_RDWR | O_EXCL);

	if (IS_ERR(file))
		return PTR_ERR(file);
	volume->area = area;
	volume->file[volume->nr_files++] = file;
	return 0;
}

void volume_close(struct volume *volume)
{
	unsigned int i;

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
