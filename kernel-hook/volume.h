/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of an image area, wherever they are: on one partition, or on the pieces of partitions
 * that a map names.  Positions are bytes of the partition or of the map, all sizes whole blocks of
 * IMG_BLOCK.  Functions that return int return 0 or a negative errno.  May sleep.
 *
 * A mapped area is read and written through its partitions, past the devices that are made of
 * them: the loader knows no others.
 */
#ifndef HOOK_VOLUME_H
#define HOOK_VOLUME_H

#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/types.h>
#include <imgfmt/imgfmt.h>

struct volume {
	const struct img_area *area;
	struct file *claim; /* the device made of the pieces, which nobody else may use; or NULL */
	struct file *file[IMG_MAX_MAP]; /* of partitions, direct */
	unsigned int nr_files;
	u8 file_of[IMG_MAX_MAP]; /* by piece; a partition may have several */
};

/* Devices are opened as /dev/NAME, and must have the number that the caller knows them by. */
struct volume_device {
	const char *name;
	dev_t number;
};

/*
 * Opens a partition for writing, exclusively.  area: outlives the volume.  A volume that could not
 * be opened must be closed, too.
 */
int volume_open(struct volume *volume, const struct img_area *area, struct volume_device partition);

/*
 * Opens for writing the partitions of a map, which whatever is made of them has claimed: device
 * mapper, or a mounted file system.  below: their numbers, by piece of the area's map.
 */
int volume_open_pieces(struct volume *volume, const struct img_area *area, const dev_t *below);

/* Claims the device that is made of the pieces, too. */
int volume_open_mapped(struct volume *volume, const struct img_area *area,
		       struct volume_device upper, const dev_t *below);

void volume_close(struct volume *volume);

/* The partition of a piece; of the whole area, without a map: 0. */
struct file *volume_file(const struct volume *volume, u32 piece);

/* data: page aligned kernel memory, linear or from vmalloc. */
int volume_read(const struct volume *volume, u64 position, void *data, size_t size);
int volume_write(const struct volume *volume, u64 position, const void *data, size_t size);

/* `pages` whole pages, as one request for each piece as far as the block layer allows. */
int volume_write_pages(const struct volume *volume, u64 position, struct bio_vec *page,
		       size_t pages);

/* Returns once everything written is durable, on all partitions. */
int volume_flush(const struct volume *volume);

#endif
