/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Hand-made disks, byte by byte: the minimum for each file system, or stack, to be recognised.  For
 * the unit tests, which break one rule at a time, and for the fuzzer, which breaks anything.
 */
#ifndef IMGFMT_TESTS_DISKS_H
#define IMGFMT_TESTS_DISKS_H

#include <imgfmt/imgfmt.h>

#define KIB 1024u
#define MIB (1024u * KIB)

/* Integers into raw bytes. */
void put_le(void *to, uint64_t value, size_t width);
void put_be(void *to, uint64_t value, size_t width);

struct disk {
	uint8_t *byte; /* the caller frees it */
	uint64_t size;
	uint64_t bad; /* a block that cannot be read */
};

/* Full of zeroes; every block readable. */
struct disk disk_make(uint64_t size);

/*
 * The `read` of a struct img_fs_reader, ctx: struct disk.  Aborts if the caller breaks its
 * contract.
 */
bool disk_read(void *ctx, uint64_t offset, void *buffer);

/* ext4 with 4 KiB blocks: descriptors in block 1, inode table in 16, journal from 100 on. */
#define EXT_SB	  1024u
#define EXT_DESC  4096u
#define EXT_INODE (16u * 4096 + 7 * 256)
#define EXT_MAP	  (EXT_INODE + 0x28)
#define EXT_LOG	  (100u * 4096)
struct disk make_ext4(void);
void put_extent_node(uint8_t *node, uint32_t entries, uint32_t depth);

/* xfs of two groups of 64 blocks of 4 KiB; the log has 40 blocks from block 8 of the second. */
#define XFS_LOG	       ((64u + 8) * 4096)
#define XFS_LOG_BLOCKS 40u
#define XFS_BASIC      (XFS_LOG_BLOCKS * 8)
struct disk make_xfs(void);
/* head: the 512-byte block where the turn `cycle` ends; records: every eighth is a header. */
struct disk xfs_with_head(uint32_t head, uint32_t cycle, bool records);

#define BTRFS_SB (64u * KIB)
struct disk make_btrfs(void);

/* f2fs: checkpoint packs of 3 and 4 blocks at 2 and 4 MiB, the main area from 6 MiB on. */
#define F2FS_PACK(i)	     ((1u + (i)) * 2 * MIB)
#define F2FS_PACK_SIZE(i)    (3u + (i))
#define NODE(segment, block) (6ull * MIB + (segment) * 2ull * MIB + (block) * 4096ull)
struct disk make_f2fs(void);
uint32_t f2fs_crc(const uint8_t *data, size_t size);
/* Corrects the checksum at the end of a checkpoint block. */
void seal_pack_block(uint8_t *block);
void seal_packs(struct disk *d); /* both ends of both */
/* Both ends of pack i: its version, and the place for the next warm node. */
void put_pack(struct disk *d, uint32_t i, uint64_t version, uint32_t segment, uint32_t block);

/* squashfs, erofs and iso9660, all at once: their superblocks do not overlap. */
struct disk make_readonly(void);

/* A physical volume: a label in sector 1, which lists one data area and two metadata areas. */
#define LVM_LABEL   512u
#define LVM_LIST    72u /* of areas; in the label */
#define LVM_AREA(i) (4096u + (i) * 188 * KIB)
struct disk make_lvm(void);
void put_lvm_label(struct disk *d, uint32_t sector);
void seal_lvm(struct disk *d); /* corrects all checksums; likewise below */

/* LUKS: two of eight keys in use; a second copy after 16 KiB. */
#define LUKS1_KEY(i) (208u + (i) * 48)
#define LUKS2_SECOND (16u * KIB)
struct disk make_luks1(void);
struct disk make_luks2(void);

/* A member of an array, whose superblock is where its version wants it on this size of disk. */
#define MD_10  (252u * KIB)
#define MD_11  0u
#define MD_12  4096u
#define MD_090 (192u * KIB)
struct disk make_md10(void);
struct disk make_md11(void);
struct disk make_md12(void);
struct disk make_md090(void);
/* Adds a superblock of version 1 with three roles, or of version 0.90. */
void put_md1(struct disk *d, uint64_t offset);
void put_md0(struct disk *d, uint64_t offset);
void seal_md(struct disk *d);

struct disk make_swap(void);
/* The first block of a swap partition. */
void put_swap(uint8_t *block, const char *magic, uint32_t last);

#endif
