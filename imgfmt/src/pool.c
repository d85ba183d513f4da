// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The memory that the loader owns, and the pages of it that the image does not need.  The image's
 * runs and the loader's ranges are both sorted, so the result is a merge of two lists.
 */
#include <imgfmt/plan.h>

#include "internal.h"

/* The first range that ends after pfn; nr if none. */
static uint64_t owned_find(const struct img_owned *owned, uint64_t pfn)
{
	uint64_t low = 0, high = owned->nr;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (owned->range[middle].pfn + owned->range[middle].pages > pfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint64_t img_owned_span(const struct img_owned *owned, uint64_t pfn, uint64_t pages,
			bool *ret_owned)
{
	uint64_t i = owned_find(owned, pfn);
	const struct img_range *range = &owned->range[i];

	*ret_owned = i < owned->nr && range->pfn <= pfn;
	if (*ret_owned)
		return img_min(pages, range->pfn + range->pages - pfn);
	return i < owned->nr ? img_min(pages, range->pfn - pfn) : pages;
}

void img_pool_init(struct img_pool *pool, const struct img_meta *meta,
		   const struct img_owned *owned)
{
	*pool = (struct img_pool){
		.meta = meta,
		.owned = owned,
		.pfn = owned->nr ? owned->range[0].pfn : 0,
	};
}

static void pool_next_range(struct img_pool *pool)
{
	if (++pool->range < pool->owned->nr)
		pool->pfn = pool->owned->range[pool->range].pfn;
}

/* The next extent, left in the pool, whose position moves to it. */
static struct img_range pool_peek(struct img_pool *pool)
{
	while (pool->range < pool->owned->nr) {
		const struct img_range *range = &pool->owned->range[pool->range];
		uint64_t end = range->pfn + range->pages;
		uint64_t i = img_meta_find_pfn(pool->meta, pool->pfn);
		struct img_run run = { .pfn = IMG_MAX_PFN };

		if (i < pool->meta->nr_runs)
			run = img_meta_run(pool->meta, i);
		if (pool->pfn >= end)
			pool_next_range(pool);
		else if (run.pfn <= pool->pfn)
			pool->pfn = run.pfn + run.pages;
		else
			return (struct img_range){ pool->pfn, img_min(end, run.pfn) - pool->pfn };
	}
	return (struct img_range){ 0, 0 };
}

struct img_range img_pool_next(struct img_pool *pool, uint64_t want)
{
	struct img_range extent = pool_peek(pool);

	extent.pages = img_min(extent.pages, want);
	pool->pfn += extent.pages;
	return extent;
}

struct img_range img_pool_contiguous(struct img_pool *pool, uint64_t want, uint64_t limit_pfn)
{
	struct img_pool at = *pool;

	for (;;) {
		struct img_range extent = pool_peek(&at);

		if (!extent.pages || !img_fits(extent.pfn, want, limit_pfn))
			return (struct img_range){ 0, 0 };
		at.pfn += img_min(extent.pages, want);
		if (extent.pages >= want) {
			*pool = at;
			return (struct img_range){ extent.pfn, want };
		}
	}
}
