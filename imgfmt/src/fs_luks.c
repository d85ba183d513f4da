// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * LUKS.  Offsets: cryptsetup, lib/luks1/luks.h (struct luks_phdr), lib/luks2/luks2.h (struct
 * luks2_hdr_disk); big-endian.
 *
 * A change of a key writes the header: in version 1 it holds salt and state of each key, in version
 * 2 a count of changes and a checksum of the text that follows it.
 */
#include "fs.h"

#define LUKS_VERSION	 6u
#define LUKS_UUID	 168u
#define LUKS_UUID_SIZE	 40u
#define LUKS1_SIZE	 1024u
#define LUKS1_KEY	 208u /* the first of them */
#define LUKS1_KEY_SIZE	 48u
#define LUKS1_KEYS	 8u
#define LUKS1_KEY_OFF	 0xdeadu
#define LUKS1_KEY_ON	 0xac71f3u
#define LUKS2_SIZE	 4096u
#define LUKS2_HDR_SIZE	 8u
#define LUKS2_SEQID	 16u
#define LUKS2_HDR_OFFSET 256u
#define LUKS2_LEAST	 (16u * KIB)
#define LUKS2_MOST	 (4096u * KIB)

static enum img_reason luks1(struct fs_survey *s, const uint8_t *header)
{
	for (uint32_t i = 0; i < LUKS1_KEYS; i++) {
		uint64_t active = img_load_be(header + LUKS1_KEY + (size_t)i * LUKS1_KEY_SIZE, 4);

		if (active != LUKS1_KEY_OFF && active != LUKS1_KEY_ON)
			return img_fs_unprovable(s, "header");
	}
	img_fs_add(s, IMG_PROOF_LUKS_HEADER, 0, LUKS1_SIZE);
	return IMG_OK;
}

/* The sizes that lib/luks2/luks2.h has as LUKS2_HDR2_OFFSETS: powers of two. */
static bool luks2_size_is_good(uint64_t size)
{
	return size >= LUKS2_LEAST && size <= LUKS2_MOST && !(size & (size - 1));
}

/* The second copy begins where the first, with its text, ends.  Opening the volume mends a copy
 * that is older than the other (lib/luks2/luks2_disk_metadata.c), so both must be of one age. */
static enum img_reason luks2(struct fs_survey *s, const uint8_t *header)
{
	uint64_t size = img_load_be(header + LUKS2_HDR_SIZE, 8);
	uint64_t seqid = img_load_be(header + LUKS2_SEQID, 8);
	uint8_t uuid[LUKS_UUID_SIZE];
	enum img_reason reason;
	const uint8_t *second;

	if (!luks2_size_is_good(size) || img_load_be(header + LUKS2_HDR_OFFSET, 8))
		return img_fs_unprovable(s, "header");
	memcpy(uuid, header + LUKS_UUID, sizeof(uuid));
	reason = img_fs_look(s, size, LUKS2_SIZE, "second header", &second);
	if (reason != IMG_OK)
		return reason;
	if (memcmp(second, "SKUL\xba\xbe", 6) || img_load_be(second + LUKS_VERSION, 2) != 2 ||
	    img_load_be(second + LUKS2_HDR_SIZE, 8) != size ||
	    img_load_be(second + LUKS2_HDR_OFFSET, 8) != size ||
	    img_load_be(second + LUKS2_SEQID, 8) != seqid ||
	    memcmp(second + LUKS_UUID, uuid, sizeof(uuid)))
		return img_fs_unprovable(s, "second header");
	img_fs_add(s, IMG_PROOF_LUKS_HEADER, 0, LUKS2_SIZE);
	img_fs_add(s, IMG_PROOF_LUKS_HEADER, size, LUKS2_SIZE);
	return IMG_OK;
}

enum img_reason img_fs_luks(struct fs_survey *s)
{
	const uint8_t *header;
	enum img_reason reason = img_fs_look(s, 0, LUKS2_SIZE, "header", &header);

	if (reason != IMG_OK)
		return reason;
	if (memcmp(header, "LUKS\xba\xbe", 6))
		return img_fs_unprovable(s, "header");
	switch (img_load_be(header + LUKS_VERSION, 2)) {
	case 1:
		return luks1(s, header);
	case 2:
		return luks2(s, header);
	default:
		return img_fs_unprovable(s, "version");
	}
}
