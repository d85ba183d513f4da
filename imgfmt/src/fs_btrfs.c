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
	const uint8_t *super;
	enum img_reason reason =
		img_fs_look(s, BTRFS_SUPER, BTRFS_SUPER_SIZE, "superblock", &super);

	if (reason != IMG_OK)
		return reason;
	if (memcmp(super + BTRFS_MAGIC, "_BHRfS_M", 8) ||
	    img_load_le(super + BTRFS_BYTENR, 8) != BTRFS_SUPER)
		return img_fs_unprovable(s, "superblock");
	if (img_load_le(super + BTRFS_NUM_DEVICES, 8) != 1)
		return img_fs_unprovable(s, "several devices");
	img_fs_add(s, IMG_PROOF_BTRFS_SUPER, BTRFS_SUPER, BTRFS_SUPER_SIZE);
	return IMG_OK;
}
