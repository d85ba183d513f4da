/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory claimed for the image, and the pool: the part of it that the image does not need. */
#ifndef CLAIM_H
#define CLAIM_H

#include <imgfmt/plan.h>

struct memmap;
struct memory;

#define MAX_CLAIMED 2048
struct claim {
	struct img_range range[MAX_CLAIMED]; /* by rising address */
	struct img_owned owned;		     /* these, minus what claim_pool() gave out */
	const struct img_meta *meta;	     /* the image whose pages go there */
};

/*
 * Claims what the firmware can spare, and leaves it preferably what the image does not need.  Reads
 * the memory map after its own allocations, so that the map includes them.
 */
enum img_reason claim_all(struct memory *memory, const struct img_meta *meta,
			  struct memmap *ret_map, struct claim *ret_claim);

/*
 * Contiguous claimed pages that the image does not need, with arbitrary content, below 4 GiB if
 * `low`; NULL: none left.  Do not call it after place_plan(), which hands out the rest.
 */
void *claim_pool(struct claim *c, uint64_t bytes, bool low);

#endif
