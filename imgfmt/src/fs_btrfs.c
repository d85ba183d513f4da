// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* btrfs.  Offsets: Linux, include/uapi/linux/btrfs_tree.h, struct btrfs_super_block. */
#include "fs.h"

#define BTRFS_SUPER	  (64u * KIB)
#define BTRFS_SUPER_SIZE  4096u
#define BTRFS_BYTENR	  0x30u
#define BTRFS_MAGIC	  0x40u
#define BTRFS_NUM_DEVICES 0x88u

enum img_reason img_fs_btrfs(struct fs_survey *s)
{
	static const struct img_fs_super btrfs = {
		.kind = IMG_PROOF_BTRFS_SUPER,
		.offset = BTRFS_SUPER,
		.size = BTRFS_SUPER_SIZE,
		.at = BTRFS_MAGIC,
		.magic = "_BHRfS_M",
	};
	const uint8_t *super;
	enum img_reason reason = img_fs_look_super(s, &btrfs, &super);

	if (reason != IMG_OK)
		return reason;
	if (img_load_le(super + BTRFS_BYTENR, 8) != BTRFS_SUPER)
		return img_fs_unprovable(s, "superblock");
	s->proof.devices = img_load_le(super + BTRFS_NUM_DEVICES, 8);
	if (!s->proof.devices)
		return img_fs_unprovable(s, "superblock");
	return IMG_OK;
}
