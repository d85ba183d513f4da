/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * One file for each file system and each kind of stack (fs_*.c), and their common functions.  Each
 * survey reads the disk, and adds the extents that prove it unchanged; it ends at the first
 * structure that it cannot handle.
 *
 * One buffer holds the last block read: take all that is needed from it before reading the next.
 */
#ifndef IMGFMT_FS_H
#define IMGFMT_FS_H

#include <imgfmt/proof.h>

#include "internal.h"

#define KIB 1024u

struct fs_survey {
	const struct img_fs_reader *reader;
	struct img_fs_proof proof;
	const char *why; /* why it cannot be proven */
};

/* X(Linux name, survey): img_fs_SURVEY.  IMG_OK, DISK_READ, GATE_FS_UNPROVABLE with `why`. */
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

/* The same for what is below file systems, or beside them; the names are libblkid's. */
#define IMG_STACK_TYPES(X)                                                                         \
	X("LVM2_member", lvm)                                                                      \
	X("crypto_LUKS", luks)                                                                     \
	X("linux_raid_member", md)                                                                 \
	X("swap", swap)

#define IMG_FS_DECLARE(type, survey) enum img_reason img_fs_##survey(struct fs_survey *s);
IMG_FS_TYPES(IMG_FS_DECLARE)
IMG_STACK_TYPES(IMG_FS_DECLARE)
#undef IMG_FS_DECLARE

/* Notes the cause. */
static inline enum img_reason img_fs_unprovable(struct fs_survey *s, const char *why)
{
	s->why = why;
	return IMG_E_GATE_FS_UNPROVABLE;
}

/*
 * *ret_at: the `size` bytes at `offset`, valid until the next read.  They must not cross a boundary
 * of 4 KiB; no structure of a file system does.  why: the cause to note if they are outside.
 */
enum img_reason img_fs_look(struct fs_survey *s, uint64_t offset, uint32_t size, const char *why,
			    const uint8_t **ret_at);

/* A superblock of `size` bytes that has `magic` at `at`; the only bytes that are read and added. */
struct img_fs_super {
	enum img_proof_kind kind;
	uint64_t offset;
	uint32_t size;
	uint32_t at;
	const char *magic;
};
enum img_reason img_fs_look_super(struct fs_survey *s, const struct img_fs_super *super,
				  const uint8_t **ret_at);

/* Adds bytes that img_fs_look has read, so they are within the partition. */
void img_fs_add(struct fs_survey *s, enum img_proof_kind kind, uint64_t offset, uint32_t size);

/* CRC-32 of IEEE 802.3, bits reversed, not inverted at either end. */
uint32_t img_fs_crc32(uint32_t crc, const uint8_t *data, uint32_t size);

/* The last, partial block of a partition cannot be read; no file system uses it. */
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
