/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Shared by the files of the core, not visible outside. */
#ifndef IMGFMT_INTERNAL_H
#define IMGFMT_INTERNAL_H

#include <imgfmt/format.h>
#include <imgfmt/reasons.h>

/* The headers of area and slot begin alike and end in their checksum, in every version. */
struct img_header_prefix {
	uint8_t magic[8];
	img_le32 version;
	img_le32 varies;
	img_le64 compat;
	img_le64 incompat;
};
static_assert(offsetof(struct img_area_disk, version) == 8, "prefix");
static_assert(offsetof(struct img_slot_disk, version) == 8, "prefix");
static_assert(offsetof(struct img_area_disk, incompat) == 24, "prefix");
static_assert(offsetof(struct img_slot_disk, incompat) == 24, "prefix");
#define IMG_HEADER_CSUM 4088u

struct img_section_kind {
	const char *name;
	uint32_t entry_size;
	bool required;
};
/* By enum img_section_type; the signature's entry_size is 0: any. */
#define IMG_SEC_KNOWN (IMG_SEC_TAGS + 1u)
extern const struct img_section_kind img_section_kinds[IMG_SEC_KNOWN];

static inline enum img_reason img_refuse(struct img_detail *to, enum img_reason reason,
					 struct img_detail what)
{
	if (to)
		*to = what;
	return reason;
}

/* IMG_REFUSE(detail, IMG_E_X, .object = "...", ...) */
#define IMG_REFUSE(detail, reason, ...)                                                            \
	img_refuse((detail), (reason), (struct img_detail){ __VA_ARGS__ })

static inline bool img_is_zero(const void *data, size_t size)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < size; i++)
		if (byte[i])
			return false;
	return true;
}

/* Text, then NULs to the end of the field. */
static inline bool img_text_is_padded(const char *text, size_t size)
{
	size_t length = 0;

	while (length < size && text[length])
		length++;
	return img_is_zero(text + length, size - length);
}

/* Copies text up to its NUL; the field is zero already and need not end in a NUL. */
static inline void img_text_put(char *to, const char *text, size_t size)
{
	for (size_t i = 0; i < size && text[i]; i++)
		to[i] = text[i];
}

static inline bool img_is_block_multiple(uint64_t v)
{
	return !(v & (IMG_BLOCK - 1));
}

/* True if [start, start + length) is within [0, limit); no sum is formed that could wrap. */
static inline bool img_fits(uint64_t start, uint64_t length, uint64_t limit)
{
	return start <= limit && length <= limit - start;
}

/* Integers of foreign structures, at any alignment; size: at most 8. */
static inline uint64_t img_load_le(const uint8_t *from, uint32_t size)
{
	uint64_t v = 0;

	while (size--)
		v = v << 8 | from[size];
	return v;
}

static inline uint64_t img_load_be(const uint8_t *from, uint32_t size)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < size; i++)
		v = v << 8 | from[i];
	return v;
}

static inline uint64_t img_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif
