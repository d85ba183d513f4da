// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Which bytes of a file system cannot stay the same once it is mounted
 * read-write.  Runs while the tasks stand still, so the disk does not change
 * under it; but what it reads is foreign and may say anything: every address is
 * checked before it is read, every walk has a bound that does not come from the
 * disk.  docs/safety.md says for each file system why these bytes.
 *
 * One buffer holds the block that was read last; what is needed of it is taken
 * out before the next is read.
 */
#include <imgfmt/proof.h>

#include "internal.h"

#define KIB 1024u

struct survey {
	const struct img_fs_reader *reader;
	struct img_fs_extent extent[IMG_FS_MAX_EXTENTS];
	uint32_t nr;
	const char *odd; /* why it cannot be proven */
};

static enum img_reason unprovable(struct survey *s, const char *odd)
{
	s->odd = odd;
	return IMG_E_GATE_FS_UNPROVABLE;
}

/* The last, partial block of a partition cannot be read; no file system has anything there. */
static uint64_t readable(const struct survey *s)
{
	return s->reader->size & ~(uint64_t)(IMG_BLOCK - 1);
}

/*
 * *ret_at: the `size` bytes at `offset`, valid until the next read.  They must not cross a border
 * of 4 KiB, which no structure below does.  odd: what to say if they lie outside.
 */
static enum img_reason look(struct survey *s, uint64_t offset, uint32_t size, const char *odd,
			    const uint8_t **ret_at)
{
	uint32_t inside = (uint32_t)(offset & (IMG_BLOCK - 1));

	if (!img_fits(offset, size, readable(s)) || !img_fits(inside, size, IMG_BLOCK))
		return unprovable(s, odd);
	if (!s->reader->read(s->reader->ctx, offset - inside, s->reader->buffer)) {
		s->odd = odd;
		return IMG_E_DISK_READ;
	}
	*ret_at = (const uint8_t *)s->reader->buffer + inside;
	return IMG_OK;
}

/* The extents were looked at before, so they lie within the partition; none is too many. */
static void add(struct survey *s, enum img_proof_kind kind, uint64_t offset, uint32_t size)
{
	s->extent[s->nr++] = (struct img_fs_extent){ kind, offset, size };
}

/* `nr` units of `size` bytes; beyond any partition if that wraps. */
static uint64_t scaled(uint64_t nr, uint64_t size)
{
	return size && nr > ~0ull / size ? ~0ull : nr * size;
}

/*
 * ext2, ext3, ext4.  Offsets: Linux, fs/ext4/ext4.h (superblock, group descriptor, inode),
 * fs/ext4/ext4_extents.h, include/linux/jbd2.h.
 *
 * Where the journal lies is read from its inode, as the kernel does: the copy in
 * the superblock is a backup, which may be old.
 */

#define EXT_SUPER	       1024u
#define EXT_SUPER_SIZE	       1024u
#define EXT_LOG_BLOCK_SIZE     0x18u
#define EXT_MAGIC	       0x38u
#define EXT_REV_LEVEL	       0x4cu
#define EXT_INODE_SIZE	       0x58u
#define EXT_COMPAT	       0x5cu
#define EXT_INCOMPAT	       0x60u
#define EXT_JOURNAL_INUM       0xe0u
#define EXT_JOURNAL_DEV	       0xe4u
#define EXT_DESC_SIZE	       0xfeu
#define EXT_COMPAT_HAS_JOURNAL 4u
#define EXT_INCOMPAT_DEV       8u
#define EXT_INCOMPAT_64BIT     0x80u
#define EXT_JOURNAL_INODE      8u
#define EXT_OLD_INODE_SIZE     128u
#define EXT_DESC_TABLE	       8u
#define EXT_DESC_TABLE_HIGH    0x28u
#define EXT_INODE_FLAGS	       0x20u
#define EXT_INODE_BLOCK	       0x28u
#define EXT_INODE_BLOCK_SIZE   60u
#define EXT_INODE_EXTENTS      0x80000u
#define EXT_NODE_MAGIC	       0xf30au
#define EXT_NODE_ENTRIES       2u
#define EXT_NODE_DEPTH	       6u
#define EXT_NODE_FIRST	       12u
#define EXT_MAX_DEPTH	       5u
#define EXT_ENTRY_START_HIGH   6u
#define EXT_ENTRY_START	       8u
#define EXT_ENTRY_LEAF	       4u
#define EXT_ENTRY_LEAF_HIGH    8u
#define EXT_ENTRY_SIZE	       12u
#define JBD2_SUPER_SIZE	       1024u
#define JBD2_MAGIC	       0xc03b3998u
#define JBD2_BLOCKTYPE	       4u
#define JBD2_SUPER_V1	       3u
#define JBD2_SUPER_V2	       4u

struct ext {
	uint32_t block_size;
	uint32_t inode_size;
	bool has_high; /* 64-bit block numbers in the group descriptors */
};

/* Whether the journal is inode 8, or elsewhere. */
static bool ext_journal_is_internal(const uint8_t *super)
{
	return img_load_le(super + EXT_JOURNAL_INUM, 4) == EXT_JOURNAL_INODE &&
	       !img_load_le(super + EXT_JOURNAL_DEV, 4);
}

static enum img_reason ext_geometry(struct survey *s, const uint8_t *super, struct ext *ret)
{
	uint32_t shift = (uint32_t)img_load_le(super + EXT_LOG_BLOCK_SIZE, 4);
	bool wide = img_load_le(super + EXT_INCOMPAT, 4) & EXT_INCOMPAT_64BIT;

	if (shift > 6)
		return unprovable(s, "block size");
	ret->block_size = KIB << shift;
	ret->inode_size = EXT_OLD_INODE_SIZE;
	if (img_load_le(super + EXT_REV_LEVEL, 4))
		ret->inode_size = (uint32_t)img_load_le(super + EXT_INODE_SIZE, 2);
	if (ret->inode_size < EXT_OLD_INODE_SIZE || ret->inode_size > ret->block_size ||
	    ret->inode_size & (ret->inode_size - 1))
		return unprovable(s, "inode size");
	ret->has_high = wide && img_load_le(super + EXT_DESC_SIZE, 2) >= 64;
	return IMG_OK;
}

/* The first group's descriptor is after the superblock's block, with any layout of groups. */
static enum img_reason ext_journal_inode(struct survey *s, const struct ext *fs,
					 uint8_t ret_map[EXT_INODE_BLOCK_SIZE], bool *ret_extents)
{
	uint64_t at = (fs->block_size == KIB ? 2 : 1) * (uint64_t)fs->block_size;
	enum img_reason reason;
	const uint8_t *desc, *inode;
	uint64_t table;

	reason = look(s, at, fs->has_high ? 64 : 32, "group descriptor", &desc);
	if (reason != IMG_OK)
		return reason;
	table = img_load_le(desc + EXT_DESC_TABLE, 4);
	if (fs->has_high)
		table |= img_load_le(desc + EXT_DESC_TABLE_HIGH, 4) << 32;
	at = scaled(table, fs->block_size);
	if (!img_fits(at, (uint64_t)EXT_JOURNAL_INODE * fs->inode_size, readable(s)))
		return unprovable(s, "inode table");
	at += (EXT_JOURNAL_INODE - 1) * (uint64_t)fs->inode_size;
	reason = look(s, at, EXT_OLD_INODE_SIZE, "inode table", &inode);
	if (reason != IMG_OK)
		return reason;
	*ret_extents = img_load_le(inode + EXT_INODE_FLAGS, 4) & EXT_INODE_EXTENTS;
	memcpy(ret_map, inode + EXT_INODE_BLOCK, EXT_INODE_BLOCK_SIZE);
	return IMG_OK;
}

/* Down the leftmost path of an extent tree, whose root is in the inode. */
static enum img_reason ext_first_block(struct survey *s, const struct ext *fs, const uint8_t *root,
				       uint64_t *ret_block)
{
	const uint8_t *node = root;
	uint64_t depth = img_load_le(root + EXT_NODE_DEPTH, 2);

	for (;; depth--) {
		const uint8_t *entry = node + EXT_NODE_FIRST;
		enum img_reason reason;

		if (img_load_le(node, 2) != EXT_NODE_MAGIC || depth > EXT_MAX_DEPTH ||
		    img_load_le(node + EXT_NODE_DEPTH, 2) != depth ||
		    !img_load_le(node + EXT_NODE_ENTRIES, 2) || img_load_le(entry, 4))
			return unprovable(s, "journal inode");
		if (!depth) {
			*ret_block = img_load_le(entry + EXT_ENTRY_START, 4) |
				     img_load_le(entry + EXT_ENTRY_START_HIGH, 2) << 32;
			return IMG_OK;
		}
		*ret_block = img_load_le(entry + EXT_ENTRY_LEAF, 4) |
			     img_load_le(entry + EXT_ENTRY_LEAF_HIGH, 2) << 32;
		reason = look(s, scaled(*ret_block, fs->block_size),
			      EXT_NODE_FIRST + EXT_ENTRY_SIZE, "journal inode", &node);
		if (reason != IMG_OK)
			return reason;
	}
}

static enum img_reason ext_journal(struct survey *s, const struct ext *fs)
{
	uint8_t map[EXT_INODE_BLOCK_SIZE];
	enum img_reason reason;
	uint64_t block, type;
	const uint8_t *super;
	bool extents = false;

	reason = ext_journal_inode(s, fs, map, &extents);
	if (reason != IMG_OK)
		return reason;
	block = img_load_le(map, 4);
	if (extents)
		reason = ext_first_block(s, fs, map, &block);
	if (reason == IMG_OK)
		reason = look(s, scaled(block, fs->block_size), JBD2_SUPER_SIZE, "journal", &super);
	if (reason != IMG_OK)
		return reason;
	type = img_load_be(super + JBD2_BLOCKTYPE, 4);
	if (img_load_be(super, 4) != JBD2_MAGIC || (type != JBD2_SUPER_V1 && type != JBD2_SUPER_V2))
		return unprovable(s, "journal");
	add(s, IMG_PROOF_EXT_JOURNAL, block * fs->block_size, JBD2_SUPER_SIZE);
	return IMG_OK;
}

static enum img_reason ext_survey(struct survey *s)
{
	const uint8_t *super;
	enum img_reason reason;
	struct ext fs;

	reason = look(s, EXT_SUPER, EXT_SUPER_SIZE, "superblock", &super);
	if (reason != IMG_OK)
		return reason;
	if (img_load_le(super + EXT_MAGIC, 2) != 0xef53)
		return unprovable(s, "superblock");
	add(s, IMG_PROOF_EXT_SUPER, EXT_SUPER, EXT_SUPER_SIZE);
	if (img_load_le(super + EXT_INCOMPAT, 4) & EXT_INCOMPAT_DEV)
		return unprovable(s, "external journal");
	if (!(img_load_le(super + EXT_COMPAT, 4) & EXT_COMPAT_HAS_JOURNAL))
		return IMG_OK;
	if (!ext_journal_is_internal(super))
		return unprovable(s, "external journal");
	reason = ext_geometry(s, super, &fs);
	return reason == IMG_OK ? ext_journal(s, &fs) : reason;
}

/*
 * xfs.  Offsets: Linux, fs/xfs/libxfs/xfs_format.h (struct xfs_dsb), xfs_log_format.h;
 * big-endian.
 *
 * The log is a ring of 512-byte blocks, each stamped with the number of the turn
 * in which it was written.  Blocks from the start to the head carry this turn's
 * number, those after it the last one's: the head is found by halving, as in
 * fs/xfs/xfs_log_recover.c, xlog_find_cycle_start().  Whatever is logged next
 * overwrites the block at the head.  So does a read-only mount: it stamps the
 * blocks after the head (xlog_clear_stale_blocks()), and its end is logged
 * (xfs_log_unmount_write()).  Only with norecovery, or on a read-only device, it
 * leaves the log alone.
 */

#define XFS_MAGIC	  0x58465342u
#define XFS_BLOCK_SIZE	  4u
#define XFS_RT_BLOCKS	  16u
#define XFS_LOG_START	  48u
#define XFS_AG_BLOCKS	  84u
#define XFS_AG_COUNT	  88u
#define XFS_LOG_BLOCKS	  96u
#define XFS_AG_BLOCKS_LOG 124u
#define XFS_SECTOR	  512u
#define XLOG_HEADER_MAGIC 0xfeedbabeu
#define XLOG_WINDOW	  (32u * KIB)

struct xlog {
	uint64_t start;	 /* byte of the partition */
	uint64_t blocks; /* of XFS_SECTOR bytes */
};

static enum img_reason xfs_log_place(struct survey *s, const uint8_t *super, struct xlog *ret)
{
	uint64_t block_size = img_load_be(super + XFS_BLOCK_SIZE, 4);
	uint64_t fsblock = img_load_be(super + XFS_LOG_START, 8);
	uint64_t ag_blocks = img_load_be(super + XFS_AG_BLOCKS, 4);
	uint64_t log_size = scaled(img_load_be(super + XFS_LOG_BLOCKS, 4), block_size);
	uint32_t shift = super[XFS_AG_BLOCKS_LOG];
	uint64_t group, block;

	if (!fsblock)
		return unprovable(s, "external log");
	if (img_load_be(super + XFS_RT_BLOCKS, 8))
		return unprovable(s, "several devices");
	if (block_size < XFS_SECTOR || block_size > 64 * KIB || block_size & (block_size - 1) ||
	    shift > 31)
		return unprovable(s, "superblock");
	group = fsblock >> shift;
	block = fsblock & ((1ull << shift) - 1);
	if (group >= img_load_be(super + XFS_AG_COUNT, 4) || block >= ag_blocks)
		return unprovable(s, "log");
	ret->start = scaled(group * ag_blocks + block, block_size);
	ret->blocks = log_size / XFS_SECTOR;
	if (!ret->blocks || !img_fits(ret->start, log_size, readable(s)))
		return unprovable(s, "log");
	return IMG_OK;
}

/* A record's header has its magic where other blocks have the turn. */
static enum img_reason xlog_cycle(struct survey *s, const struct xlog *log, uint64_t block,
				  uint64_t *ret_cycle)
{
	const uint8_t *at;
	enum img_reason reason = look(s, log->start + block * XFS_SECTOR, XFS_SECTOR, "log", &at);

	if (reason != IMG_OK)
		return reason;
	*ret_cycle = img_load_be(at, 4);
	if (*ret_cycle == XLOG_HEADER_MAGIC)
		*ret_cycle = img_load_be(at + 4, 4);
	return IMG_OK;
}

/* All of one turn: what comes next goes to the start. */
static enum img_reason xlog_find_head(struct survey *s, const struct xlog *log, uint64_t *ret_head)
{
	uint64_t low = 0, high = log->blocks - 1;
	uint64_t first, last, cycle;
	enum img_reason reason = xlog_cycle(s, log, low, &first);

	if (reason == IMG_OK)
		reason = xlog_cycle(s, log, high, &last);
	if (reason != IMG_OK)
		return reason;
	*ret_head = 0;
	if (first == last)
		return IMG_OK;
	/* Block `low` is not of the last turn, block `high` is. */
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		reason = xlog_cycle(s, log, middle, &cycle);
		if (reason != IMG_OK)
			return reason;
		if (cycle == last)
			high = middle;
		else
			low = middle;
	}
	*ret_head = high;
	return IMG_OK;
}

static enum img_reason xfs_survey(struct survey *s)
{
	uint64_t head, from, to;
	const uint8_t *super;
	enum img_reason reason;
	struct xlog log;

	reason = look(s, 0, XFS_SECTOR, "superblock", &super);
	if (reason != IMG_OK)
		return reason;
	if (img_load_be(super, 4) != XFS_MAGIC)
		return unprovable(s, "superblock");
	add(s, IMG_PROOF_XFS_SUPER, 0, XFS_SECTOR);
	reason = xfs_log_place(s, super, &log);
	if (reason == IMG_OK)
		reason = xlog_find_head(s, &log, &head);
	if (reason != IMG_OK)
		return reason;
	from = head * XFS_SECTOR - img_min(head * XFS_SECTOR, XLOG_WINDOW);
	to = img_min(head * XFS_SECTOR + XLOG_WINDOW, log.blocks * XFS_SECTOR);
	add(s, IMG_PROOF_XFS_LOG, log.start + from, (uint32_t)(to - from));
	return IMG_OK;
}

/* btrfs.  Offsets: Linux, include/uapi/linux/btrfs_tree.h, struct btrfs_super_block. */

#define BTRFS_SUPER	  (64u * KIB)
#define BTRFS_SUPER_SIZE  4096u
#define BTRFS_BYTENR	  0x30u
#define BTRFS_MAGIC	  0x40u
#define BTRFS_NUM_DEVICES 0x88u

static enum img_reason btrfs_survey(struct survey *s)
{
	const uint8_t *super;
	enum img_reason reason = look(s, BTRFS_SUPER, BTRFS_SUPER_SIZE, "superblock", &super);

	if (reason != IMG_OK)
		return reason;
	if (memcmp(super + BTRFS_MAGIC, "_BHRfS_M", 8) ||
	    img_load_le(super + BTRFS_BYTENR, 8) != BTRFS_SUPER)
		return unprovable(s, "superblock");
	if (img_load_le(super + BTRFS_NUM_DEVICES, 8) != 1)
		return unprovable(s, "several devices");
	add(s, IMG_PROOF_BTRFS_SUPER, BTRFS_SUPER, BTRFS_SUPER_SIZE);
	return IMG_OK;
}

/*
 * f2fs.  Offsets: Linux, include/linux/f2fs_fs.h.
 *
 * An fsync between checkpoints writes no checkpoint but a node, to the place that
 * the current checkpoint names as next of the warm node segment; recovery looks
 * for it there (fs/f2fs/recovery.c, find_fsync_dnodes()).
 */

#define F2FS_SUPER	    1024u
#define F2FS_BLOCK	    4096u
#define F2FS_MAGIC	    0xf2f52010u
#define F2FS_LOG_BLOCK_SIZE 16u
#define F2FS_LOG_SEGMENT    20u
#define F2FS_CP_BLOCK	    76u
#define F2FS_MAIN_BLOCK	    92u
#define F2FS_DEVICES	    2201u
#define F2FS_DEVICE_SIZE    68u
#define F2FS_SEGMENT_SHIFT  9u
#define F2FS_SEGMENT_BLOCKS (1u << F2FS_SEGMENT_SHIFT)
#define F2FS_CP_NODE_SEGNO  36u
#define F2FS_CP_NODE_BLKOFF 68u
#define F2FS_CP_TOTAL	    136u
#define F2FS_CP_CSUM_OFFSET 164u
#define F2FS_CP_CSUM_MIN    192u
#define F2FS_CP_CSUM_MAX    4092u
#define F2FS_CP_BLOCKS_MIN  3u
#define F2FS_CP_PACKS	    2u
#define F2FS_WARM_NODE	    1u

struct f2fs_pack {
	bool valid;
	uint64_t version;
	uint64_t total; /* blocks of the pack */
	uint64_t segment, block;
};

/* CRC-32 of IEEE 802.3, bits reversed, not inverted at either end. */
static uint32_t crc32_le(uint32_t crc, const uint8_t *data, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (uint32_t bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return crc;
}

/* fs/f2fs/checkpoint.c, f2fs_checkpoint_chksum(): all of the block but the sum itself. */
static bool f2fs_block_is_good(const uint8_t *block)
{
	uint32_t at = (uint32_t)img_load_le(block + F2FS_CP_CSUM_OFFSET, 4);
	uint32_t crc;

	if (at < F2FS_CP_CSUM_MIN || at > F2FS_CP_CSUM_MAX)
		return false;
	crc = crc32_le(F2FS_MAGIC, block, at);
	if (at < F2FS_CP_CSUM_MAX)
		crc = crc32_le(crc, block + at + 4, F2FS_BLOCK - 4 - at);
	return crc == img_load_le(block + at, 4);
}

/* One checkpoint's block: the pack opens and closes with it. */
static enum img_reason f2fs_read_pack(struct survey *s, uint64_t offset, struct f2fs_pack *ret)
{
	const uint8_t *block;
	enum img_reason reason = look(s, offset, F2FS_BLOCK, "checkpoint", &block);

	if (reason != IMG_OK)
		return reason;
	ret->valid = f2fs_block_is_good(block);
	ret->version = img_load_le(block, 8);
	ret->total = img_load_le(block + F2FS_CP_TOTAL, 4);
	ret->segment = img_load_le(block + F2FS_CP_NODE_SEGNO + F2FS_WARM_NODE * 4, 4);
	ret->block = img_load_le(block + F2FS_CP_NODE_BLKOFF + F2FS_WARM_NODE * 2, 2);
	return IMG_OK;
}

/* fs/f2fs/checkpoint.c, validate_checkpoint(): both ends whole and of one version. */
static enum img_reason f2fs_check_pack(struct survey *s, uint64_t offset, struct f2fs_pack *ret)
{
	struct f2fs_pack end;
	enum img_reason reason = f2fs_read_pack(s, offset, ret);

	if (reason != IMG_OK || !ret->valid)
		return reason;
	ret->valid = ret->total >= F2FS_CP_BLOCKS_MIN && ret->total <= F2FS_SEGMENT_BLOCKS;
	if (!ret->valid)
		return IMG_OK;
	reason = f2fs_read_pack(s, offset + (ret->total - 1) * F2FS_BLOCK, &end);
	if (reason == IMG_OK)
		ret->valid = end.valid && end.version == ret->version;
	return reason;
}

/*
 * The next block of the warm node segment, by the newer checkpoint, of two alike the first, as in
 * f2fs_get_valid_checkpoint(); versions wrap.
 */
static enum img_reason f2fs_next_node(struct survey *s, const struct f2fs_pack pack[F2FS_CP_PACKS],
				      uint64_t main_block)
{
	const struct f2fs_pack *now = &pack[pack[1].valid];
	uint64_t block, offset;
	const uint8_t *at;
	enum img_reason reason;

	if (pack[0].valid && pack[1].valid)
		now = &pack[(int64_t)(pack[1].version - pack[0].version) > 0];
	if (!now->valid)
		return unprovable(s, "checkpoint");
	if (now->block >= F2FS_SEGMENT_BLOCKS)
		return unprovable(s, "node segment");
	block = main_block + now->segment * F2FS_SEGMENT_BLOCKS + now->block;
	offset = block * F2FS_BLOCK;
	reason = look(s, offset, F2FS_BLOCK, "node segment", &at);
	if (reason == IMG_OK)
		add(s, IMG_PROOF_F2FS_NODE, offset, F2FS_BLOCK);
	return reason;
}

/* The list of devices, with a path each, is filled in only where there are several. */
static const char *f2fs_odd_super(const uint8_t *super)
{
	if (img_load_le(super, 4) != F2FS_MAGIC)
		return "superblock";
	if (img_load_le(super + F2FS_LOG_BLOCK_SIZE, 4) != 12 ||
	    img_load_le(super + F2FS_LOG_SEGMENT, 4) != F2FS_SEGMENT_SHIFT)
		return "block size";
	if (super[F2FS_DEVICES] || super[F2FS_DEVICES + F2FS_DEVICE_SIZE])
		return "several devices";
	return NULL;
}

static enum img_reason f2fs_survey(struct survey *s)
{
	struct f2fs_pack pack[F2FS_CP_PACKS];
	uint64_t checkpoint, main_block;
	const uint8_t *super;
	const char *odd;
	enum img_reason reason;

	reason = look(s, F2FS_SUPER, F2FS_BLOCK - F2FS_SUPER, "superblock", &super);
	if (reason != IMG_OK)
		return reason;
	odd = f2fs_odd_super(super);
	if (odd)
		return unprovable(s, odd);
	add(s, IMG_PROOF_F2FS_SUPER, F2FS_SUPER, F2FS_BLOCK - F2FS_SUPER);
	checkpoint = img_load_le(super + F2FS_CP_BLOCK, 4) * F2FS_BLOCK;
	main_block = img_load_le(super + F2FS_MAIN_BLOCK, 4);
	for (uint32_t i = 0; i < F2FS_CP_PACKS; i++) {
		uint64_t offset = checkpoint + (uint64_t)i * F2FS_SEGMENT_BLOCKS * F2FS_BLOCK;

		reason = f2fs_check_pack(s, offset, &pack[i]);
		if (reason != IMG_OK)
			return reason;
		add(s, IMG_PROOF_F2FS_CHECKPOINT, offset, F2FS_BLOCK);
	}
	return f2fs_next_node(s, pack, main_block);
}

/* File systems that cannot be written: the superblock tells one from another. */

#define SQUASHFS_SUPER_SIZE 512u
#define EROFS_SUPER	    1024u
#define EROFS_SUPER_SIZE    512u
#define EROFS_EXTRA_DEVICES 86u
#define ISO9660_SUPER	    (32u * KIB)
#define ISO9660_SUPER_SIZE  2048u

static enum img_reason squashfs_survey(struct survey *s)
{
	const uint8_t *super;
	enum img_reason reason = look(s, 0, SQUASHFS_SUPER_SIZE, "superblock", &super);

	if (reason != IMG_OK)
		return reason;
	if (memcmp(super, "hsqs", 4))
		return unprovable(s, "superblock");
	add(s, IMG_PROOF_SQUASHFS_SUPER, 0, SQUASHFS_SUPER_SIZE);
	return IMG_OK;
}

static enum img_reason erofs_survey(struct survey *s)
{
	const uint8_t *super;
	enum img_reason reason = look(s, EROFS_SUPER, EROFS_SUPER_SIZE, "superblock", &super);

	if (reason != IMG_OK)
		return reason;
	if (img_load_le(super, 4) != 0xe0f5e1e2)
		return unprovable(s, "superblock");
	if (img_load_le(super + EROFS_EXTRA_DEVICES, 2))
		return unprovable(s, "several devices");
	add(s, IMG_PROOF_EROFS_SUPER, EROFS_SUPER, EROFS_SUPER_SIZE);
	return IMG_OK;
}

static enum img_reason iso9660_survey(struct survey *s)
{
	const uint8_t *super;
	enum img_reason reason = look(s, ISO9660_SUPER, ISO9660_SUPER_SIZE, "superblock", &super);

	if (reason != IMG_OK)
		return reason;
	if (memcmp(super + 1, "CD001", 5))
		return unprovable(s, "superblock");
	add(s, IMG_PROOF_ISO9660_SUPER, ISO9660_SUPER, ISO9660_SUPER_SIZE);
	return IMG_OK;
}

static bool same_text(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static enum img_reason survey_type(struct survey *s, const char *type)
{
	static const struct {
		const char *type;
		enum img_reason (*survey)(struct survey *s);
	} known[] = {
		{ "ext2", ext_survey },		 { "ext3", ext_survey },
		{ "ext4", ext_survey },		 { "xfs", xfs_survey },
		{ "btrfs", btrfs_survey },	 { "f2fs", f2fs_survey },
		{ "squashfs", squashfs_survey }, { "erofs", erofs_survey },
		{ "iso9660", iso9660_survey },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (same_text(known[i].type, type))
			return known[i].survey(s);
	return unprovable(s, "type");
}

enum img_reason img_fs_extents(const char *type, const struct img_fs_reader *reader,
			       struct img_fs_extent ret_extent[IMG_FS_MAX_EXTENTS],
			       uint32_t *ret_nr, struct img_detail *detail)
{
	struct survey s = { .reader = reader };
	enum img_reason reason = survey_type(&s, type);

	if (reason != IMG_OK)
		return IMG_REFUSE(detail, reason, .object = type, .field = s.odd);
	memcpy(ret_extent, s.extent, s.nr * sizeof(*ret_extent));
	*ret_nr = s.nr;
	return IMG_OK;
}

/* The swap area.  Offsets: Linux, include/linux/swap.h, union swap_header. */

#define SWAP_MAGIC     4086u
#define SWAP_VERSION   1024u
#define SWAP_LAST_PAGE 1028u

/*
 * A header of the other byte order is taken by the kernel too (mm/swapfile.c,
 * read_swap_header()), and one with a hibernation image is marked S1SUSPEND
 * (kernel/power/swap.c).
 */
enum img_reason img_swap_check(const void *block, const struct img_area *area,
			       struct img_detail *detail)
{
	const uint8_t *b = block;
	uint64_t last = img_load_le(b + SWAP_LAST_PAGE, 4), end;

	if (memcmp(b + SWAP_MAGIC, "SWAPSPACE2", 10) && memcmp(b + SWAP_MAGIC, "S1SUSPEND", 10))
		return IMG_OK;
	if (img_load_be(b + SWAP_VERSION, 4) == 1)
		last = img_load_be(b + SWAP_LAST_PAGE, 4);
	end = (last + 1) * IMG_PAGE_SIZE;
	if (end <= area->offset)
		return IMG_OK;
	return IMG_REFUSE(detail, IMG_E_GATE_SWAP_OVERLAP, .object = "swap area", .field = "end",
			  .golden = area->offset, .today = end);
}
