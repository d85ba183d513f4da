/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Deterministic images, made with the writer, for the unit tests, for the
 * worked example of docs/image-format.md and for the independent decoder.
 */
#ifndef IMGFMT_TESTS_SAMPLE_H
#define IMGFMT_TESTS_SAMPLE_H

#include <imgfmt/imgfmt.h>

enum content {
	CONTENT_ZERO,
	CONTENT_WORD,  /* one 64-bit word all over */
	CONTENT_TEXT,  /* compresses well */
	CONTENT_NOISE, /* does not compress */
};

struct sample_run {
	uint64_t pfn;
	uint64_t pages;
	enum content content;
	bool store;	  /* into a chunk even if a fill run could do */
	bool close_chunk; /* after it */
};

struct sample_image {
	const struct sample_run *run;
	uint32_t nr_runs;
	struct img_record record;
	const struct img_fp_item *fp;
	const struct img_rtregion *rtmap;
	const struct img_aux *aux;
	const struct img_proof *proof;
	uint32_t nr_fp, nr_rtmap, nr_aux, nr_proofs;
	uint32_t slot;
	uint64_t generation;
	enum img_mode mode;
	uint64_t restores;
	uint32_t attempts;
	const char *description;
};

struct sample {
	uint8_t *partition;
	uint64_t size;
	struct img_area area;
};

/* The example of the specification: a page of each kind, one image. */
extern const struct sample_image sample_tiny;
/*
 * Every kind of run and chunk, two images: sample_older, for one restore and fresh, in slot A,
 * sample_full in slot B.
 */
extern const struct sample_image sample_older;
extern const struct sample_image sample_full;

/* The page's contents depend on content and pfn alone. */
void sample_page(uint64_t pfn, enum content content, void *page);

/* An area of one or two slots in fresh memory; sample_free gives it back. */
struct sample sample_area(uint64_t partition_size, uint64_t swap_size, uint32_t nr_slots);
void sample_free(struct sample *sample);

/* Writes an image into its slot as the module does: chunks, sections, state, header. */
void sample_write(struct sample *sample, const struct sample_image *image);

/* The area with sample_tiny in it, and the one with both of the others. */
struct sample sample_make_tiny(void);
struct sample sample_make_full(void);

#endif
