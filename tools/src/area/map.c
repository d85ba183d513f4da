// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "area/extents.h"
#include "area/mapper.h"
#include "base/io.h"

/* Device mapper does not limit this; LVM inside LUKS on LVM on a partition is 3. */
#define MAX_DEPTH 8u

struct walk {
	const struct part *part;
	struct disks *disks;
	struct pieces *pieces;
	bool writable;
	uint64_t nr; /* pieces, more of them than fit included */
	struct map_refusal *why;
};

static bool refuse(struct walk *walk, enum failure failure, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool refuse(struct walk *walk, enum failure failure, const char *fmt, ...)
{
	struct map_refusal *why = walk->why;
	va_list args;
	size_t used;

	why->failure = failure;
	why->error = 0;
	used = (size_t)snprintf(why->s, sizeof(why->s), "%s ", walk->part->path);
	va_start(args, fmt);
	if (used < sizeof(why->s))
		vsnprintf(why->s + used, sizeof(why->s) - used, fmt, args);
	va_end(args);
	return false;
}

static bool refuse_errno(struct walk *walk, enum failure failure, const char *what)
{
	int error = errno;

	(void)refuse(walk, failure, "%s", what);
	walk->why->error = error;
	return false;
}

struct device_name {
	char s[64];
};

/* The kernel's name, from the link in sysfs; otherwise the numbers. */
static struct device_name device_name(dev_t device)
{
	_cleanup_free_ char *link =
		io_system_path("/sys/dev/block/%u:%u", major(device), minor(device));
	_cleanup_free_ char *path = link ? realpath(link, NULL) : NULL;
	const char *last = path ? strrchr(path, '/') : NULL;
	struct device_name name;

	if (last)
		snprintf(name.s, sizeof(name.s), "%s", last + 1);
	else
		snprintf(name.s, sizeof(name.s), "%u:%u", major(device), minor(device));
	return name;
}

static bool follows(const struct img_piece *before, const struct img_piece *piece)
{
	return memcmp(before->part_uuid, piece->part_uuid, sizeof(piece->part_uuid)) == 0 &&
	       before->offset + before->size == piece->offset;
}

static int open_partition(const struct walk *walk, const struct disk_partition *partition,
			  dev_t device)
{
	_cleanup_free_ char *path = io_system_path("%s", partition->device);
	_cleanup_close_ int fd = -1;
	struct stat st;
	int opened;

	if (path)
		fd = open(path, O_CLOEXEC | (walk->writable ? O_RDWR : O_RDONLY));
	if (fd < 0 || fstat(fd, &st))
		return -1;
	if (S_ISBLK(st.st_mode) && st.st_rdev != device) {
		errno = ENXIO; /* another disk has the name now */
		return -1;
	}
	opened = fd;
	fd = -1;
	return opened;
}

static bool add_piece(struct walk *walk, const struct disk_partition *partition, dev_t device,
		      const struct img_piece *piece)
{
	struct img_area *place = &walk->pieces->place;
	int fd = -1;

	if (place->nr_map && walk->nr == place->nr_map &&
	    follows(&place->map[place->nr_map - 1], piece)) {
		place->map[place->nr_map - 1].size += piece->size;
		return true;
	}
	if (++walk->nr > IMG_MAX_MAP)
		return true; /* they are only counted */
	if (pieces_find(walk->pieces, piece->part_uuid) < 0) {
		fd = open_partition(walk, partition, device);
		if (fd < 0)
			return refuse_errno(walk, FAIL_OPEN, partition->device);
	}
	pieces_add(walk->pieces, piece, fd);
	return true;
}

static bool open_disks(struct walk *walk)
{
	struct disks *disks = walk->disks;

	if (!disks->open && disks_open(disks, false))
		return refuse_errno(walk, FAIL_OPEN, "/sys/class/block");
	return true;
}

static bool take_partition(struct walk *walk, dev_t device, uint64_t offset, uint64_t size)
{
	const struct disk_partition *partition, *found = NULL;
	struct img_piece piece = { .offset = offset, .size = size };
	const struct disk *disk = NULL;

	if (!open_disks(walk))
		return false;
	partition = disks_partition(walk->disks, device);
	if (!partition)
		return refuse(walk, FAIL_NOT_MAPPABLE,
			      "is made of %s, which is no GPT partition of a drive",
			      device_name(device).s);
	/* The loader looks for it by this GUID alone. */
	if (disks_find(walk->disks, partition->uuid, &disk, &found) != 1)
		return refuse(walk, FAIL_NOT_MAPPABLE,
			      "is made of %s, whose GUID another partition has, too",
			      device_name(device).s);
	if (offset > partition->size || size > partition->size - offset)
		return refuse(walk, FAIL_NOT_MAPPABLE, "is made of %s beyond its end",
			      device_name(device).s);
	memcpy(piece.part_uuid, partition->guid, sizeof(piece.part_uuid));
	return add_piece(walk, partition, device, &piece);
}

static bool follow(struct walk *walk, dev_t device, uint64_t offset, uint64_t size,
		   unsigned int depth);

/* Bytes [offset, offset + size) of the device, as far as they are in the segment. */
static bool follow_segment(struct walk *walk, const struct mapper_segment *segment, uint64_t offset,
			   uint64_t size, unsigned int depth)
{
	uint64_t end = offset + size, segment_end = segment->start + segment->size;
	uint64_t from = offset > segment->start ? offset : segment->start;
	uint64_t until = end < segment_end ? end : segment_end;

	if (from >= until)
		return true;
	if (!segment->linear)
		return refuse(walk, FAIL_NOT_MAPPABLE, "is made of %s, which is not linear",
			      segment->type);
	walk->pieces->encrypted |= segment->encrypted;
	return follow(walk, segment->below, segment->offset + (from - segment->start), until - from,
		      depth + 1);
}

static bool follow_table(struct walk *walk, dev_t device, uint64_t offset, uint64_t size,
			 unsigned int depth)
{
	_cleanup_mapper_ struct mapper_table table = { 0 };

	if (mapper_read(device, &table))
		return refuse_errno(walk, FAIL_OPEN, "has a table that cannot be read");
	for (size_t i = 0; i < table.nr; i++) {
		if (!follow_segment(walk, &table.segment[i], offset, size, depth))
			return false;
	}
	return true;
}

static bool follow(struct walk *walk, dev_t device, uint64_t offset, uint64_t size,
		   unsigned int depth)
{
	if (depth > MAX_DEPTH)
		return refuse(walk, FAIL_NOT_MAPPABLE, "is made of more than %u layers", MAX_DEPTH);
	return mapper_owns(device) ? follow_table(walk, device, offset, size, depth)
				   : take_partition(walk, device, offset, size);
}

static bool follow_file(struct walk *walk, uint64_t size)
{
	_cleanup_extents_ struct extents extents = { 0 };
	const char *why = extents_read(walk->part->fd, size, &extents);

	if (why && errno)
		return refuse_errno(walk, FAIL_NOT_MAPPABLE, why);
	if (why)
		return refuse(walk, FAIL_NOT_MAPPABLE, "%s", why);
	for (size_t i = 0; i < extents.nr; i++) {
		if (!follow(walk, extents.device, extents.extent[i].offset, extents.extent[i].size,
			    0))
			return false;
	}
	return true;
}

/* What the format asks of a map; the sum shows a table with a gap. */
static bool check_pieces(struct walk *walk, uint64_t size)
{
	const struct img_area *place = &walk->pieces->place;

	if (walk->nr > IMG_MAX_MAP)
		return refuse(walk, FAIL_FRAGMENTED, "is in %" PRIu64 " pieces; at most %u fit",
			      walk->nr, IMG_MAX_MAP);
	for (uint32_t i = 0; i < place->nr_map; i++) {
		if (place->map[i].offset % IMG_BLOCK || place->map[i].size % IMG_BLOCK)
			return refuse(walk, FAIL_NOT_MAPPABLE,
				      "has a piece that is not made of whole 4 KiB blocks");
	}
	if (!size || img_area_map_size(place) != size)
		return refuse(walk, FAIL_NOT_MAPPABLE, "has bytes without a place on a disk");
	return true;
}

bool map_is_stacked(const struct part *part)
{
	_cleanup_free_ char *array =
		io_system_path("/sys/dev/block/%u:%u/md", major(part->rdev), minor(part->rdev));

	return part->rdev && (mapper_owns(part->rdev) || (array && access(array, F_OK) == 0));
}

bool map_try(struct part *part, enum part_access access, struct disks *disks,
	     struct map_refusal *why)
{
	struct walk walk = { .part = part,
			     .disks = disks,
			     .pieces = pieces_new(),
			     .writable = access == PART_CLAIM,
			     .why = why };
	uint64_t size = part->size & ~(uint64_t)(IMG_BLOCK - 1);
	bool good;

	if (!walk.pieces)
		return refuse_errno(&walk, FAIL_NO_MEMORY, "");
	good = part->rdev ? follow(&walk, part->rdev, 0, size, 0) : follow_file(&walk, size);
	if (!good || !check_pieces(&walk, size)) {
		pieces_free(walk.pieces);
		return false;
	}
	pieces_drop_cache(walk.pieces);
	part->pieces = walk.pieces;
	return true;
}

int map_fail(const struct map_refusal *why)
{
	errno = why->error;
	return why->error ? fail_errno(why->failure, "%s", why->s)
			  : fail(why->failure, "%s", why->s);
}

int map_part(struct part *part, enum part_access access)
{
	_cleanup_disks_ struct disks disks = { 0 };
	struct map_refusal why;

	return map_try(part, access, &disks, &why) ? 0 : map_fail(&why);
}
