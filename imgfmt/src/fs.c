// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The bytes of a file system that cannot stay the same once it is mounted read-write.  Runs while
 * the tasks are frozen, so the disk does not change meanwhile; but the data are untrusted: every
 * address is checked before it is read, every walk has a bound that does not come from the disk.
 * docs/safety.md explains the choice of bytes for each file system.
 */
#include "fs.h"

enum img_reason img_fs_look(struct fs_survey *s, uint64_t offset, uint32_t size, const char *why,
			    const uint8_t **ret_at)
{
	uint32_t inside = (uint32_t)(offset & (IMG_BLOCK - 1));

	if (!img_fits(offset, size, img_fs_readable(s)) || !img_fits(inside, size, IMG_BLOCK))
		return img_fs_unprovable(s, why);
	if (!s->reader->read(s->reader->ctx, offset - inside, s->reader->buffer)) {
		s->why = why;
		return IMG_E_DISK_READ;
	}
	*ret_at = (const uint8_t *)s->reader->buffer + inside;
	return IMG_OK;
}

/* The number of extents is bounded: see each survey. */
void img_fs_add(struct fs_survey *s, enum img_proof_kind kind, uint64_t offset, uint32_t size)
{
	s->proof.extent[s->proof.nr++] = (struct img_fs_extent){ kind, offset, size };
}

uint32_t img_fs_crc32(uint32_t crc, const uint8_t *data, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (uint32_t bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return crc;
}

static bool has_magic(const uint8_t *at, const char *magic)
{
	while (*magic && *at == (uint8_t)*magic) {
		at++;
		magic++;
	}
	return !*magic;
}

enum img_reason img_fs_look_super(struct fs_survey *s, const struct img_fs_super *super,
				  const uint8_t **ret_at)
{
	enum img_reason reason = img_fs_look(s, super->offset, super->size, "superblock", ret_at);

	if (reason != IMG_OK)
		return reason;
	if (!has_magic(*ret_at + super->at, super->magic))
		return img_fs_unprovable(s, "superblock");
	img_fs_add(s, super->kind, super->offset, super->size);
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

#define FS_ROW(type, survey) { type, img_fs_##survey },
static const struct {
	const char *type;
	enum img_reason (*survey)(struct fs_survey *s);
} known[] = { IMG_FS_TYPES(FS_ROW) IMG_STACK_TYPES(FS_ROW) };

static enum img_reason survey_type(struct fs_survey *s, const char *type)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (same_text(known[i].type, type))
			return known[i].survey(s);
	return img_fs_unprovable(s, "type");
}

enum img_reason img_fs_extents(const char *type, const struct img_fs_reader *reader,
			       struct img_fs_proof *ret_proof, struct img_detail *detail)
{
	struct fs_survey s = { .reader = reader, .proof.devices = 1 };
	enum img_reason reason = survey_type(&s, type);

	if (reason != IMG_OK)
		return IMG_REFUSE(detail, reason, .object = type, .field = s.why);
	*ret_proof = s.proof;
	return IMG_OK;
}
