/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gate.efi and mkgate, which makes its image, must have in common. */
#ifndef GATE_H
#define GATE_H

#include "imgfmt_port.h"

/* Memory that OVMF does not use on a machine of 512 MiB; the pool follows the image. */
#define GATE_FIRST_PFN	   (64ull << 8)
#define GATE_IMAGE_END_PFN (160ull << 8)
#define GATE_END_PFN	   (256ull << 8)

/* xorshift64* (Vigna 2014); a state of 0 starts the sequence. */
static inline uint64_t gate_random(uint64_t *state)
{
	if (!*state)
		*state = 20;
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ull;
}

/* The digest of all pages so far, by rising address. */
static inline uint64_t gate_digest(uint64_t digest, const void *page)
{
	return digest * 31 + img_port_xxh64(page, 4096);
}

#endif
