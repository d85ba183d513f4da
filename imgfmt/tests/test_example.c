// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The worked example of docs/image-format.md: its hex dump, read from the document, is an image
 * that the reader accepts and that the writer writes.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

#define FENCE "```hexdump"

static struct sample sample;
static uint8_t *dumped;

/* "00001000  46 42 ...  |FB..|": bytes into the image; those not shown are zero. */
static void read_line(const char *line)
{
	char *at;
	uint64_t offset = strtoull(line, &at, 16);

	for (int i = 0; i < 16; i++) {
		unsigned int byte;

		while (*at == ' ')
			at++;
		if (sscanf(at, "%2x", &byte) != 1 || !isxdigit((unsigned char)*at))
			break;
		assert_true(offset < sample.size);
		dumped[offset++] = (uint8_t)byte;
		at += 2;
	}
}

static int setup(void **state)
{
	FILE *f = fopen(EXAMPLE_DOCUMENT, "r");
	bool within = false;
	char line[256];

	(void)state;
	sample = sample_make_tiny();
	dumped = calloc(1, sample.size);
	if (!f || !dumped)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "```", 3))
			within = !strncmp(line, FENCE, sizeof(FENCE) - 1);
		else if (within)
			read_line(line);
	}
	return fclose(f);
}

static int teardown(void **state)
{
	(void)state;
	free(dumped);
	sample_free(&sample);
	return 0;
}

static void test_is_what_the_writer_writes(void **state)
{
	(void)state;
	for (uint64_t block = 0; block < sample.size; block += IMG_BLOCK)
		assert_memory_equal(dumped + block, sample.partition + block, IMG_BLOCK);
}

static void test_is_readable(void **state)
{
	const uint8_t *base;
	struct img_area area;
	struct img_slot slot;
	struct img_meta meta;
	struct img_state count;
	struct img_proof proof;
	uint64_t zero[IMG_BLOCK / 8] = { 0 };

	(void)state;
	assert_reason(IMG_OK, img_area_decode(dumped + img_area_header_offset(sample.size),
					      sample.size, &area, NULL));
	base = dumped + area.slot[0].offset;
	assert_reason(IMG_OK, img_slot_decode(base, &area, 0, &slot, NULL));
	assert_reason(IMG_OK, img_meta_decode(&slot, base + slot.meta_offset, &meta, NULL));
	img_state_decode(base + IMG_BLOCK, slot.image_uuid, &count);
	assert_true(count.valid && !count.consumed);
	assert_int_equal(count.restores, 3);
	assert_int_equal(count.attempts, 1);
	assert_int_equal(meta.nr_proofs, 4);
	/* The document says that the swap area is empty, and gives its digest. */
	proof = img_meta_proof(&meta, 1);
	assert_int_equal(proof.kind, IMG_PROOF_IMAGE_PARTITION);
	assert_true(proof.digest == img_port_xxh64(zero, sizeof(zero)));
	assert_int_equal(meta.nr_pages, 6);
	for (uint64_t i = 0; i < meta.nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(&meta, i);

		assert_reason(IMG_OK, img_chunk_check(&chunk, base + chunk.offset));
	}
	assert_reason(IMG_E_SLOT_EMPTY,
		      img_slot_decode(dumped + area.slot[1].offset, &area, 1, &slot, NULL));
}

int run_example_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_what_the_writer_writes),
		cmocka_unit_test(test_is_readable),
	};

	return cmocka_run_group_tests_name("example", tests, setup, teardown);
}
