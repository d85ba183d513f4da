// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The writer's refusals, and images of random pages through writer and reader. */
#include <stdlib.h>

#include "test.h"

static struct img_writer writer_make(struct img_run_disk *run, uint64_t runs,
				     struct img_chunk_disk *chunk, uint64_t chunks)
{
	struct img_writer w;

	img_writer_init(&w, IMG_MIN_SLOT_SIZE, run, runs, chunk, chunks);
	return w;
}

static void test_page_order(void **state)
{
	struct img_run_disk run[4];
	struct img_writer w = writer_make(run, 4, NULL, 0);

	(void)state;
	assert_reason(IMG_OK, img_writer_page(&w, 10, IMG_RUN_STORED, 0));
	assert_reason(IMG_E_INDEX_ORDER, img_writer_page(&w, 10, IMG_RUN_STORED, 0));
	assert_reason(IMG_E_INDEX_ORDER, img_writer_page(&w, 9, IMG_RUN_FILL, 0));
	assert_reason(IMG_E_INDEX_BOUNDS, img_writer_page(&w, IMG_MAX_PFN, IMG_RUN_STORED, 0));
	assert_reason(IMG_OK, img_writer_page(&w, IMG_MAX_PFN - 1, IMG_RUN_STORED, 0));
	assert_int_equal(w.nr_pages, 2);
}

static void test_runs_merge(void **state)
{
	struct img_run_disk run[8];
	struct img_writer w = writer_make(run, 8, NULL, 0);

	(void)state;
	assert_reason(IMG_OK, img_writer_page(&w, 1, IMG_RUN_STORED, 0));
	assert_reason(IMG_OK, img_writer_page(&w, 2, IMG_RUN_STORED, 0xdead));
	assert_int_equal(w.nr_runs, 1);
	assert_int_equal(img_get64(run[0].fill), 0);
	assert_reason(IMG_OK, img_writer_page(&w, 3, IMG_RUN_FILL, 5));
	assert_reason(IMG_OK, img_writer_page(&w, 4, IMG_RUN_FILL, 5));
	assert_int_equal(w.nr_runs, 2);
	assert_reason(IMG_OK, img_writer_page(&w, 5, IMG_RUN_FILL, 6));
	assert_reason(IMG_OK, img_writer_page(&w, 7, IMG_RUN_FILL, 6));
	assert_int_equal(w.nr_runs, 4);
	assert_int_equal(w.nr_stored, 2);
	assert_int_equal(w.nr_pages, 6);
}

/* A run with as many pages as its field can hold starts another one. */
static void test_longest_run(void **state)
{
	struct img_run_disk run[2];
	struct img_writer w = writer_make(run, 2, NULL, 0);

	(void)state;
	assert_reason(IMG_OK, img_writer_page(&w, 0, IMG_RUN_STORED, 0));
	run[0].pages = img_put32(0xffffffff);
	assert_reason(IMG_OK, img_writer_page(&w, 0xffffffff, IMG_RUN_STORED, 0));
	assert_int_equal(w.nr_runs, 2);
}

static void test_index_full(void **state)
{
	struct img_run_disk run[1];
	struct img_writer w = writer_make(run, 1, NULL, 0);

	(void)state;
	assert_true(img_writer_has_room(&w, 1));
	assert_reason(IMG_OK, img_writer_page(&w, 1, IMG_RUN_STORED, 0));
	assert_false(img_writer_has_room(&w, 1));
	assert_reason(IMG_E_INDEX_FULL, img_writer_page(&w, 2, IMG_RUN_FILL, 0));
	assert_reason(IMG_OK, img_writer_page(&w, 2, IMG_RUN_STORED, 0));
	assert_int_equal(w.nr_pages, 2);
}

/* Runs that img_writer_page would merge stay separate. */
static void test_index_of_another_image(void **state)
{
	const struct img_run_disk given[] = {
		{ .pfn = img_put64(1), .pages = img_put32(2) },
		{ .pfn = img_put64(3), .pages = img_put32(1), .first = img_put64(2) },
	};
	const struct img_meta meta = { .run = given, .nr_runs = 2, .nr_pages = 3, .nr_stored = 3 };
	struct img_chunk chunk = { .kind = IMG_CHUNK_RAW, .pages = 3, .size = 3 * 4096 };
	struct img_chunk_disk table[1];
	struct img_run_disk run[2];
	struct img_writer w = writer_make(run, 1, table, 1);

	(void)state;
	assert_reason(IMG_E_INDEX_FULL, img_writer_index(&w, &meta));
	assert_int_equal(w.nr_runs, 0);
	w = writer_make(run, 2, table, 1);
	assert_reason(IMG_OK, img_writer_index(&w, &meta));
	assert_memory_equal(run, given, sizeof(given));
	assert_int_equal(w.nr_runs, 2);
	assert_int_equal(w.nr_pages, 3);
	assert_reason(IMG_OK, img_writer_chunk(&w, &chunk));
	chunk.pages = 1;
	assert_reason(IMG_E_CHUNK_COUNT, img_writer_chunk(&w, &chunk));
}

static void test_chunks(void **state)
{
	struct img_run_disk run[1];
	struct img_chunk_disk table[2];
	struct img_writer w = writer_make(run, 1, table, 2);
	struct img_chunk chunk = { .kind = IMG_CHUNK_RAW, .pages = 3, .size = 3 * 4096 };

	(void)state;
	assert_reason(IMG_OK, img_writer_page(&w, 1, IMG_RUN_STORED, 0));
	assert_reason(IMG_OK, img_writer_page(&w, 2, IMG_RUN_STORED, 0));
	assert_reason(IMG_E_CHUNK_COUNT, img_writer_chunk(&w, &chunk));
	chunk.pages = 0;
	assert_reason(IMG_E_CHUNK_COUNT, img_writer_chunk(&w, &chunk));
	chunk.pages = 257;
	assert_reason(IMG_E_CHUNK_COUNT, img_writer_chunk(&w, &chunk));
	chunk.pages = 1;
	chunk.size = IMG_MIN_SLOT_SIZE - IMG_SLOT_DATA_OFFSET + 1;
	assert_reason(IMG_E_SLOT_FULL, img_writer_chunk(&w, &chunk));
	assert_int_equal(w.nr_chunks, 0);
	chunk.size = 4097;
	assert_reason(IMG_OK, img_writer_chunk(&w, &chunk));
	assert_int_equal(chunk.offset, IMG_SLOT_DATA_OFFSET);
	chunk.pages = 2;
	assert_reason(IMG_E_CHUNK_COUNT, img_writer_chunk(&w, &chunk));
	chunk.pages = 1;
	assert_reason(IMG_OK, img_writer_chunk(&w, &chunk));
	assert_int_equal(chunk.offset, IMG_SLOT_DATA_OFFSET + 8192);
	assert_int_equal(chunk.first, 1);
	assert_reason(IMG_OK, img_writer_page(&w, 3, IMG_RUN_STORED, 0));
	assert_reason(IMG_E_INDEX_FULL, img_writer_chunk(&w, &chunk));
}

static void test_finish(void **state)
{
	struct img_run_disk run[1];
	struct img_chunk_disk table[1];
	struct img_writer w = writer_make(run, 1, table, 1);
	struct img_record_disk record = img_record_encode(&sample_full.record);
	struct img_writer_sections in = { .record = &record };
	struct img_chunk chunk = { .kind = IMG_CHUNK_RAW, .pages = 1, .size = 4096 };
	const void *data[IMG_MAX_SECTIONS];
	struct img_slot slot = { 0 };

	(void)state;
	assert_reason(IMG_OK, img_writer_page(&w, 1, IMG_RUN_STORED, 0));
	assert_reason(IMG_E_INDEX_COUNT, img_writer_finish(&w, &in, &slot, data));
	assert_reason(IMG_OK, img_writer_chunk(&w, &chunk));
	assert_reason(IMG_OK, img_writer_finish(&w, &in, &slot, data));
	assert_int_equal(slot.meta_offset, 3 * IMG_BLOCK);
	assert_int_equal(slot.meta_size, 3 * IMG_BLOCK);
	assert_ptr_equal(data[0], &record);

	/* Just large enough, and one block too small. */
	w.slot_size = 6 * IMG_BLOCK;
	assert_reason(IMG_OK, img_writer_finish(&w, &in, &slot, data));
	w.slot_size = 5 * IMG_BLOCK;
	assert_reason(IMG_E_SLOT_FULL, img_writer_finish(&w, &in, &slot, data));
}

/* As much as a reader must be able to hold, and more, though the slot has the room. */
static void test_meta_limit(void **state)
{
	const uint64_t half = IMG_MAX_META_SIZE / 2;
	struct img_fp_disk *fp = calloc(1, half + IMG_BLOCK);
	struct img_rtmap_disk *rtmap = calloc(1, half);
	struct img_record_disk record = img_record_encode(&sample_full.record);
	struct img_writer_sections in = {
		.record = &record,
		.fp = fp,
		.nr_fp = half / sizeof(*fp),
		.rtmap = rtmap,
		.nr_rtmap = (half - IMG_BLOCK) / sizeof(*rtmap),
	};
	const void *data[IMG_MAX_SECTIONS];
	struct img_slot slot = { 0 };
	struct img_writer w;

	(void)state;
	assert_true(fp && rtmap);
	img_writer_init(&w, 1ull << 40, NULL, 0, NULL, 0);
	assert_reason(IMG_OK, img_writer_finish(&w, &in, &slot, data));
	assert_int_equal(slot.meta_size, IMG_MAX_META_SIZE);
	in.nr_fp++;
	assert_reason(IMG_E_INDEX_FULL, img_writer_finish(&w, &in, &slot, data));
	free(fp);
	free(rtmap);
}

/* Random images: pages of random kinds at random places, each read back through the reader. */

struct image {
	struct img_run_disk run[1024];
	struct img_chunk_disk chunk[1024];
	uint64_t pfn[1024];
	enum content content[1024];
	uint32_t nr;
	uint8_t *slot, *in, *out, *workmem;
};

#define RANDOM_SLOT (8u << 20)

static struct image *image_make(void)
{
	struct image *i = calloc(1, sizeof(*i));

	assert_non_null(i);
	i->slot = aligned_alloc(4096, RANDOM_SLOT);
	i->in = aligned_alloc(8, IMG_CHUNK_SIZE);
	i->out = aligned_alloc(8, IMG_ENCODE_BOUND);
	i->workmem = aligned_alloc(16, (IMG_PORT_LZ4_WORKMEM + 15) & ~15u);
	assert_true(i->slot && i->in && i->out && i->workmem);
	return i;
}

static void image_free(struct image *i)
{
	free(i->slot);
	free(i->in);
	free(i->out);
	free(i->workmem);
	free(i);
}

static void put_chunk(struct image *image, struct img_writer *w, uint32_t *pending)
{
	struct img_chunk chunk;

	if (!*pending)
		return;
	img_chunk_encode(image->in, *pending, image->out, image->workmem, &chunk);
	assert_reason(IMG_OK, img_writer_chunk(w, &chunk));
	memcpy(image->slot + chunk.offset, image->out, img_block_align(chunk.size));
	*pending = 0;
}

static void write_pages(struct image *image, struct img_writer *w)
{
	uint32_t pending = 0;

	for (uint32_t i = 0; i < image->nr; i++) {
		uint8_t *page = image->in + pending * IMG_PAGE_SIZE;
		bool fill =
			(image->content[i] == CONTENT_ZERO || image->content[i] == CONTENT_WORD) &&
			rand() % 4;
		uint64_t word = 0;

		sample_page(image->pfn[i], image->content[i], page);
		if (fill)
			assert_true(img_page_is_fill(page, &word));
		assert_reason(IMG_OK, img_writer_page(w, image->pfn[i],
						      fill ? IMG_RUN_FILL : IMG_RUN_STORED, word));
		pending += !fill;
		if (pending == IMG_CHUNK_PAGES || rand() % 100 == 0)
			put_chunk(image, w, &pending);
	}
	put_chunk(image, w, &pending);
}

static void write_image(struct image *image, struct img_slot *slot)
{
	struct img_record record = sample_full.record;
	struct img_record_disk disk;
	const struct img_proof_disk proof = img_proof_encode(&sample_full.proof[0]);
	struct img_writer_sections in = { .record = &disk, .proof = &proof, .nr_proofs = 1 };
	const void *data[IMG_MAX_SECTIONS];
	struct img_writer w;

	img_writer_init(&w, RANDOM_SLOT, image->run, 1024, image->chunk, 1024);
	write_pages(image, &w);
	record.handoff_phys = image->pfn[0] * IMG_PAGE_SIZE;
	disk = img_record_encode(&record);
	assert_reason(IMG_OK, img_writer_finish(&w, &in, slot, data));
	for (uint32_t i = 0; i < slot->nr_sections; i++)
		if (slot->section[i].size)
			memcpy(image->slot + slot->section[i].offset, data[i],
			       slot->section[i].size);
	slot->mode = IMG_MODE_GOLDEN;
	slot->generation = 1;
	img_slot_encode(slot, image->slot);
}

/* Compares the place of stored page number `ordinal` of the chunk with what was written there. */
static void check_chunk(const struct image *image, const struct img_meta *m,
			const struct img_chunk *chunk, const uint8_t *pages)
{
	for (uint32_t i = 0; i < chunk->pages; i++) {
		uint64_t ordinal = chunk->first + i;
		struct img_run run = img_meta_run(m, img_meta_find_stored(m, ordinal));
		uint64_t pfn = run.pfn + (ordinal - run.first);
		uint8_t expected[IMG_PAGE_SIZE];
		uint32_t at = 0;

		while (at < image->nr && image->pfn[at] != pfn)
			at++;
		assert_true(at < image->nr);
		sample_page(pfn, image->content[at], expected);
		assert_memory_equal(pages + i * IMG_PAGE_SIZE, expected, IMG_PAGE_SIZE);
	}
}

static void check_image(struct image *image)
{
	struct img_area area = { .nr_slots = 1, .slot = { { 0, RANDOM_SLOT } } };
	struct img_slot slot;
	struct img_meta m;

	assert_reason(IMG_OK, img_slot_decode(image->slot, &area, 0, &slot, NULL));
	assert_reason(IMG_OK, img_meta_decode(&slot, image->slot + slot.meta_offset, &m, NULL));
	assert_int_equal(m.nr_pages, image->nr);
	for (uint32_t i = 0; i < image->nr; i++) {
		struct img_run run = img_meta_run(&m, img_meta_find_pfn(&m, image->pfn[i]));

		assert_in_range(image->pfn[i], run.pfn, run.pfn + run.pages - 1);
		if (run.kind == IMG_RUN_FILL)
			assert_true(
				run.fill ==
				(image->content[i] == CONTENT_WORD ? 0xa5a5a5a5a5a5a5a5ull : 0));
	}
	for (uint64_t i = 0; i < m.nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(&m, i);

		assert_reason(IMG_OK, img_chunk_check(&chunk, image->slot + chunk.offset));
		assert_reason(IMG_OK,
			      img_chunk_decode(&chunk, image->slot + chunk.offset, image->in));
		check_chunk(image, &m, &chunk, image->in);
	}
}

static void test_random_images(void **state)
{
	struct image *image = image_make();

	(void)state;
	srand(11);
	for (int round = 0; round < 25; round++) {
		struct img_slot slot = { 0 };
		uint64_t pfn = (uint64_t)rand() % 1000;

		image->nr = 1 + (uint32_t)rand() % 1000;
		for (uint32_t i = 0; i < image->nr; i++) {
			image->pfn[i] = pfn;
			image->content[i] = (enum content)(rand() % 4);
			pfn += rand() % 3 ? 1 : 1 + (uint64_t)rand() % 100000;
		}
		write_image(image, &slot);
		check_image(image);
	}
	image_free(image);
}

int run_writer_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_order),
		cmocka_unit_test(test_runs_merge),
		cmocka_unit_test(test_longest_run),
		cmocka_unit_test(test_index_full),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_meta_limit),
		cmocka_unit_test(test_random_images),
		cmocka_unit_test(test_index_of_another_image),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
