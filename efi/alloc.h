/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory from the firmware, and giving all of it back. */
#ifndef ALLOC_H
#define ALLOC_H

#include <imgfmt/plan.h>

#include "base.h"

struct loader;

struct pages {
	EFI_PHYSICAL_ADDRESS phys;
	UINTN count;
};

/* What was allocated from the firmware, to be given back by alloc_release(). */
#define MAX_HELD 2048
struct memory {
	struct pages held[MAX_HELD];
	UINTN nr_held;
	struct img_range range[MAX_HELD]; /* claimed for the image, by rising address */
	struct img_owned owned;		  /* the claim, less what claim_pool() gave out */
};

/* These are to be given back; false: too many are already. */
bool alloc_hold(struct memory *m, EFI_PHYSICAL_ADDRESS phys, UINTN pages);

/* Whole pages of loader memory, all zero; NULL: the firmware has none left. */
void *alloc_pages(struct loader *l, uint64_t bytes);

void alloc_release(struct loader *l);

#endif
