// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory, in the order of a restore:
 *
 *   alloc_pages    a few buffers, before the machine's memory is compared
 *   claim_all      all conventional memory except what the firmware may still need;
 *                  one call per range, because a thousand one-page calls take 50 ms
 *   claim_pool     claimed pages that the image does not need
 *   alloc_release  all of it back to the firmware, after a refusal
 */
#include "claim.h"

#include "alloc.h"
#include "memmap.h"

/* Left unclaimed for the firmware's own allocations until the exit. */
#define FIRMWARE_RESERVE_PAGES (16 * MIB / IMG_PAGE_SIZE)

/* Below this are the real-mode start-up code and buffers that firmware reuses without asking. */
#define LOWEST_CLAIM_PFN (MIB / IMG_PAGE_SIZE)

#define LOW_LIMIT_PFN (1ull << (32 - 12))

/* A range that the firmware does not give is not an error: its pages are staged. */
static void claim(struct memory *memory, uint64_t pfn, uint64_t end, struct claim *c)
{
	if (pfn < end && c->owned.nr < MAX_CLAIMED && alloc_range(memory, pfn, end - pfn))
		c->range[c->owned.nr++] = (struct img_range){ pfn, end - pfn };
}

/* Fills in the ranges that may be claimed; returns their number. */
static uint64_t claimable(const struct memmap *map, struct img_range *range)
{
	uint64_t i, nr = 0;

	for (i = 0; i < map->nr && nr < MAX_CLAIMED; i++) {
		uint64_t pfn = map->range[i].phys / IMG_PAGE_SIZE;
		uint64_t end = pfn + map->range[i].pages;

		if (map->range[i].type != IMG_EFI_CONVENTIONAL)
			continue;
		if (pfn < LOWEST_CLAIM_PFN)
			pfn = LOWEST_CLAIM_PFN;
		if (pfn < end)
			range[nr++] = (struct img_range){ pfn, end - pfn };
	}
	return nr;
}

/*
 * What the firmware keeps: preferably a hole in the image, so that no page has
 * to be staged for it; otherwise the lowest part of the first range.
 */
static struct img_range find_reserve(const struct img_meta *meta, const struct img_owned *all)
{
	struct img_pool pool;
	struct img_range r;

	img_pool_init(&pool, meta, all);
	r = img_pool_contiguous(&pool, FIRMWARE_RESERVE_PAGES, LOW_LIMIT_PFN);
	if (r.pages == 0 && all->nr)
		r = (struct img_range){ all->range[0].pfn, FIRMWARE_RESERVE_PAGES };
	return r;
}

enum img_reason claim_all(struct memory *memory, const struct img_meta *meta,
			  struct memmap *ret_map, struct claim *ret_claim)
{
	struct img_range *range = alloc_pages(memory, MAX_CLAIMED * sizeof(*range)), reserve;
	enum img_reason reason = memmap_read(memory, ret_map);
	struct img_owned all = { .range = range };
	uint64_t i;

	if (!range || reason != IMG_OK)
		return IMG_E_NO_MEMORY;
	ret_claim->owned = (struct img_owned){ .range = ret_claim->range };
	ret_claim->meta = meta;
	all.nr = claimable(ret_map, range);
	reserve = find_reserve(meta, &all);
	for (i = 0; i < all.nr; i++) {
		uint64_t pfn = range[i].pfn, end = pfn + range[i].pages;

		if (reserve.pfn < pfn || reserve.pfn >= end) {
			claim(memory, pfn, end, ret_claim);
			continue;
		}
		claim(memory, pfn, reserve.pfn, ret_claim);
		claim(memory, reserve.pfn + reserve.pages, end, ret_claim);
	}
	return IMG_OK;
}

/* Takes a range that the image does not need out of what is owned. */
static bool disown(struct claim *c, struct img_range r)
{
	struct img_range *at = c->range;
	uint64_t before, after;

	while (r.pfn >= at->pfn + at->pages)
		at++;
	before = r.pfn - at->pfn;
	after = at->pages - before - r.pages;
	if (c->owned.nr == MAX_CLAIMED)
		return false;
	memmove(at + 1, at, (uint64_t)(c->range + c->owned.nr - at) * sizeof(*at));
	c->owned.nr++;
	at[0].pages = before;
	at[1] = (struct img_range){ r.pfn + r.pages, after };
	return true;
}

void *claim_pool(struct claim *c, uint64_t bytes, bool low)
{
	uint64_t pages = (bytes + IMG_PAGE_SIZE - 1) / IMG_PAGE_SIZE;
	struct img_pool scan;
	struct img_range r;

	img_pool_init(&scan, c->meta, &c->owned);
	r = img_pool_contiguous(&scan, pages, low ? LOW_LIMIT_PFN : IMG_MAX_PFN);
	if (r.pages == 0 || !disown(c, r))
		return NULL;
	return (void *)(r.pfn * IMG_PAGE_SIZE);
}
