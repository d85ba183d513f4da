// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * f2fs.  Offsets: Linux, include/linux/f2fs_fs.h.
 *
 * An fsync between checkpoints does not write a checkpoint but a node, to the position that the
 * current checkpoint names as next in the warm node segment; recovery looks for it there
 * (fs/f2fs/recovery.c, find_fsync_dnodes()).
 */
#include "fs.h"

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

/* fs/f2fs/checkpoint.c, f2fs_checkpoint_chksum(): all of the block except the checksum itself. */
static bool f2fs_block_is_good(const uint8_t *block)
{
	uint32_t at = (uint32_t)img_load_le(block + F2FS_CP_CSUM_OFFSET, 4);
	uint32_t crc;

	if (at < F2FS_CP_CSUM_MIN || at > F2FS_CP_CSUM_MAX)
		return false;
	crc = img_fs_crc32(F2FS_MAGIC, block, at);
	if (at < F2FS_CP_CSUM_MAX)
		crc = img_fs_crc32(crc, block + at + 4, F2FS_BLOCK - 4 - at);
	return crc == img_load_le(block + at, 4);
}

/* One checkpoint block: a pack begins and ends with one. */
static enum img_reason f2fs_read_pack(struct fs_survey *s, uint64_t offset, struct f2fs_pack *ret)
{
	const uint8_t *block;
	enum img_reason reason = img_fs_look(s, offset, F2FS_BLOCK, "checkpoint", &block);

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
static enum img_reason f2fs_check_pack(struct fs_survey *s, uint64_t offset, struct f2fs_pack *ret)
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
 * The next block of the warm node segment, by the newer checkpoint; by the first of two equal ones,
 * as in f2fs_get_valid_checkpoint(); versions wrap.
 */
static enum img_reason
f2fs_next_node(struct fs_survey *s, const struct f2fs_pack pack[F2FS_CP_PACKS], uint64_t main_block)
{
	const struct f2fs_pack *now = &pack[pack[1].valid];
	uint64_t block, offset;
	const uint8_t *at;
	enum img_reason reason;

	if (pack[0].valid && pack[1].valid)
		now = &pack[(int64_t)(pack[1].version - pack[0].version) > 0];
	if (!now->valid)
		return img_fs_unprovable(s, "checkpoint");
	if (now->block >= F2FS_SEGMENT_BLOCKS)
		return img_fs_unprovable(s, "node segment");
	block = main_block + now->segment * F2FS_SEGMENT_BLOCKS + now->block;
	offset = block * F2FS_BLOCK;
	reason = img_fs_look(s, offset, F2FS_BLOCK, "node segment", &at);
	if (reason == IMG_OK)
		img_fs_add(s, IMG_PROOF_F2FS_NODE, offset, F2FS_BLOCK);
	return reason;
}

/* The list of devices, with a path for each, is filled in only if there are several. */
static const char *f2fs_super_refusal(const uint8_t *super)
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

enum img_reason img_fs_f2fs(struct fs_survey *s)
{
	struct f2fs_pack pack[F2FS_CP_PACKS];
	uint64_t checkpoint, main_block;
	const uint8_t *super;
	const char *why;
	enum img_reason reason;

	reason = img_fs_look(s, F2FS_SUPER, F2FS_BLOCK - F2FS_SUPER, "superblock", &super);
	if (reason != IMG_OK)
		return reason;
	why = f2fs_super_refusal(super);
	if (why)
		return img_fs_unprovable(s, why);
	img_fs_add(s, IMG_PROOF_F2FS_SUPER, F2FS_SUPER, F2FS_BLOCK - F2FS_SUPER);
	checkpoint = img_load_le(super + F2FS_CP_BLOCK, 4) * F2FS_BLOCK;
	main_block = img_load_le(super + F2FS_MAIN_BLOCK, 4);
	for (uint32_t i = 0; i < F2FS_CP_PACKS; i++) {
		uint64_t offset = checkpoint + (uint64_t)i * F2FS_SEGMENT_BLOCKS * F2FS_BLOCK;

		reason = f2fs_check_pack(s, offset, &pack[i]);
		if (reason != IMG_OK)
			return reason;
		img_fs_add(s, IMG_PROOF_F2FS_CHECKPOINT, offset, F2FS_BLOCK);
	}
	return f2fs_next_node(s, pack, main_block);
}
