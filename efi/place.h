/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each page of the image goes: straight to its place, or staged in the pool. */
#ifndef PLACE_H
#define PLACE_H

#include <imgfmt/reasons.h>

struct loader;

/* Pages of the image that wait in pool pages for the end of boot services. */
struct copy {
	uint64_t from; /* physical addresses */
	uint64_t to;
	uint64_t pages;
};

struct staging {
	struct copy *copy; /* sorted by `to` */
	uint64_t count;
	uint64_t capacity;
	uint64_t pages;
};

/* Fills in l->staging; the other functions need it, and run on every processor. */
enum img_reason place_plan(struct loader *l);

/* Where the bytes of image page `pfn` must be written now; *ret_pages of them are in one piece. */
void *place_find(const struct loader *l, uint64_t pfn, uint64_t pages, uint64_t *ret_pages);

/* Writes stored pages, by their number in the image, from `first` on. */
void place_write(const struct loader *l, uint64_t first, uint64_t pages, const uint8_t *from);

/* Where all of these stored pages must be written now; NULL: not in one piece. */
void *place_direct(const struct loader *l, uint64_t first, uint64_t pages);

#endif
