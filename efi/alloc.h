/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory from the firmware, and giving all of it back. */
#ifndef ALLOC_H
#define ALLOC_H

#include "base.h"

struct pages {
	EFI_PHYSICAL_ADDRESS phys;
	UINTN count;
};

/* What was allocated from the firmware, to be given back by alloc_release(). */
#define MAX_HELD 2048
struct memory {
	struct pages held[MAX_HELD];
	UINTN nr_held;
};

/* Whole pages of loader memory, all zero; NULL: the firmware has no memory left. */
void *alloc_pages(struct memory *m, uint64_t bytes);

/* Exactly these pages, with arbitrary content; false: the firmware does not give them. */
bool alloc_range(struct memory *m, uint64_t pfn, uint64_t pages);

/* The same for one page as reserved memory, for which firmware may keep ranges of its own. */
bool alloc_reserved(struct memory *m, uint64_t pfn);

/* Gives all of it back, claimed memory included. */
void alloc_release(struct memory *m);

#endif
