/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of an area that is no partition: pieces of partitions, one after the other.  They are
 * read and written through the devices of these partitions, as the loader sees them, never through
 * what is stacked above: dm-crypt would encrypt an image that is sealed, and that the loader reads
 * past it.
 */
#ifndef FASTBOOTCTL_PIECES_H
#define FASTBOOTCTL_PIECES_H

#include <imgfmt/imgfmt.h>

struct pieces {
	struct img_area place; /* of which nr_map and map are used */
	int fd[IMG_MAX_MAP];   /* of each piece's partition; those of the same one share it */
	bool encrypted;	       /* dm-crypt is above: what it shows is not what the pieces hold */
};

/* Without pieces.  NULL: out of memory. */
struct pieces *pieces_new(void);
void pieces_free(struct pieces *pieces);

/*
 * Adds bytes of the partition.  fd: of that partition, which the pieces then own, unless one of
 * them has one already; -1 is allowed then.
 */
void pieces_add(struct pieces *pieces, const struct img_piece *piece, int fd);

/* The descriptor of an earlier piece of this partition; -1: none. */
int pieces_find(const struct pieces *pieces, const uint8_t part_uuid[16]);

/* Does an area's header name exactly these pieces?  pieces: NULL: a partition, which has none. */
bool pieces_match(const struct pieces *pieces, const struct img_area *header);

/* Byte `offset` of all pieces; *ret_run: so many bytes follow there.  The descriptor. */
int pieces_locate(const struct pieces *pieces, uint64_t offset, uint64_t *ret_offset,
		  uint64_t *ret_run);

/* As io_pread and io_pwrite, by bytes of all pieces; beyond their end, EIO. */
int pieces_read(const struct pieces *pieces, void *to, size_t size, uint64_t offset);
int pieces_write(const struct pieces *pieces, const void *from, size_t size, uint64_t offset);

/* Of each partition, once.  0, or -1 with errno. */
int pieces_flush(const struct pieces *pieces);

/* Of the pieces alone: the partition's cache may be a mounted file system's, too. */
void pieces_drop_cache(const struct pieces *pieces);

#endif
