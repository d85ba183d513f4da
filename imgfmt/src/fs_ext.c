// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * ext2, ext3, ext4.  Offsets: Linux, fs/ext4/ext4.h (superblock, group descriptor, inode),
 * fs/ext4/ext4_extents.h, include/linux/jbd2.h.
 *
 * The journal's location is read from its inode, as the kernel does: the copy in the superblock is
 * a backup, which may be old.
 */
#include "fs.h"

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

/* True if the journal is inode 8, not elsewhere. */
static bool ext_journal_is_internal(const uint8_t *super)
{
	return img_load_le(super + EXT_JOURNAL_INUM, 4) == EXT_JOURNAL_INODE &&
	       !img_load_le(super + EXT_JOURNAL_DEV, 4);
}

static enum img_reason ext_geometry(struct fs_survey *s, const uint8_t *super, struct ext *ret)
{
	uint32_t shift = (uint32_t)img_load_le(super + EXT_LOG_BLOCK_SIZE, 4);
	bool wide = img_load_le(super + EXT_INCOMPAT, 4) & EXT_INCOMPAT_64BIT;

	if (shift > 6)
		return img_fs_unprovable(s, "block size");
	ret->block_size = KIB << shift;
	ret->inode_size = EXT_OLD_INODE_SIZE;
	if (img_load_le(super + EXT_REV_LEVEL, 4))
		ret->inode_size = (uint32_t)img_load_le(super + EXT_INODE_SIZE, 2);
	if (ret->inode_size < EXT_OLD_INODE_SIZE || ret->inode_size > ret->block_size ||
	    ret->inode_size & (ret->inode_size - 1))
		return img_fs_unprovable(s, "inode size");
	ret->has_high = wide && img_load_le(super + EXT_DESC_SIZE, 2) >= 64;
	return IMG_OK;
}

/* The first group's descriptor follows the superblock's block, with any layout of groups. */
static enum img_reason ext_journal_inode(struct fs_survey *s, const struct ext *fs,
					 uint8_t ret_map[EXT_INODE_BLOCK_SIZE], bool *ret_extents)
{
	uint64_t at = (fs->block_size == KIB ? 2 : 1) * (uint64_t)fs->block_size;
	enum img_reason reason;
	const uint8_t *desc, *inode;
	uint64_t table;

	reason = img_fs_look(s, at, fs->has_high ? 64 : 32, "group descriptor", &desc);
	if (reason != IMG_OK)
		return reason;
	table = img_load_le(desc + EXT_DESC_TABLE, 4);
	if (fs->has_high)
		table |= img_load_le(desc + EXT_DESC_TABLE_HIGH, 4) << 32;
	at = img_fs_scaled(table, fs->block_size);
	if (!img_fits(at, (uint64_t)EXT_JOURNAL_INODE * fs->inode_size, img_fs_readable(s)))
		return img_fs_unprovable(s, "inode table");
	at += (EXT_JOURNAL_INODE - 1) * (uint64_t)fs->inode_size;
	reason = img_fs_look(s, at, EXT_OLD_INODE_SIZE, "inode table", &inode);
	if (reason != IMG_OK)
		return reason;
	*ret_extents = img_load_le(inode + EXT_INODE_FLAGS, 4) & EXT_INODE_EXTENTS;
	memcpy(ret_map, inode + EXT_INODE_BLOCK, EXT_INODE_BLOCK_SIZE);
	return IMG_OK;
}

/* Down the leftmost path of an extent tree, whose root is in the inode. */
static enum img_reason ext_first_block(struct fs_survey *s, const struct ext *fs,
				       const uint8_t *root, uint64_t *ret_block)
{
	const uint8_t *node = root;
	uint64_t depth = img_load_le(root + EXT_NODE_DEPTH, 2);

	for (;; depth--) {
		const uint8_t *entry = node + EXT_NODE_FIRST;
		enum img_reason reason;

		if (img_load_le(node, 2) != EXT_NODE_MAGIC || depth > EXT_MAX_DEPTH ||
		    img_load_le(node + EXT_NODE_DEPTH, 2) != depth ||
		    !img_load_le(node + EXT_NODE_ENTRIES, 2) || img_load_le(entry, 4))
			return img_fs_unprovable(s, "journal inode");
		if (!depth) {
			*ret_block = img_load_le(entry + EXT_ENTRY_START, 4) |
				     img_load_le(entry + EXT_ENTRY_START_HIGH, 2) << 32;
			return IMG_OK;
		}
		*ret_block = img_load_le(entry + EXT_ENTRY_LEAF, 4) |
			     img_load_le(entry + EXT_ENTRY_LEAF_HIGH, 2) << 32;
		reason = img_fs_look(s, img_fs_scaled(*ret_block, fs->block_size),
				     EXT_NODE_FIRST + EXT_ENTRY_SIZE, "journal inode", &node);
		if (reason != IMG_OK)
			return reason;
	}
}

static enum img_reason ext_journal(struct fs_survey *s, const struct ext *fs)
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
		reason = img_fs_look(s, img_fs_scaled(block, fs->block_size), JBD2_SUPER_SIZE,
				     "journal", &super);
	if (reason != IMG_OK)
		return reason;
	type = img_load_be(super + JBD2_BLOCKTYPE, 4);
	if (img_load_be(super, 4) != JBD2_MAGIC || (type != JBD2_SUPER_V1 && type != JBD2_SUPER_V2))
		return img_fs_unprovable(s, "journal");
	img_fs_add(s, IMG_PROOF_EXT_JOURNAL, block * fs->block_size, JBD2_SUPER_SIZE);
	return IMG_OK;
}

enum img_reason img_fs_ext(struct fs_survey *s)
{
	static const struct img_fs_super ext = {
		.kind = IMG_PROOF_EXT_SUPER,
		.offset = EXT_SUPER,
		.size = EXT_SUPER_SIZE,
		.at = EXT_MAGIC,
		.magic = "\x53\xef",
	};
	const uint8_t *super;
	enum img_reason reason = img_fs_look_super(s, &ext, &super);
	struct ext fs;

	if (reason != IMG_OK)
		return reason;
	if (img_load_le(super + EXT_INCOMPAT, 4) & EXT_INCOMPAT_DEV)
		return img_fs_unprovable(s, "external journal");
	if (!(img_load_le(super + EXT_COMPAT, 4) & EXT_COMPAT_HAS_JOURNAL))
		return IMG_OK;
	if (!ext_journal_is_internal(super))
		return img_fs_unprovable(s, "external journal");
	reason = ext_geometry(s, super, &fs);
	return reason == IMG_OK ? ext_journal(s, &fs) : reason;
}
