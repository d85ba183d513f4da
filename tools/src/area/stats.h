/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures about one image, from its validated tables.  Pure functions. */
#ifndef FASTBOOTCTL_STATS_H
#define FASTBOOTCTL_STATS_H

#include <imgfmt/reader.h>

#define STATS_BIGGEST 5u

struct stats {
	uint64_t pages_stored; /* held by chunks */
	uint64_t pages_filled; /* constant, by the page index alone */
	uint64_t pages_zero;   /* those of all zeroes */
	uint64_t runs_filled;
	uint64_t chunks_lz4, chunks_raw, chunks_fill;
	uint64_t pages_in_fill_chunks;
	uint64_t bytes_stored;	/* by chunks, without padding */
	uint64_t bytes_on_disk; /* with padding */
	uint64_t nr_biggest;
	uint64_t biggest[STATS_BIGGEST]; /* numbers of the longest runs, longest first */
};

void stats_collect(const struct img_meta *meta, struct stats *ret_stats);

/* Stored bytes per hundred bytes of memory in the index; 0 for an empty image. */
double stats_percent(const struct img_meta *meta, const struct stats *stats);

#endif
