// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Swap space.  Offsets: Linux, include/linux/swap.h, union swap_header.
 *
 * Its last sector is the kernel's: hibernation keeps its own notes there, next to the signature,
 * and leaves some of them (kernel/power/swap.c, struct swsusp_header).
 */
#include "fs.h"

#define SWAP_MAGIC  4086u
#define SWAP_HEADER (IMG_BLOCK - IMG_PROOF_ALIGN)

enum img_reason img_fs_swap(struct fs_survey *s)
{
	const uint8_t *block;
	enum img_reason reason = img_fs_look(s, 0, IMG_BLOCK, "swap header", &block);

	if (reason != IMG_OK)
		return reason;
	if (memcmp(block + SWAP_MAGIC, "SWAPSPACE2", 10))
		return img_fs_unprovable(s, "swap header");
	img_fs_add(s, IMG_PROOF_SWAP, 0, SWAP_HEADER);
	return IMG_OK;
}
