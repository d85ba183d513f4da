/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Surveys of hand-made disks, and what every one of them must do about bad ones. */
#ifndef IMGFMT_TESTS_SURVEY_H
#define IMGFMT_TESTS_SURVEY_H

#include "test.h"

struct result {
	enum img_reason reason;
	struct img_fs_extent extent[IMG_FS_MAX_EXTENTS];
	uint32_t nr;
	uint64_t devices;
	struct img_detail detail;
};

/* What img_fs_extents says of the disk; its extents are as the format wants them. */
struct result survey(struct disk *d, const char *type);

void assert_extent(const struct result *r, uint32_t i, enum img_proof_kind kind, uint64_t offset,
		   uint32_t size);

/* One field changed, and the cause that is given. */
struct row {
	uint64_t offset;
	uint32_t width;
	uint64_t value;
	const char *field; /* NULL: accepted all the same */
};

void check_rows(const char *type, struct disk (*make)(void), const struct row *row, size_t nr,
		bool big_endian);

/* The same, little-endian, with checksums that are right again after the change. */
void check_sealed_rows(const char *type, struct disk (*make)(void), void (*seal)(struct disk *),
		       const struct row *row, size_t nr);

/* Each block that a survey reads, unreadable in turn. */
void check_unreadable(const char *type, struct disk (*make)(void), const uint64_t *block,
		      size_t nr);

/* A partition cut off at each of these sizes does not hold the file system. */
void check_short(const char *type, struct disk (*make)(void), const uint64_t *size, size_t nr);

#endif
