// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* File systems that cannot be written: the superblock tells one from another. */
#include "fs.h"

#define SQUASHFS_SUPER_SIZE 512u
#define EROFS_SUPER	    1024u
#define EROFS_SUPER_SIZE    512u
#define EROFS_EXTRA_DEVICES 86u
#define ISO9660_SUPER	    (32u * KIB)
#define ISO9660_SUPER_SIZE  2048u

enum img_reason img_fs_squashfs(struct fs_survey *s)
{
	const uint8_t *super;
	enum img_reason reason = img_fs_look(s, 0, SQUASHFS_SUPER_SIZE, "superblock", &super);

	if (reason != IMG_OK)
		return reason;
	if (memcmp(super, "hsqs", 4))
		return img_fs_unprovable(s, "superblock");
	img_fs_add(s, IMG_PROOF_SQUASHFS_SUPER, 0, SQUASHFS_SUPER_SIZE);
	return IMG_OK;
}

enum img_reason img_fs_erofs(struct fs_survey *s)
{
	const uint8_t *super;
	enum img_reason reason =
		img_fs_look(s, EROFS_SUPER, EROFS_SUPER_SIZE, "superblock", &super);

	if (reason != IMG_OK)
		return reason;
	if (img_load_le(super, 4) != 0xe0f5e1e2)
		return img_fs_unprovable(s, "superblock");
	if (img_load_le(super + EROFS_EXTRA_DEVICES, 2))
		return img_fs_unprovable(s, "several devices");
	img_fs_add(s, IMG_PROOF_EROFS_SUPER, EROFS_SUPER, EROFS_SUPER_SIZE);
	return IMG_OK;
}

enum img_reason img_fs_iso9660(struct fs_survey *s)
{
	const uint8_t *super;
	enum img_reason reason =
		img_fs_look(s, ISO9660_SUPER, ISO9660_SUPER_SIZE, "superblock", &super);

	if (reason != IMG_OK)
		return reason;
	if (memcmp(super + 1, "CD001", 5))
		return img_fs_unprovable(s, "superblock");
	img_fs_add(s, IMG_PROOF_ISO9660_SUPER, ISO9660_SUPER, ISO9660_SUPER_SIZE);
	return IMG_OK;
}
