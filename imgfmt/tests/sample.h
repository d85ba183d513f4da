/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Deterministic images, made with the writer: libsample, for the tests of every component,
 * the worked example of docs/image-format.md and the independent decoder.
 *
 * A caller declares an image and sample_write writes it.  A caller whose pages are not runs of one
 * kind of content adds them one by one, between sample_begin and sample_end.  An error ends the
 * program.
 */
#ifndef IMGFMT_TESTS_SAMPLE_H
#define IMGFMT_TESTS_SAMPLE_H

#include "cipher.h"

enum content {
	CONTENT_ZERO,
	CONTENT_WORD,  /* one 64-bit word, repeated */
	CONTENT_TEXT,  /* compresses well */
	CONTENT_NOISE, /* does not compress */
	CONTENT_WORDS, /* a compressor that searches longer finds longer matches */
};

struct sample_run {
	uint64_t pfn;
	uint64_t pages;
	enum content content;
	bool store;	  /* into a chunk even if a fill run is possible */
	bool close_chunk; /* after this run */
};

/* What an image is sealed with: the firmware's secret, and what was drawn for the image. */
struct sample_seal {
	enum img_seal_domain domain;
	uint8_t secret[IMG_KEY_SIZE];
	uint8_t nonce[IMG_KEY_SIZE];
	uint8_t salt[IMG_KEY_SIZE];
};

struct sample_image {
	const struct sample_run *run;
	uint32_t nr_runs;
	const struct img_meta *index; /* of these pages; NULL: the writer makes it */
	struct img_record record;
	const struct img_fp_item *fp;
	const struct img_rtregion *rtmap;
	const struct img_aux *aux;
	const struct img_proof *proof;
	uint32_t nr_fp, nr_rtmap, nr_aux, nr_proofs;
	uint32_t slot;
	const char *kernel;
	uint64_t generation; /* determines the image's UUID and time */
	enum img_mode mode;
	struct img_state state;
	const char *description;
	const struct sample_seal *seal; /* NULL: not sealed */
	bool spoil; /* the first chunk does not decode, although its checksum is correct */
};

struct sample {
	uint8_t *partition;
	uint64_t size;
	struct img_area area;
};

/* The specification's example: one image with a page of each kind. */
extern const struct sample_image sample_tiny;
/*
 * Every kind of run and chunk, two images: sample_older, one-shot and not consumed, in slot A,
 * sample_full in slot B.
 */
extern const struct sample_image sample_older;
extern const struct sample_image sample_full;

/* The same pages as in sample_full, and as in sample_tiny, sealed with sample_secure. */
extern const struct sample_image sample_sealed;
extern const struct sample_image sample_tiny_sealed;
/* One for each domain; the secrets differ. */
extern const struct sample_seal sample_secure;
extern const struct sample_seal sample_open_seal;

/* Fills in a page; the bytes depend only on content and pfn. */
void sample_page(uint64_t pfn, enum content content, void *page);

/* An area of one or two slots in new memory; sample_free frees it. */
struct sample sample_area(uint64_t partition_size, uint64_t swap_size, uint32_t nr_slots);
void sample_free(struct sample *sample);

/* Maps the file of a partition that has an area: writes to the memory change the file. */
struct sample sample_open(const char *path);
void sample_close(struct sample *sample);

/*
 * Writes an image into its slot as the module does: chunks, sections, state, header.
 * Returns the header.
 */
struct img_slot sample_write(struct sample *sample, const struct sample_image *image);

/*
 * The steps of sample_write.  Add pages by rising pfn; a page that repeats a single word becomes
 * part of a fill run, unless `store` is set.  sample_end frees the job; its header provides what
 * neither the area nor the writer knows: mode, UUID, generation, time, kernel, description.
 */
struct sample_job;
struct sample_job *sample_begin(struct sample *sample, const struct sample_image *image);
void sample_add_page(struct sample_job *job, uint64_t pfn, const void *page, bool store);
void sample_close_chunk(struct sample_job *job);
struct img_slot sample_end(struct sample_job *job, const struct img_slot *header);

/* The keys of a sealed image, by its slot header. */
void sample_seal_keys(const struct sample_seal *seal, const struct img_slot *slot,
		      struct img_seal_keys *ret_keys);

/*
 * The area with sample_tiny in it, the area with sample_older and sample_full, and the same two
 * with the sealed image in place of sample_tiny and sample_full.
 */
struct sample sample_make_tiny(void);
struct sample sample_make_full(void);
struct sample sample_make_tiny_sealed(void);
struct sample sample_make_sealed(void);

#endif
