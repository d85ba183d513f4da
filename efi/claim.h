/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory that is claimed for the image, and what the image leaves of it: the pool. */
#ifndef CLAIM_H
#define CLAIM_H

#include <imgfmt/plan.h>

struct loader;

#define MAX_CLAIMED 2048
struct claim {
	struct img_range range[MAX_CLAIMED]; /* by rising address */
	struct img_owned owned;		     /* these, less what claim_pool() gave out */
};

/* Claims into l->claim what the firmware can spare; needs l->meta to choose what stays. */
enum img_reason claim_all(struct loader *l);

/*
 * Pages that are claimed and not wanted by the image, in one piece, of any content, and below 4 GiB
 * if `low`; NULL: no such pages are left.  Not after place_plan(), which hands out the rest.
 */
void *claim_pool(struct loader *l, uint64_t bytes, bool low);

#endif
