// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Surveys of hand-made disks; see survey.h. */
#include <stdlib.h>

#include "survey.h"

struct result survey(struct disk *d, const char *type)
{
	uint8_t *buffer = malloc(IMG_FS_BUFFER);
	const struct img_fs_reader reader = { d, d->size, buffer, disk_read };
	struct img_fs_proof proof = { .nr = 77 };
	struct result r = { 0 };

	assert_non_null(buffer);
	r.reason = img_fs_extents(type, &reader, &proof, &r.detail);
	free(buffer);
	if (r.reason != IMG_OK) {
		assert_int_equal(proof.nr, 77);
		return r;
	}
	r.nr = proof.nr;
	r.devices = proof.devices;
	assert_in_range(r.nr, 1, IMG_FS_MAX_EXTENTS);
	for (uint32_t i = 0; i < r.nr; i++) {
		r.extent[i] = proof.extent[i];
		assert_true(r.extent[i].offset % IMG_PROOF_ALIGN == 0);
		assert_true(r.extent[i].size && r.extent[i].size % IMG_PROOF_ALIGN == 0);
		assert_true(r.extent[i].size <= IMG_PROOF_MAX_SIZE);
		assert_true(r.extent[i].offset + r.extent[i].size <= d->size);
	}
	return r;
}

void assert_extent(const struct result *r, uint32_t i, enum img_proof_kind kind, uint64_t offset,
		   uint32_t size)
{
	assert_reason(IMG_OK, r->reason);
	assert_in_range(i, 0, r->nr - 1);
	assert_int_equal(r->extent[i].kind, kind);
	assert_int_equal(r->extent[i].offset, offset);
	assert_int_equal(r->extent[i].size, size);
}

static void check_row(struct disk *d, const char *type, const struct row *row)
{
	struct result r = survey(d, type);

	if (row->field)
		assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, type, row->field);
	else
		assert_reason(IMG_OK, r.reason);
	free(d->byte);
}

void check_rows(const char *type, struct disk (*make)(void), const struct row *row, size_t nr,
		bool big_endian)
{
	for (size_t i = 0; i < nr; i++) {
		struct disk d = make();

		if (big_endian)
			put_be(d.byte + row[i].offset, row[i].value, row[i].width);
		else
			put_le(d.byte + row[i].offset, row[i].value, row[i].width);
		check_row(&d, type, &row[i]);
	}
}

void check_sealed_rows(const char *type, struct disk (*make)(void), void (*seal)(struct disk *),
		       const struct row *row, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct disk d = make();

		put_le(d.byte + row[i].offset, row[i].value, row[i].width);
		seal(&d);
		check_row(&d, type, &row[i]);
	}
}

void check_unreadable(const char *type, struct disk (*make)(void), const uint64_t *block, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct disk d = make();
		struct result r;

		d.bad = block[i];
		r = survey(&d, type);
		assert_reason(IMG_E_DISK_READ, r.reason);
		assert_non_null(r.detail.field);
		free(d.byte);
	}
}

void check_short(const char *type, struct disk (*make)(void), const uint64_t *size, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct disk d = make();

		d.size = size[i];
		assert_reason(IMG_E_GATE_FS_UNPROVABLE, survey(&d, type).reason);
		free(d.byte);
	}
}
