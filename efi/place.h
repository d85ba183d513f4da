/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each page of the image goes: straight to its place, or staged in the pool. */
#ifndef PLACE_H
#define PLACE_H

#include <imgfmt/plan.h>

struct claim;

/* Pages of the image that wait in pool pages for the end of boot services. */
struct copy {
	uint64_t from; /* physical addresses */
	uint64_t to;
	uint64_t pages;
};

struct staging {
	const struct img_meta *meta;
	const struct img_owned *owned;
	struct copy *copy; /* sorted by `to` */
	uint64_t count;
	uint64_t capacity;
	uint64_t pages;
};

/* Fills in what the other functions need; those run on every processor. */
enum img_reason place_plan(struct claim *claim, struct staging *ret_staging);

/* Where to write the bytes of image page `pfn` now; *ret_pages pages from there are contiguous. */
void *place_find(const struct staging *s, uint64_t pfn, uint64_t pages, uint64_t *ret_pages);

/* Writes stored pages, counted by their number in the image, starting at `first`. */
void place_write(const struct staging *s, uint64_t first, uint64_t pages, const uint8_t *from);

/* Where to write all of these stored pages now; NULL: not contiguous. */
void *place_direct(const struct staging *s, uint64_t first, uint64_t pages);

#endif
