/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What gate.efi and the maker of its image must have in common. */
#ifndef GATE_H
#define GATE_H

#include "imgfmt_port.h"

/* Memory that OVMF leaves alone on a machine of 512 MiB; the pool lies after the image. */
#define GATE_FIRST_PFN	   (64ull << 8)
#define GATE_IMAGE_END_PFN (160ull << 8)
#define GATE_END_PFN	   (256ull << 8)

/* xorshift64* (Vigna 2014); the state is a number other than 0. */
static inline uint64_t gate_random(uint64_t *state)
{
	if (!*state)
		*state = 20;
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ull;
}

/* Of all pages so far, by rising address. */
static inline uint64_t gate_digest(uint64_t digest, const void *page)
{
	return digest * 31 + img_port_xxh64(page, 4096);
}

#endif
