/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of the image area, by their offset in its partition or map: the disks they are on, and
 * access to them.
 *
 * Offsets and sizes are multiples of IMG_BLOCK, and so are the borders of pieces; false: an I/O
 * error, or bytes that the area does not have.
 */
#ifndef VOLUME_H
#define VOLUME_H

#include <imgfmt/reader.h>

#include "disk.h"

struct volume {
	const struct img_area *map;    /* NULL: the area is a partition, disk[0] */
	struct disk disk[IMG_MAX_MAP]; /* the partitions, each once */
	uint32_t nr_disks;
	uint8_t disk_of[IMG_MAX_MAP]; /* for each piece of the map */
	bool written[IMG_MAX_MAP];    /* for each disk: since the last flush */
	uint32_t last;		      /* the disk of the last request, or where it failed */
};

void volume_open_partition(const struct disk *partition, struct volume *ret_volume);

/*
 * map: of an area that has one; must outlive the volume.  IMG_E_DISK_MISSING, IMG_E_AREA_BOUNDS if
 * a piece is not within its partition: detail's index is the piece, its uuid the partition.
 */
enum img_reason volume_open_map(const struct img_area *map, struct volume *ret_volume,
				struct img_detail *detail);

/* The image's own partition; NULL: the area is a map. */
const struct disk *volume_partition(const struct volume *v);

bool volume_read(struct volume *v, uint64_t offset, uint64_t size, void *to);

/* As disk_start_read(); a read that more than one piece has a part in is synchronous. */
struct volume_request {
	struct disk_request request;
	uint32_t disk;
};
void volume_start_read(struct volume *v, uint64_t offset, uint64_t size, void *to,
		       struct volume_request *ret_request);
enum disk_progress volume_poll_read(struct volume *v, struct volume_request *r);

/* The smallest unit that can be written there; divides IMG_BLOCK. */
uint32_t volume_unit(const struct volume *v, uint64_t offset);

/* One request: at most up to the end of the piece.  size: a multiple of volume_unit(). */
bool volume_write(struct volume *v, uint64_t offset, uint64_t size, const void *from);

/* Flushes every disk that was written to. */
bool volume_flush(struct volume *v);

#endif
