// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where each page of the image goes.  A page whose place is in claimed memory is
 * written straight there.  Any other is staged: written to a pool page, and copied
 * once boot services, which own the memory at its place, are gone.
 *
 * The list of copies consists of runs, sorted by target, so that a binary search
 * finds a page and a few long loops do the copying after the exit.  After
 * place_plan() the list is read-only, and every processor uses it.
 */
#include "place.h"

#include "claim.h"

/* The trial run may count fewer pieces: the list itself takes pool pages. */
#define COPY_SLACK 256

static bool add_copy(struct staging *s, uint64_t from_pfn, uint64_t to_pfn, uint64_t pages)
{
	s->pages += pages;
	if (s->copy) {
		if (s->count == s->capacity)
			return false;
		s->copy[s->count] =
			(struct copy){ from_pfn * IMG_PAGE_SIZE, to_pfn * IMG_PAGE_SIZE, pages };
	}
	s->count++;
	return true;
}

static bool stage_span(struct staging *s, struct img_pool *pool, uint64_t pfn, uint64_t pages)
{
	while (pages) {
		struct img_range r = img_pool_next(pool, pages);

		if (r.pages == 0 || !add_copy(s, r.pfn, pfn, r.pages))
			return false;
		pfn += r.pages;
		pages -= r.pages;
	}
	return true;
}

static bool stage_run(struct staging *s, struct img_pool *pool, const struct img_run *run)
{
	uint64_t pfn = run->pfn, pages = run->pages, span;
	bool owned;

	for (; pages; pfn += span, pages -= span) {
		span = img_owned_span(s->owned, pfn, pages, &owned);
		if (!owned && !stage_span(s, pool, pfn, span))
			return false;
	}
	return true;
}

static bool stage_all(struct staging *s)
{
	struct img_pool pool;
	uint64_t i;

	img_pool_init(&pool, s->meta, s->owned);
	for (i = 0; i < s->meta->nr_runs; i++) {
		struct img_run run = img_meta_run(s->meta, i);

		if (!stage_run(s, &pool, &run))
			return false;
	}
	return true;
}

/* Runs twice: first to count, then to fill in the list. */
enum img_reason place_plan(struct claim *claim, struct staging *s)
{
	*s = (struct staging){ .meta = claim->meta, .owned = &claim->owned };
	if (!stage_all(s))
		return IMG_E_NO_MEMORY;
	s->capacity = s->count + COPY_SLACK;
	s->copy = claim_pool(claim, s->capacity * sizeof(*s->copy), false);
	s->count = 0;
	s->pages = 0;
	return s->copy && stage_all(s) ? IMG_OK : IMG_E_NO_MEMORY;
}

static const struct copy *find_copy(const struct staging *s, uint64_t phys)
{
	uint64_t low = 0, high = s->count;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (s->copy[middle].to <= phys)
			low = middle;
		else
			high = middle;
	}
	return &s->copy[low];
}

void *place_find(const struct staging *s, uint64_t pfn, uint64_t pages, uint64_t *ret_pages)
{
	uint64_t phys = pfn * IMG_PAGE_SIZE, left;
	const struct copy *c;
	bool owned;

	*ret_pages = img_owned_span(s->owned, pfn, pages, &owned);
	if (owned)
		return (void *)phys;
	c = find_copy(s, phys);
	left = c->pages - (phys - c->to) / IMG_PAGE_SIZE;
	if (*ret_pages > left)
		*ret_pages = left;
	return (void *)(c->from + (phys - c->to));
}

/* The rest of the run, starting at stored page `first`, at most `pages` long. */
static uint64_t stored_piece(const struct img_meta *meta, uint64_t run_number, uint64_t first,
			     uint64_t pages, uint64_t *ret_pfn)
{
	struct img_run run = img_meta_run(meta, run_number);
	uint64_t skip = first - run.first;

	*ret_pfn = run.pfn + skip;
	return run.pages - skip < pages ? run.pages - skip : pages;
}

void place_write(const struct staging *s, uint64_t first, uint64_t pages, const uint8_t *from)
{
	const struct img_meta *meta = s->meta;
	uint64_t run = img_meta_find_stored(meta, first), pfn, piece, span;

	for (; pages; run++) {
		if (img_meta_run(meta, run).kind != IMG_RUN_STORED)
			continue;
		piece = stored_piece(meta, run, first, pages, &pfn);
		first += piece;
		pages -= piece;
		for (; piece; piece -= span, pfn += span, from += span * IMG_PAGE_SIZE) {
			void *to = place_find(s, pfn, piece, &span);

			memcpy(to, from, span * IMG_PAGE_SIZE);
		}
	}
}

void *place_direct(const struct staging *s, uint64_t first, uint64_t pages)
{
	uint64_t run = img_meta_find_stored(s->meta, first), pfn, span;
	void *at;

	if (stored_piece(s->meta, run, first, pages, &pfn) < pages)
		return NULL;
	at = place_find(s, pfn, pages, &span);
	return span == pages ? at : NULL;
}
