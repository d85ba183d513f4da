// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Entries of sections that img_meta_decode has accepted: no accessor checks anything.
 */
#include <imgfmt/reader.h>

#include "internal.h"

struct img_fp_item img_meta_fp(const struct img_meta *meta, uint64_t i)
{
	const struct img_fp_disk *d = &meta->fp[i];

	return (struct img_fp_item){
		.field = img_get32(d->field),
		.index = img_get32(d->index),
		.value = { img_get64(d->value[0]), img_get64(d->value[1]) },
	};
}

struct img_rtregion img_meta_rtregion(const struct img_meta *meta, uint64_t i)
{
	const struct img_rtmap_disk *d = &meta->rtmap[i];

	return (struct img_rtregion){
		.type = img_get32(d->type),
		.phys = img_get64(d->phys),
		.virt = img_get64(d->virt),
		.pages = img_get64(d->pages),
		.attribute = img_get64(d->attribute),
	};
}

struct img_aux img_meta_aux(const struct img_meta *meta, uint64_t i)
{
	const struct img_aux_disk *d = &meta->aux[i];

	return (struct img_aux){
		.pfn = img_get64(d->pfn),
		.pages = img_get64(d->pages),
		.kind = img_get32(d->kind),
	};
}

struct img_proof img_meta_proof(const struct img_meta *meta, uint64_t i)
{
	const struct img_proof_disk *d = &meta->proof[i];
	struct img_proof proof = {
		.kind = (enum img_proof_kind)img_get32(d->kind),
		.flags = img_get32(d->flags),
		.offset = img_get64(d->offset),
		.size = img_get32(d->size),
		.digest = img_get64(d->digest),
	};

	memcpy(proof.part_uuid, d->part_uuid, sizeof(proof.part_uuid));
	return proof;
}

struct img_run img_meta_run(const struct img_meta *meta, uint64_t i)
{
	const struct img_run_disk *d = &meta->run[i];

	return (struct img_run){
		.pfn = img_get64(d->pfn),
		.pages = img_get32(d->pages),
		.kind = (enum img_run_kind)img_get32(d->kind),
		.first = img_get64(d->first),
		.fill = img_get64(d->fill),
	};
}

struct img_chunk img_meta_chunk(const struct img_meta *meta, uint64_t i)
{
	const struct img_chunk_disk *d = &meta->chunk[i];

	return (struct img_chunk){
		.offset = img_get64(d->offset),
		.size = img_get32(d->size),
		.kind = (enum img_chunk_kind)img_get16(d->kind),
		.pages = img_get16(d->pages),
		.first = img_get64(d->first),
		.csum = img_get64(d->csum),
		.fill = img_get64(d->fill),
	};
}

/*
 * The last run whose `first` is not above the ordinal: a fill run shares its
 * `first` with the stored run after it, so the last one is a stored one.
 */
uint64_t img_meta_find_stored(const struct img_meta *meta, uint64_t ordinal)
{
	uint64_t low = 0, high = meta->nr_runs;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (img_get64(meta->run[middle].first) <= ordinal)
			low = middle;
		else
			high = middle;
	}
	return low;
}

uint64_t img_meta_find_pfn(const struct img_meta *meta, uint64_t pfn)
{
	uint64_t low = 0, high = meta->nr_runs;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		const struct img_run_disk *d = &meta->run[middle];

		if (img_get64(d->pfn) + img_get32(d->pages) > pfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
