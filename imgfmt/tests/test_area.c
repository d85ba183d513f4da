// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Area header: every field, and the layout function that builds it. */
#include <stdlib.h>

#include "test.h"

#define PARTITION ((uint64_t)(8 << 20) + 1536)
#define HEADER	  ((uint64_t)(8 << 20) - IMG_BLOCK)

static void make(uint8_t block[IMG_BLOCK])
{
	struct img_area area;

	assert_reason(IMG_OK, img_area_layout(PARTITION, 64 << 10, 2, &area));
	memset(area.uuid, 0x5a, sizeof(area.uuid));
	area.created = 1234567890;
	img_area_encode(&area, block);
}

static void test_round_trip(void **state)
{
	uint8_t block[IMG_BLOCK];
	struct img_area area;

	(void)state;
	make(block);
	assert_reason(IMG_OK, img_area_decode(block, PARTITION, &area, NULL));
	assert_int_equal(area.offset, 64 << 10);
	assert_int_equal(area.offset + area.size, 8 << 20);
	assert_int_equal(area.nr_slots, 2);
	assert_int_equal(area.slot[0].offset, 64 << 10);
	assert_int_equal(area.slot[1].offset, area.slot[0].offset + area.slot[0].size);
	assert_true(area.slot[1].offset + area.slot[1].size <= HEADER);
	assert_int_equal(area.created, 1234567890);
	assert_int_equal(area.uuid[15], 0x5a);
}

static void test_header_offset(void **state)
{
	(void)state;
	assert_int_equal(img_area_header_offset(0), 0);
	assert_int_equal(img_area_header_offset(IMG_MIN_SLOT_SIZE + IMG_BLOCK - 1), 0);
	assert_int_equal(img_area_header_offset(IMG_MIN_SLOT_SIZE + IMG_BLOCK), IMG_MIN_SLOT_SIZE);
	assert_int_equal(img_area_header_offset(PARTITION), HEADER);
	assert_int_equal(img_area_header_offset(~0ull), ~0ull - 8191);
}

struct edit {
	size_t offset, width;
	uint64_t value;
	enum img_reason reason;
	const char *field;
};

#define AT(member) offsetof(struct img_area_disk, member)

static const struct edit edits[] = {
	{ AT(magic), 1, 'X', IMG_E_AREA_MAGIC, "magic" },
	{ AT(version), 4, 2, IMG_E_VERSION, "version" },
	{ AT(version), 4, 0, IMG_E_VERSION, "version" },
	{ AT(block_size), 4, 512, IMG_E_AREA_BOUNDS, "block_size" },
	{ AT(incompat), 8, 1, IMG_E_INCOMPAT, "incompat" },
	{ AT(incompat), 8, 1ull << 63, IMG_E_INCOMPAT, "incompat" },
	{ AT(area_offset), 8, 64 << 10 | 1, IMG_E_AREA_BOUNDS, "area_offset" },
	{ AT(area_offset), 8, HEADER + IMG_BLOCK, IMG_E_AREA_BOUNDS, "area_offset" },
	{ AT(area_offset), 8, ~0ull << 12, IMG_E_AREA_BOUNDS, "area_offset" },
	{ AT(area_size), 8, 0, IMG_E_AREA_BOUNDS, "area_size" },
	{ AT(area_size), 8, ~0ull, IMG_E_AREA_BOUNDS, "area_size" },
	{ AT(nr_slots), 4, 0, IMG_E_AREA_BOUNDS, "nr_slots" },
	{ AT(nr_slots), 4, 3, IMG_E_AREA_BOUNDS, "nr_slots" },
	{ AT(nr_slots), 4, 1, IMG_E_RESERVED, "slot" },
	{ AT(reserved0), 4, 1, IMG_E_RESERVED, "reserved0" },
	{ AT(slot[0].offset), 8, 60 << 10, IMG_E_AREA_BOUNDS, "slot.offset" },
	{ AT(slot[0].offset), 8, 64 << 10 | 512, IMG_E_AREA_BOUNDS, "slot.offset" },
	{ AT(slot[0].size), 8, IMG_MIN_SLOT_SIZE - IMG_BLOCK, IMG_E_AREA_BOUNDS, "slot.size" },
	{ AT(slot[0].size), 8, IMG_MIN_SLOT_SIZE + 1, IMG_E_AREA_BOUNDS, "slot.size" },
	{ AT(slot[0].size), 8, HEADER, IMG_E_AREA_BOUNDS, "slot.size" },
	{ AT(slot[0].size), 8, ~0ull << 12, IMG_E_AREA_BOUNDS, "slot.size" },
	{ AT(slot[1].offset), 8, 64 << 10, IMG_E_AREA_BOUNDS, "slot.offset" },
	{ AT(slot[1].offset), 8, ~0ull << 12, IMG_E_AREA_BOUNDS, "slot.size" },
	{ AT(slot[1].size), 8, 7 << 20, IMG_E_AREA_BOUNDS, "slot.size" },
	{ AT(reserved), 1, 1, IMG_E_RESERVED, "reserved" },
	{ AT(csum) - 1, 1, 1, IMG_E_RESERVED, "reserved" },
};

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(edits); i++) {
		uint8_t block[IMG_BLOCK];
		struct img_area area = { .nr_slots = 77 };
		struct img_detail detail;

		make(block);
		put_le(block + edits[i].offset, edits[i].value, edits[i].width);
		resum_header(block);
		assert_refusal(edits[i].reason, img_area_decode(block, PARTITION, &area, &detail),
			       &detail, "area header", edits[i].field);
		assert_int_equal(area.nr_slots, 77);
	}
}

/* compat and created may have any value. */
static void test_tolerated(void **state)
{
	uint8_t block[IMG_BLOCK];
	struct img_area area;

	(void)state;
	make(block);
	put_le(block + AT(compat), ~0ull, 8);
	put_le(block + AT(created), ~0ull, 8);
	resum_header(block);
	assert_reason(IMG_OK, img_area_decode(block, PARTITION, &area, NULL));
}

static void test_every_bit(void **state)
{
	uint8_t block[IMG_BLOCK];
	struct img_area area;

	(void)state;
	make(block);
	for (size_t bit = 0; bit < IMG_BLOCK * 8; bit += bit < 1024 || bit > 4080 * 8 ? 1 : 7) {
		block[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_reason(bit < 64 ? IMG_E_AREA_MAGIC : IMG_E_AREA_CHECKSUM,
			      img_area_decode(block, PARTITION, &area, NULL));
		block[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* A header copied to a partition of another size does not fit. */
static void test_other_partition(void **state)
{
	uint8_t block[IMG_BLOCK];
	struct img_area area;
	struct img_detail detail;

	(void)state;
	make(block);
	assert_reason(IMG_OK, img_area_decode(block, 8 << 20, &area, NULL));
	assert_refusal(IMG_E_AREA_BOUNDS, img_area_decode(block, 9 << 20, &area, &detail), &detail,
		       "area header", "area_size");
	assert_refusal(IMG_E_AREA_BOUNDS, img_area_decode(block, 4096, &area, &detail), &detail,
		       "area header", "area_offset");
}

static void test_layout(void **state)
{
	struct img_area area = { .nr_slots = 9 };
	uint64_t least = IMG_MIN_SLOT_SIZE + IMG_BLOCK;

	(void)state;
	assert_reason(IMG_OK, img_area_layout(least, 0, 1, &area));
	assert_int_equal(area.slot[0].size, IMG_MIN_SLOT_SIZE);
	assert_int_equal(area.slot[1].size, 0);
	area.nr_slots = 9;
	assert_reason(IMG_E_AREA_BOUNDS, img_area_layout(least, 1, 1, &area));
	assert_reason(IMG_E_AREA_BOUNDS, img_area_layout(least - 1, 0, 1, &area));
	assert_reason(IMG_E_AREA_BOUNDS, img_area_layout(1ull << 30, ~0ull, 1, &area));
	assert_reason(IMG_E_AREA_BOUNDS, img_area_layout(1ull << 30, 1ull << 30, 1, &area));
	assert_reason(IMG_E_AREA_BOUNDS, img_area_layout(1ull << 30, 0, 0, &area));
	assert_reason(IMG_E_AREA_BOUNDS, img_area_layout(1ull << 30, 0, 3, &area));
	assert_int_equal(area.nr_slots, 9);
}

/* The reader accepts every layout. */
static void test_layout_is_readable(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 2000; i++) {
		uint64_t size = ((uint64_t)rand() << 9) + (uint64_t)rand() % 512;
		uint64_t swap = (uint64_t)rand() % (size + 1);
		uint8_t block[IMG_BLOCK];
		struct img_area area, again;

		if (img_area_layout(size, swap, 1 + (uint32_t)i % 2, &area) != IMG_OK)
			continue;
		memset(area.uuid, i, sizeof(area.uuid));
		area.created = (uint64_t)i;
		img_area_encode(&area, block);
		assert_reason(IMG_OK, img_area_decode(block, size, &again, NULL));
		assert_memory_equal(&area, &again, sizeof(area));
		assert_true(area.offset >= swap);
	}
}

int run_area_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_header_offset),
		cmocka_unit_test(test_fields),	   cmocka_unit_test(test_tolerated),
		cmocka_unit_test(test_every_bit),  cmocka_unit_test(test_other_partition),
		cmocka_unit_test(test_layout),	   cmocka_unit_test(test_layout_is_readable),
	};

	return cmocka_run_group_tests_name("area", tests, NULL, NULL);
}
