// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Read-only file systems: the superblock distinguishes one from another. */
#include "fs.h"

#define SQUASHFS_SUPER_SIZE 512u
#define EROFS_SUPER	    1024u
#define EROFS_SUPER_SIZE    512u
#define EROFS_EXTRA_DEVICES 86u
#define ISO9660_SUPER	    (32u * KIB)
#define ISO9660_SUPER_SIZE  2048u

enum img_reason img_fs_squashfs(struct fs_survey *s)
{
	static const struct img_fs_super squashfs = {
		.kind = IMG_PROOF_SQUASHFS_SUPER,
		.size = SQUASHFS_SUPER_SIZE,
		.magic = "hsqs",
	};
	const uint8_t *super;

	return img_fs_look_super(s, &squashfs, &super);
}

enum img_reason img_fs_erofs(struct fs_survey *s)
{
	static const struct img_fs_super erofs = {
		.kind = IMG_PROOF_EROFS_SUPER,
		.offset = EROFS_SUPER,
		.size = EROFS_SUPER_SIZE,
		.magic = "\xe2\xe1\xf5\xe0",
	};
	const uint8_t *super;
	enum img_reason reason = img_fs_look_super(s, &erofs, &super);

	if (reason == IMG_OK && img_load_le(super + EROFS_EXTRA_DEVICES, 2))
		return img_fs_unprovable(s, "several devices");
	return reason;
}

enum img_reason img_fs_iso9660(struct fs_survey *s)
{
	static const struct img_fs_super iso9660 = {
		.kind = IMG_PROOF_ISO9660_SUPER,
		.offset = ISO9660_SUPER,
		.size = ISO9660_SUPER_SIZE,
		.at = 1,
		.magic = "CD001",
	};
	const uint8_t *super;

	return img_fs_look_super(s, &iso9660, &super);
}
