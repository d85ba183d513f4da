// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* One chunk: encoding, checking, decoding. */
#include <stdlib.h>

#include "test.h"

struct buffers {
	uint8_t *in, *out, *back, *workmem;
};

static struct buffers buffers_make(void)
{
	struct buffers b = {
		aligned_alloc(8, IMG_CHUNK_SIZE),
		aligned_alloc(8, IMG_ENCODE_BOUND),
		aligned_alloc(8, IMG_CHUNK_SIZE),
		aligned_alloc(16, (IMG_PORT_LZ4_WORKMEM + 15) & ~15u),
	};

	assert_true(b.in && b.out && b.back && b.workmem);
	memset(b.out, 0xcc, IMG_ENCODE_BOUND);
	return b;
}

static void buffers_free(struct buffers *b)
{
	free(b->in);
	free(b->out);
	free(b->back);
	free(b->workmem);
}

static struct img_chunk encode(struct buffers *b, uint32_t pages, enum content content)
{
	struct img_chunk chunk;

	for (uint32_t i = 0; i < pages; i++)
		sample_page(i, content, b->in + i * IMG_PAGE_SIZE);
	img_chunk_encode(b->in, pages, b->out, b->workmem, &chunk);
	return chunk;
}

static void test_round_trips(void **state)
{
	static const struct {
		uint32_t pages;
		enum content content;
		enum img_chunk_kind kind;
	} row[] = {
		{ 256, CONTENT_TEXT, IMG_CHUNK_LZ4 },  { 2, CONTENT_TEXT, IMG_CHUNK_LZ4 },
		{ 1, CONTENT_TEXT, IMG_CHUNK_RAW },    { 1, CONTENT_NOISE, IMG_CHUNK_RAW },
		{ 256, CONTENT_NOISE, IMG_CHUNK_RAW }, { 256, CONTENT_ZERO, IMG_CHUNK_FILL },
		{ 3, CONTENT_WORD, IMG_CHUNK_FILL },   { 1, CONTENT_WORD, IMG_CHUNK_FILL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct buffers b = buffers_make();
		struct img_chunk chunk = encode(&b, row[i].pages, row[i].content);

		assert_int_equal(chunk.kind, row[i].kind);
		assert_int_equal(chunk.pages, row[i].pages);
		assert_reason(IMG_OK, img_chunk_check(&chunk, b.out));
		assert_reason(IMG_OK, img_chunk_decode(&chunk, b.out, b.back));
		assert_memory_equal(b.in, b.back, row[i].pages * IMG_PAGE_SIZE);
		for (uint64_t j = chunk.size; j < img_block_align(chunk.size); j++)
			assert_int_equal(b.out[j], 0);
		buffers_free(&b);
	}
}

/* Pages that are each constant, but differ from each other, are not a fill chunk. */
static void test_unlike_fills(void **state)
{
	struct buffers b = buffers_make();
	struct img_chunk chunk;

	(void)state;
	img_fill_pages(b.in, 1, 1);
	img_fill_pages(b.in + IMG_PAGE_SIZE, 2, 1);
	img_chunk_encode(b.in, 2, b.out, b.workmem, &chunk);
	assert_int_equal(chunk.kind, IMG_CHUNK_LZ4);
	assert_int_equal(chunk.fill, 0);
	buffers_free(&b);
}

/* LZ4 that would save less than a block is not worth decoding. */
static void test_keeps_raw(void **state)
{
	struct buffers b = buffers_make();
	struct img_chunk chunk;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		sample_page(i, CONTENT_NOISE, b.in + i * IMG_PAGE_SIZE);
	memset(b.in, 0, 3000);
	img_chunk_encode(b.in, 4, b.out, b.workmem, &chunk);
	assert_int_equal(chunk.kind, IMG_CHUNK_RAW);
	memset(b.in, 0, 4200);
	img_chunk_encode(b.in, 4, b.out, b.workmem, &chunk);
	assert_int_equal(chunk.kind, IMG_CHUNK_LZ4);
	assert_true(chunk.size <= 3 * IMG_BLOCK);
	buffers_free(&b);
}

/* A compressor that records its arguments and returns a given result. */
struct compressor {
	int gives;
	int size, capacity; /* as requested; 0: not called */
};

static int play_compressor(const void *in, int size, void *out, int capacity, void *workmem)
{
	struct compressor *c = workmem;

	(void)in;
	c->size = size;
	c->capacity = capacity;
	if (c->gives > 0)
		memset(out, 0x5a, (size_t)c->gives);
	return c->gives;
}

static void test_another_compressor(void **state)
{
	struct compressor fits = { .gives = 5000 }, full = { 0 }, fails = { .gives = -1 };
	struct compressor unasked = { .gives = 1 };
	struct buffers b = buffers_make();
	struct img_chunk chunk;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		sample_page(i, CONTENT_TEXT, b.in + i * IMG_PAGE_SIZE);
	img_chunk_encode_with(play_compressor, b.in, 4, b.out, &fits, &chunk);
	assert_int_equal(fits.size, 4 * IMG_PAGE_SIZE);
	assert_int_equal(fits.capacity, 3 * IMG_BLOCK);
	assert_int_equal(chunk.kind, IMG_CHUNK_LZ4);
	assert_int_equal(chunk.size, 5000);
	assert_int_equal(b.out[4999], 0x5a);
	assert_int_equal(b.out[5000], 0);
	assert_int_equal(b.out[2 * IMG_BLOCK - 1], 0);
	assert_reason(IMG_OK, img_chunk_check(&chunk, b.out));

	img_chunk_encode_with(play_compressor, b.in, 4, b.out, &full, &chunk);
	assert_int_equal(chunk.kind, IMG_CHUNK_RAW);
	img_chunk_encode_with(play_compressor, b.in, 4, b.out, &fails, &chunk);
	assert_int_equal(chunk.kind, IMG_CHUNK_RAW);
	assert_memory_equal(b.in, b.out, 4 * IMG_PAGE_SIZE);

	img_fill_pages(b.in, 7, 4);
	img_chunk_encode_with(play_compressor, b.in, 4, b.out, &unasked, &chunk);
	assert_int_equal(chunk.kind, IMG_CHUNK_FILL);
	assert_int_equal(unasked.size, 0);
	buffers_free(&b);
}

static void test_damage(void **state)
{
	struct buffers b = buffers_make();
	struct img_chunk chunk = encode(&b, 16, CONTENT_TEXT);

	(void)state;
	for (uint32_t i = 0; i < chunk.size; i++) {
		b.out[i] ^= 0x10;
		assert_reason(IMG_E_CHUNK_CHECKSUM, img_chunk_check(&chunk, b.out));
		b.out[i] ^= 0x10;
	}
	buffers_free(&b);
}

/*
 * Errors that the checksum cannot detect: a block that decodes to too little, too much, or not at
 * all.
 */
static void test_decode_errors(void **state)
{
	struct buffers b = buffers_make();
	struct img_chunk chunk = encode(&b, 16, CONTENT_TEXT);

	(void)state;
	chunk.pages = 15;
	assert_reason(IMG_E_CHUNK_DECODE, img_chunk_decode(&chunk, b.out, b.back));
	chunk.pages = 17;
	assert_reason(IMG_E_CHUNK_DECODE, img_chunk_decode(&chunk, b.out, b.back));
	chunk.pages = 16;
	chunk.size--;
	assert_reason(IMG_E_CHUNK_DECODE, img_chunk_decode(&chunk, b.out, b.back));
	chunk.kind = (enum img_chunk_kind)9;
	assert_reason(IMG_E_CHUNK_KIND, img_chunk_decode(&chunk, b.out, b.back));
	buffers_free(&b);
}

static void test_random_blocks(void **state)
{
	struct buffers b = buffers_make();

	(void)state;
	srand(3);
	for (int i = 0; i < 3000; i++) {
		struct img_chunk chunk = encode(&b, 4, CONTENT_TEXT);

		for (int j = 0; j < 4; j++)
			b.out[(uint32_t)rand() % chunk.size] = (uint8_t)rand();
		(void)img_chunk_decode(&chunk, b.out, b.back);
	}
	buffers_free(&b);
}

static void test_page_is_fill(void **state)
{
	uint64_t page[IMG_PAGE_SIZE / 8], word = 99;

	(void)state;
	img_fill_pages(page, 0x1122334455667788ull, 1);
	assert_true(img_page_is_fill(page, &word));
	assert_true(word == 0x1122334455667788ull);
	for (size_t i = 0; i < COUNT(page); i++) {
		page[i]++;
		assert_false(img_page_is_fill(page, &word));
		page[i]--;
	}
}

int run_chunk_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),   cmocka_unit_test(test_unlike_fills),
		cmocka_unit_test(test_keeps_raw),     cmocka_unit_test(test_damage),
		cmocka_unit_test(test_decode_errors), cmocka_unit_test(test_random_blocks),
		cmocka_unit_test(test_page_is_fill),  cmocka_unit_test(test_another_compressor),
	};

	return cmocka_run_group_tests_name("chunk", tests, NULL, NULL);
}
