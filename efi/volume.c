// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes of the image area: of one partition, or of a map's pieces of several. */
#include "volume.h"

#include "disk.h"
#include "partition.h"

void volume_open_partition(const struct disk *partition, struct volume *ret_volume)
{
	memset(ret_volume, 0, sizeof(*ret_volume));
	ret_volume->disk[0] = *partition;
	ret_volume->nr_disks = 1;
}

const struct disk *volume_partition(const struct volume *v)
{
	return v->map ? NULL : &v->disk[0];
}

/* The disk of an earlier piece of the same partition; nr_disks: none. */
static uint32_t find_disk(const struct volume *v, uint32_t piece)
{
	const struct img_piece *map = v->map->map;
	uint32_t i;

	for (i = 0; i < piece; i++) {
		if (memcmp(map[i].part_uuid, map[piece].part_uuid, 16) == 0)
			return v->disk_of[i];
	}
	return v->nr_disks;
}

static enum img_reason refuse(enum img_reason reason, uint32_t number,
			      const struct img_piece *piece, const char *field,
			      struct img_detail *detail)
{
	*detail = (struct img_detail){
		.object = "image area", .index = number, .field = field, .uuid = piece->part_uuid
	};
	return reason;
}

static enum img_reason open_piece(struct volume *v, uint32_t number, struct img_detail *detail)
{
	const struct img_piece *piece = &v->map->map[number];
	uint32_t at = find_disk(v, number);
	struct disk *disk = &v->disk[at];
	const char *why;

	if (at == v->nr_disks) {
		why = partition_open(piece->part_uuid, disk);
		if (why)
			return refuse(IMG_E_DISK_MISSING, number, piece, why, detail);
		v->nr_disks++;
	}
	v->disk_of[number] = (uint8_t)at;
	if (piece->offset <= disk->size && piece->size <= disk->size - piece->offset)
		return IMG_OK;
	return refuse(IMG_E_AREA_BOUNDS, number, piece, "smaller than it was", detail);
}

enum img_reason volume_open_map(const struct img_area *map, struct volume *ret_volume,
				struct img_detail *detail)
{
	enum img_reason reason = IMG_OK;
	uint32_t i;

	memset(ret_volume, 0, sizeof(*ret_volume));
	ret_volume->map = map;
	for (i = 0; i < map->nr_map && reason == IMG_OK; i++)
		reason = open_piece(ret_volume, i, detail);
	return reason;
}

/* Consecutive bytes of one disk. */
struct part {
	uint32_t disk;
	uint64_t offset; /* bytes of the disk */
	uint64_t size;
};

/* What one piece has of these bytes, from the first on; size 0: nothing. */
static struct part part_at(const struct volume *v, uint64_t offset, uint64_t size)
{
	struct img_location at;

	if (!v->map)
		return (struct part){ .offset = offset, .size = size };
	at = img_area_locate(v->map, offset);
	return (struct part){ .disk = v->disk_of[at.piece],
			      .offset = at.offset,
			      .size = size < at.run ? size : at.run };
}

bool volume_read(struct volume *v, uint64_t offset, uint64_t size, void *to)
{
	struct part part;

	do {
		part = part_at(v, offset, size);
		v->last = part.disk;
		if (part.size == 0 && size)
			return false;
		if (!disk_read(&v->disk[part.disk], part.offset, part.size, to))
			return false;
		offset += part.size;
		size -= part.size;
		to = (uint8_t *)to + part.size;
	} while (size);
	return true;
}

static void read_now(struct volume *v, uint64_t offset, uint64_t size, void *to,
		     struct volume_request *r)
{
	bool read = volume_read(v, offset, size, to);

	r->request.progress = read ? DISK_DONE : DISK_FAILED;
	r->disk = v->last;
}

void volume_start_read(struct volume *v, uint64_t offset, uint64_t size, void *to,
		       struct volume_request *ret_request)
{
	struct part part = part_at(v, offset, size);

	if (part.size != size) {
		read_now(v, offset, size, to, ret_request);
		return;
	}
	ret_request->disk = part.disk;
	disk_start_read(&v->disk[part.disk], part.offset, size, to, &ret_request->request);
}

enum disk_progress volume_poll_read(struct volume *v, struct volume_request *r)
{
	enum disk_progress progress = disk_poll_read(&r->request);

	if (progress == DISK_FAILED)
		v->last = r->disk;
	return progress;
}

uint32_t volume_unit(const struct volume *v, uint64_t offset)
{
	return v->disk[part_at(v, offset, IMG_BLOCK).disk].block;
}

bool volume_write(struct volume *v, uint64_t offset, uint64_t size, const void *from)
{
	struct part part = part_at(v, offset, size);

	v->last = part.disk;
	if (part.size != size)
		return false;
	v->written[part.disk] = true;
	return disk_write(&v->disk[part.disk], part.offset, size, from);
}

bool volume_flush(struct volume *v)
{
	uint32_t i;

	for (i = 0; i < v->nr_disks; i++) {
		if (!v->written[i])
			continue;
		v->last = i;
		if (!disk_flush(&v->disk[i]))
			return false;
		v->written[i] = false;
	}
	return true;
}
