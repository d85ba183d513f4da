/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Today's memory map of the firmware. */
#ifndef MEMMAP_H
#define MEMMAP_H

#include <imgfmt/plan.h>

struct memory;

struct memmap {
	struct img_memrange *range; /* by rising address, in loader memory */
	uint64_t nr;
};

enum img_reason memmap_read(struct memory *memory, struct memmap *ret_map);

#endif
