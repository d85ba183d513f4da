// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The swap area.  Offsets: Linux, include/linux/swap.h, union swap_header. */
#include <imgfmt/proof.h>

#include "internal.h"

#define SWAP_MAGIC     4086u
#define SWAP_VERSION   1024u
#define SWAP_LAST_PAGE 1028u

/*
 * The kernel also accepts a header of the other byte order (mm/swapfile.c, read_swap_header()), and
 * a header with a hibernation image is marked S1SUSPEND (kernel/power/swap.c).
 */
enum img_reason img_swap_check(const void *block, const struct img_area *area,
			       struct img_detail *detail)
{
	const uint8_t *b = block;
	uint64_t last = img_load_le(b + SWAP_LAST_PAGE, 4), end;

	if (memcmp(b + SWAP_MAGIC, "SWAPSPACE2", 10) && memcmp(b + SWAP_MAGIC, "S1SUSPEND", 10))
		return IMG_OK;
	if (img_load_be(b + SWAP_VERSION, 4) == 1)
		last = img_load_be(b + SWAP_LAST_PAGE, 4);
	end = (last + 1) * IMG_PAGE_SIZE;
	if (end <= area->offset)
		return IMG_OK;
	return IMG_REFUSE(detail, IMG_E_GATE_SWAP_OVERLAP, .object = "swap area", .field = "end",
			  .golden = area->offset, .today = end);
}
