// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * A member of an md array.  Offsets: Linux, include/uapi/linux/raid/md_p.h; places and checksums:
 * drivers/md/md.c, super_90_load(), super_1_load(), calc_sb_csum(), calc_sb_1_csum().
 *
 * Where the superblock is depends on its version, which only the superblock says.  So all places
 * are looked at, and more than one superblock is none: a remainder of another array may look like a
 * superblock, and only the one in use proves anything.
 */
#include "fs.h"

#define MD_SECTOR	512u
#define MD_SUPER_SIZE	4096u
#define MD_MAGIC	0xa92b4efcu
#define MD_MAJOR	4u
#define MD0_MINOR	8u
#define MD0_CSUM	(38u * 4)
#define MD0_RESERVED	128u /* sectors at the end, and their alignment */
#define MD1_OFFSET	144u
#define MD1_CSUM	216u
#define MD1_MAX_DEV	220u
#define MD1_ROLES	256u
#define MD1_END_SECTORS 16u
#define MD1_LEAST	32u /* sectors; on less, the places would coincide */
#define MD1_ALIGN	8u
#define MD1_2_SECTOR	8u

struct md_place {
	bool there;
	uint32_t major;
	uint64_t sector;
};

/* The words of the superblock added up, but for the sum itself. */
static uint32_t md_sum(const uint8_t *super, uint32_t size, uint32_t csum_at)
{
	uint64_t sum = 0;
	uint32_t at = 0;

	for (; at + 4 <= size; at += 4)
		sum += at == csum_at ? 0 : img_load_le(super + at, 4);
	if (at < size)
		sum += img_load_le(super + at, 2);
	return (uint32_t)((sum & 0xffffffff) + (sum >> 32));
}

static bool md0_is_good(const uint8_t *super)
{
	uint64_t minor = img_load_le(super + MD0_MINOR, 4);

	/* 91: an array that is being reshaped. */
	return (minor == 90 || minor == 91) &&
	       md_sum(super, MD_SUPER_SIZE, MD0_CSUM) == img_load_le(super + MD0_CSUM, 4);
}

static bool md1_is_good(const uint8_t *super, uint64_t sector)
{
	uint64_t devices = img_load_le(super + MD1_MAX_DEV, 4);

	return devices <= (MD_SUPER_SIZE - MD1_ROLES) / 2 &&
	       img_load_le(super + MD1_OFFSET, 8) == sector &&
	       md_sum(super, MD1_ROLES + (uint32_t)devices * 2, MD1_CSUM) ==
		       img_load_le(super + MD1_CSUM, 4);
}

static enum img_reason md_look(struct fs_survey *s, const struct md_place *place, bool *ret_good)
{
	const uint8_t *super;
	enum img_reason reason =
		img_fs_look(s, place->sector * MD_SECTOR, MD_SUPER_SIZE, "superblock", &super);

	if (reason != IMG_OK)
		return reason;
	*ret_good = img_load_le(super, 4) == MD_MAGIC &&
		    img_load_le(super + MD_MAJOR, 4) == place->major &&
		    (place->major ? md1_is_good(super, place->sector) : md0_is_good(super));
	return IMG_OK;
}

enum img_reason img_fs_md(struct fs_survey *s)
{
	uint64_t sectors = s->reader->size / MD_SECTOR;
	const struct md_place place[] = {
		{ true, 1, 0 },
		{ true, 1, MD1_2_SECTOR },
		{ sectors >= MD1_LEAST, 1,
		  (sectors - MD1_END_SECTORS) & ~(uint64_t)(MD1_ALIGN - 1) },
		{ sectors >= MD0_RESERVED, 0,
		  (sectors & ~(uint64_t)(MD0_RESERVED - 1)) - MD0_RESERVED },
	};

	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++) {
		enum img_reason reason = IMG_OK;
		bool good = false;

		if (place[i].there)
			reason = md_look(s, &place[i], &good);
		if (reason != IMG_OK)
			return reason;
		if (good && s->proof.nr)
			return img_fs_unprovable(s, "two superblocks");
		if (good)
			img_fs_add(s, IMG_PROOF_MD_SUPER, place[i].sector * MD_SECTOR,
				   MD_SUPER_SIZE);
	}
	return s->proof.nr ? IMG_OK : img_fs_unprovable(s, "superblock");
}
