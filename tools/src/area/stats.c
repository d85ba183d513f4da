// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/stats.h"

#include <imgfmt/writer.h>

/* Keeps the list sorted; equal runs keep their order. */
static void rank_run(const struct img_meta *meta, struct stats *stats, uint64_t number)
{
	uint32_t pages = img_meta_run(meta, number).pages;
	uint64_t at = stats->nr_biggest;

	while (at && img_meta_run(meta, stats->biggest[at - 1]).pages < pages)
		at--;
	if (at == STATS_BIGGEST)
		return;
	if (stats->nr_biggest < STATS_BIGGEST)
		stats->nr_biggest++;
	for (uint64_t i = stats->nr_biggest - 1; i > at; i--)
		stats->biggest[i] = stats->biggest[i - 1];
	stats->biggest[at] = number;
}

static void count_run(struct stats *stats, const struct img_run *run)
{
	if (run->kind == IMG_RUN_STORED) {
		stats->pages_stored += run->pages;
		return;
	}
	stats->runs_filled++;
	stats->pages_filled += run->pages;
	if (run->fill == 0)
		stats->pages_zero += run->pages;
}

static void count_chunk(struct stats *stats, const struct img_chunk *chunk)
{
	stats->chunks_lz4 += chunk->kind == IMG_CHUNK_LZ4;
	stats->chunks_raw += chunk->kind == IMG_CHUNK_RAW;
	stats->bytes_stored += chunk->size;
	stats->bytes_on_disk += img_block_align(chunk->size);
	if (chunk->kind == IMG_CHUNK_FILL) {
		stats->chunks_fill++;
		stats->pages_in_fill_chunks += chunk->pages;
	}
}

void stats_collect(const struct img_meta *meta, struct stats *ret_stats)
{
	struct stats stats = { 0 };

	for (uint64_t i = 0; i < meta->nr_runs; i++) {
		struct img_run run = img_meta_run(meta, i);

		count_run(&stats, &run);
		rank_run(meta, &stats, i);
	}
	for (uint64_t i = 0; i < meta->nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(meta, i);

		count_chunk(&stats, &chunk);
	}
	*ret_stats = stats;
}

double stats_percent(const struct img_meta *meta, const struct stats *stats)
{
	if (!meta->nr_pages)
		return 0;
	return 100.0 * (double)stats->bytes_stored / ((double)meta->nr_pages * IMG_PAGE_SIZE);
}
