// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The worked examples of docs/image-format.md: their hex dumps, read from the document, are images
 * that the reader accepts and that the writer writes.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

/* The second one replaces bytes of the first. */
#define FENCE	     "```hexdump\n"
#define FENCE_SEALED "```hexdump sealed\n"

static struct sample sample, sealed;
static uint8_t *dumped, *dumped_sealed;

/* "00001000  46 42 ...  |FB..|": bytes into the image; those not shown are zero. */
static void read_line(const char *line, uint8_t *to)
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
		to[offset++] = (uint8_t)byte;
		at += 2;
	}
}

static int setup(void **state)
{
	FILE *f = fopen(EXAMPLE_DOCUMENT, "r");
	bool within = false, within_sealed = false;
	char line[256];

	(void)state;
	sample = sample_make_tiny();
	sealed = sample_make_tiny_sealed();
	dumped = calloc(1, sample.size);
	dumped_sealed = calloc(1, sample.size);
	if (!f || !dumped || !dumped_sealed)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "```", 3)) {
			within = !strcmp(line, FENCE);
			within_sealed = !strcmp(line, FENCE_SEALED);
			continue;
		}
		if (within)
			read_line(line, dumped);
		if (within || within_sealed)
			read_line(line, dumped_sealed);
	}
	return fclose(f);
}

static int teardown(void **state)
{
	(void)state;
	free(dumped);
	free(dumped_sealed);
	sample_free(&sample);
	sample_free(&sealed);
	return 0;
}

static void test_is_what_the_writer_writes(void **state)
{
	(void)state;
	assert_int_equal(sealed.size, sample.size);
	for (uint64_t block = 0; block < sample.size; block += IMG_BLOCK) {
		assert_memory_equal(dumped + block, sample.partition + block, IMG_BLOCK);
		assert_memory_equal(dumped_sealed + block, sealed.partition + block, IMG_BLOCK);
	}
}

/* The document gives the secret; its keys are in test_seal.c. */
static void test_seal_is_good(void **state)
{
	const uint8_t *base = dumped_sealed + sealed.area.slot[0].offset;
	struct img_seal_keys keys;
	struct img_seal seal;
	struct img_slot slot;
	struct img_meta meta;

	(void)state;
	assert_reason(IMG_OK, img_slot_decode(base, &sealed.area, 0, &slot, NULL));
	assert_true(img_slot_is_sealed(&slot));
	assert_reason(IMG_OK, img_seal_decode(&slot, base + slot.meta_offset, &seal, NULL));
	sample_seal_keys(&sample_secure, &slot, &keys);
	assert_reason(IMG_OK, img_seal_verify(&cipher_hmac, &keys, &slot, &seal, base,
					      base + slot.meta_offset, NULL));
	assert_reason(IMG_OK, img_meta_decode(&slot, base + slot.meta_offset, &meta, NULL));
	assert_int_equal(meta.record.key_phys, 0x3f67f000);
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
		cmocka_unit_test(test_seal_is_good),
	};

	return cmocka_run_group_tests_name("example", tests, setup, teardown);
}
