// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * xfs.  Offsets: Linux, fs/xfs/libxfs/xfs_format.h (struct xfs_dsb), xfs_log_format.h; big-endian.
 *
 * The log is a ring of 512-byte blocks, each stamped with the number of the turn in which it was
 * written.  Blocks from the start to the head have this turn's number, those after it the previous
 * one's: bisection finds the head, as in fs/xfs/xfs_log_recover.c, xlog_find_cycle_start().  The
 * next log record overwrites the block at the head.  So does a read-only mount: it stamps the
 * blocks after the head (xlog_clear_stale_blocks()), and logs its end (xfs_log_unmount_write()).
 * Only with norecovery, or on a read-only device, does it leave the log unchanged.
 */
#include "fs.h"

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

static enum img_reason xfs_log_place(struct fs_survey *s, const uint8_t *super, struct xlog *ret)
{
	uint64_t block_size = img_load_be(super + XFS_BLOCK_SIZE, 4);
	uint64_t fsblock = img_load_be(super + XFS_LOG_START, 8);
	uint64_t ag_blocks = img_load_be(super + XFS_AG_BLOCKS, 4);
	uint64_t log_size = img_fs_scaled(img_load_be(super + XFS_LOG_BLOCKS, 4), block_size);
	uint32_t shift = super[XFS_AG_BLOCKS_LOG];
	uint64_t group, block;

	if (!fsblock)
		return img_fs_unprovable(s, "external log");
	if (img_load_be(super + XFS_RT_BLOCKS, 8))
		return img_fs_unprovable(s, "several devices");
	if (block_size < XFS_SECTOR || block_size > 64 * KIB || block_size & (block_size - 1) ||
	    shift > 31)
		return img_fs_unprovable(s, "superblock");
	group = fsblock >> shift;
	block = fsblock & ((1ull << shift) - 1);
	if (group >= img_load_be(super + XFS_AG_COUNT, 4) || block >= ag_blocks)
		return img_fs_unprovable(s, "log");
	ret->start = img_fs_scaled(group * ag_blocks + block, block_size);
	ret->blocks = log_size / XFS_SECTOR;
	if (!ret->blocks || !img_fits(ret->start, log_size, img_fs_readable(s)))
		return img_fs_unprovable(s, "log");
	return IMG_OK;
}

/* A record's header has its magic number at the position where other blocks have the turn. */
static enum img_reason xlog_cycle(struct fs_survey *s, const struct xlog *log, uint64_t block,
				  uint64_t *ret_cycle)
{
	const uint8_t *at;
	enum img_reason reason =
		img_fs_look(s, log->start + block * XFS_SECTOR, XFS_SECTOR, "log", &at);

	if (reason != IMG_OK)
		return reason;
	*ret_cycle = img_load_be(at, 4);
	if (*ret_cycle == XLOG_HEADER_MAGIC)
		*ret_cycle = img_load_be(at + 4, 4);
	return IMG_OK;
}

/* All of one turn: the next record goes to the start. */
static enum img_reason xlog_find_head(struct fs_survey *s, const struct xlog *log,
				      uint64_t *ret_head)
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
	/* Block `low` is not of the previous turn, block `high` is. */
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

enum img_reason img_fs_xfs(struct fs_survey *s)
{
	static const struct img_fs_super xfs = {
		.kind = IMG_PROOF_XFS_SUPER,
		.size = XFS_SECTOR,
		.magic = "XFSB",
	};
	uint64_t head, from, to;
	const uint8_t *super;
	struct xlog log;
	enum img_reason reason = img_fs_look_super(s, &xfs, &super);

	if (reason == IMG_OK)
		reason = xfs_log_place(s, super, &log);
	if (reason == IMG_OK)
		reason = xlog_find_head(s, &log, &head);
	if (reason != IMG_OK)
		return reason;
	from = head * XFS_SECTOR - img_min(head * XFS_SECTOR, XLOG_WINDOW);
	to = img_min(head * XFS_SECTOR + XLOG_WINDOW, log.blocks * XFS_SECTOR);
	img_fs_add(s, IMG_PROOF_XFS_LOG, log.start + from, (uint32_t)(to - from));
	return IMG_OK;
}
