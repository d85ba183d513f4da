/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A file a file system (fs_*.c), and what they are written with.  Each survey looks at what the
 * disk says, and adds the extents that prove the file system; the first look at which it cannot go
 * on ends it.
 *
 * One buffer holds the block that was read last: what is needed of it is taken out before the next
 * is read.
 */
#ifndef IMGFMT_FS_H
#define IMGFMT_FS_H

#include <imgfmt/proof.h>

#include "internal.h"

#define KIB 1024u

struct fs_survey {
	const struct img_fs_reader *reader;
	struct img_fs_extent extent[IMG_FS_MAX_EXTENTS];
	uint32_t nr;
	const char *odd; /* why it cannot be proven */
};

/* X(Linux name, survey): img_fs_SURVEY.  IMG_OK, DISK_READ, GATE_FS_UNPROVABLE with `odd`. */
#define IMG_FS_TYPES(X)                                                                            \
	X("ext2", ext)                                                                             \
	X("ext3", ext)                                                                             \
	X("ext4", ext)                                                                             \
	X("xfs", xfs)                                                                              \
	X("btrfs", btrfs)                                                                          \
	X("f2fs", f2fs)                                                                            \
	X("squashfs", squashfs)                                                                    \
	X("erofs", erofs)                                                                          \
	X("iso9660", iso9660)

#define IMG_FS_DECLARE(type, survey) enum img_reason img_fs_##survey(struct fs_survey *s);
IMG_FS_TYPES(IMG_FS_DECLARE)
#undef IMG_FS_DECLARE

/* Notes why. */
static inline enum img_reason img_fs_unprovable(struct fs_survey *s, const char *odd)
{
	s->odd = odd;
	return IMG_E_GATE_FS_UNPROVABLE;
}

/*
 * *ret_at: the `size` bytes at `offset`, valid until the next read.  They must not cross a border
 * of 4 KiB, which no structure of a file system does.  odd: what to say if they lie outside.
 */
enum img_reason img_fs_look(struct fs_survey *s, uint64_t offset, uint32_t size, const char *odd,
			    const uint8_t **ret_at);

/* A superblock of `size` bytes that has `magic` at `at`; it and only it is looked at and added. */
struct img_fs_super {
	enum img_proof_kind kind;
	uint64_t offset;
	uint32_t size;
	uint32_t at;
	const char *magic;
};
enum img_reason img_fs_look_super(struct fs_survey *s, const struct img_fs_super *super,
				  const uint8_t **ret_at);

/* Bytes that were looked at, so that they lie within the partition. */
void img_fs_add(struct fs_survey *s, enum img_proof_kind kind, uint64_t offset, uint32_t size);

/* The last, partial block of a partition cannot be read; no file system has anything there. */
static inline uint64_t img_fs_readable(const struct fs_survey *s)
{
	return s->reader->size & ~(uint64_t)(IMG_BLOCK - 1);
}

/* `nr` units of `size` bytes; beyond any partition if that wraps. */
static inline uint64_t img_fs_scaled(uint64_t nr, uint64_t size)
{
	return size && nr > ~0ull / size ? ~0ull : nr * size;
}

#endif
