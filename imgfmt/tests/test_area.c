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
	{ AT(incompat), 8, 2, IMG_E_INCOMPAT, "incompat" },
	{ AT(incompat), 8, 3, IMG_E_INCOMPAT, "incompat" },
	{ AT(incompat), 8, 1ull << 63, IMG_E_INCOMPAT, "incompat" },
	{ AT(area_offset), 8, 64 << 10 | 1, IMG_E_AREA_BOUNDS, "area_offset" },
	{ AT(area_offset), 8, HEADER + IMG_BLOCK, IMG_E_AREA_BOUNDS, "area_offset" },
	{ AT(area_offset), 8, ~0ull << 12, IMG_E_AREA_BOUNDS, "area_offset" },
	{ AT(area_size), 8, 0, IMG_E_AREA_BOUNDS, "area_size" },
	{ AT(area_size), 8, ~0ull, IMG_E_AREA_BOUNDS, "area_size" },
	{ AT(nr_slots), 4, 0, IMG_E_AREA_BOUNDS, "nr_slots" },
	{ AT(nr_slots), 4, 3, IMG_E_AREA_BOUNDS, "nr_slots" },
	{ AT(nr_slots), 4, 1, IMG_E_RESERVED, "slot" },
	/* A map that the feature bit does not announce, and the reverse. */
	{ AT(incompat), 8, IMG_AREA_INCOMPAT_MAPPED, IMG_E_AREA_BOUNDS, "nr_map" },
	{ AT(nr_map), 4, 1, IMG_E_AREA_BOUNDS, "nr_map" },
	{ AT(map[0].part_uuid[15]), 1, 1, IMG_E_RESERVED, "map" },
	{ AT(map[IMG_MAX_MAP - 1].size), 8, IMG_BLOCK, IMG_E_RESERVED, "map" },
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

/* Areas that are maps. */

#define PIECE(i)                                                                                   \
	((uint64_t)(4 + (i)) << 18) /* sizes that differ, so that no order is right twice */

/* Pieces on two partitions by turns, none of them at its beginning. */
static struct img_area mapped(uint32_t pieces)
{
	struct img_area area, map = { .nr_map = pieces };

	for (uint32_t i = 0; i < pieces; i++) {
		memset(map.map[i].part_uuid, 0xa0 + i % 2, sizeof(map.map[i].part_uuid));
		map.map[i].offset = (uint64_t)(pieces - i) << 30;
		map.map[i].size = pieces == 1 ? 8 << 20 : PIECE(i);
	}
	assert_reason(IMG_OK, img_area_layout(img_area_map_size(&map), 64 << 10, 1, &area));
	area.nr_map = pieces;
	memcpy(area.map, map.map, sizeof(area.map));
	memset(area.uuid, 0x5a, sizeof(area.uuid));
	area.created = 1234567890;
	return area;
}

/* With the size of what the map describes, without it, and with a part of a block more. */
static void test_map_round_trip(void **state)
{
	static const uint32_t pieces[] = { 1, 4, IMG_MAX_MAP };

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		const struct img_area area = mapped(pieces[i]);
		uint64_t size = img_area_map_size(&area);
		const uint64_t sizes[] = { size, 0, size + IMG_BLOCK - 1 };
		uint8_t block[IMG_BLOCK];

		img_area_encode(&area, block);
		for (size_t j = 0; j < COUNT(sizes); j++) {
			struct img_area again;

			memset(&again, 0xff, sizeof(again));
			assert_reason(IMG_OK, img_area_decode(block, sizes[j], &again, NULL));
			assert_memory_equal(&area, &again, sizeof(area));
			assert_int_equal(again.offset + again.size, size);
		}
	}
}

/* Only a map says how large the area is. */
static void test_map_size(void **state)
{
	const struct img_area area = mapped(4);
	uint64_t size = img_area_map_size(&area);
	const uint64_t sizes[] = { size - IMG_BLOCK, size + IMG_BLOCK, 1, ~0ull };
	uint8_t block[IMG_BLOCK];
	struct img_area again = { .nr_slots = 77 };
	struct img_detail detail;

	(void)state;
	assert_int_equal(size, PIECE(0) + PIECE(1) + PIECE(2) + PIECE(3));
	img_area_encode(&area, block);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_refusal(IMG_E_AREA_BOUNDS, img_area_decode(block, sizes[i], &again, &detail),
			       &detail, "area header", "map.size");
		assert_int_equal(detail.index, 4);
		assert_int_equal(detail.golden, size);
	}
	make(block);
	assert_refusal(IMG_E_AREA_BOUNDS, img_area_decode(block, 0, &again, &detail), &detail,
		       "area header", "area_offset");
	assert_int_equal(again.nr_slots, 77);
}

/* Of a map of four pieces. */
static const struct edit map_edits[] = {
	{ AT(nr_map), 4, 0, IMG_E_AREA_BOUNDS, "nr_map" },
	{ AT(nr_map), 4, IMG_MAX_MAP + 1, IMG_E_AREA_BOUNDS, "nr_map" },
	{ AT(nr_map), 4, ~0u, IMG_E_AREA_BOUNDS, "nr_map" },
	{ AT(incompat), 8, 0, IMG_E_AREA_BOUNDS, "nr_map" },
	{ AT(nr_map), 4, 3, IMG_E_RESERVED, "map" },
	{ AT(nr_map), 4, 5, IMG_E_AREA_BOUNDS, "map.part_uuid" },
	{ AT(map[1].offset), 8, 512, IMG_E_AREA_BOUNDS, "map.offset" },
	{ AT(map[1].offset), 8, ~0ull << 12, IMG_E_AREA_BOUNDS, "map.offset" },
	{ AT(map[1].offset), 8, (1ull << 56) + IMG_BLOCK, IMG_E_AREA_BOUNDS, "map.offset" },
	{ AT(map[1].offset), 8, 1ull << 56, IMG_E_AREA_BOUNDS, "map.size" },
	{ AT(map[1].size), 8, 0, IMG_E_AREA_BOUNDS, "map.size" },
	{ AT(map[1].size), 8, PIECE(1) + 512, IMG_E_AREA_BOUNDS, "map.size" },
	{ AT(map[1].size), 8, 1ull << 56, IMG_E_AREA_BOUNDS, "map.size" },
	{ AT(map[1].size), 8, ~0ull << 12, IMG_E_AREA_BOUNDS, "map.size" },
	{ AT(map[2].size), 8, PIECE(2) + IMG_BLOCK, IMG_E_AREA_BOUNDS, "area_size" },
	/* On the partition of piece 0, at 4 GiB: its first block, its last, all of it, around it.
	 */
	{ AT(map[2].offset), 8, 4ull << 30, IMG_E_AREA_BOUNDS, "map" },
	{ AT(map[2].offset), 8, (4ull << 30) + PIECE(0) - IMG_BLOCK, IMG_E_AREA_BOUNDS, "map" },
	{ AT(map[2].offset), 8, (4ull << 30) - PIECE(2) + IMG_BLOCK, IMG_E_AREA_BOUNDS, "map" },
	{ AT(map[2].size), 8, 3ull << 30, IMG_E_AREA_BOUNDS, "map" },
	{ AT(map[4].part_uuid), 1, 1, IMG_E_RESERVED, "map" },
	{ AT(map[IMG_MAX_MAP - 1].size) + 7, 1, 1, IMG_E_RESERVED, "map" },
	{ AT(reserved), 1, 1, IMG_E_RESERVED, "reserved" },
	{ AT(nr_slots), 4, 3, IMG_E_AREA_BOUNDS, "nr_slots" },
	{ AT(slot[0].size), 8, 1ull << 40, IMG_E_AREA_BOUNDS, "slot.size" },
};

static void test_map_fields(void **state)
{
	const struct img_area area = mapped(4);

	(void)state;
	for (size_t i = 0; i < COUNT(map_edits); i++) {
		uint8_t block[IMG_BLOCK];
		struct img_area again = { .nr_slots = 77 };
		struct img_detail detail;

		img_area_encode(&area, block);
		put_le(block + map_edits[i].offset, map_edits[i].value, map_edits[i].width);
		resum_header(block);
		assert_refusal(map_edits[i].reason, img_area_decode(block, 0, &again, &detail),
			       &detail, "area header", map_edits[i].field);
		assert_int_equal(again.nr_slots, 77);
	}
}

/* Pieces that touch do not overlap; the same bytes of another partition are others. */
static void test_map_neighbours(void **state)
{
	static const struct edit row[] = {
		{ AT(map[2].offset), 8, (4ull << 30) + PIECE(0), IMG_OK, NULL },
		{ AT(map[2].offset), 8, (4ull << 30) - PIECE(2), IMG_OK, NULL },
		{ AT(map[1].offset), 8, 4ull << 30, IMG_OK, NULL },
		{ AT(map[1].offset), 8, 0, IMG_OK, NULL },
		{ AT(map[1].offset), 8, (1ull << 56) - PIECE(1), IMG_OK, NULL },
	};
	const struct img_area area = mapped(4);

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		uint8_t block[IMG_BLOCK];
		struct img_area again;

		img_area_encode(&area, block);
		put_le(block + row[i].offset, row[i].value, row[i].width);
		resum_header(block);
		assert_reason(row[i].reason, img_area_decode(block, 0, &again, NULL));
	}
}

static void assert_location(const struct img_area *area, uint64_t offset, uint32_t piece,
			    uint64_t at, uint64_t run)
{
	struct img_location location = img_area_locate(area, offset);

	assert_int_equal(location.piece, piece);
	assert_int_equal(location.offset, at);
	assert_int_equal(location.run, run);
}

static void test_locate(void **state)
{
	struct img_area area = mapped(3);
	uint64_t end[3] = { PIECE(0), PIECE(0) + PIECE(1), PIECE(0) + PIECE(1) + PIECE(2) };

	(void)state;
	assert_location(&area, 0, 0, 3ull << 30, PIECE(0));
	assert_location(&area, 5000, 0, (3ull << 30) + 5000, PIECE(0) - 5000);
	assert_location(&area, end[0] - 1, 0, (3ull << 30) + PIECE(0) - 1, 1);
	assert_location(&area, end[0], 1, 2ull << 30, PIECE(1));
	assert_location(&area, end[1] - 1, 1, (2ull << 30) + PIECE(1) - 1, 1);
	assert_location(&area, end[1], 2, 1ull << 30, PIECE(2));
	assert_location(&area, end[2] - 1, 2, (1ull << 30) + PIECE(2) - 1, 1);
	/* Past the end there is nothing to read. */
	assert_int_equal(img_area_locate(&area, end[2]).run, 0);
	assert_int_equal(img_area_locate(&area, ~0ull).run, 0);
	/* A partition names no piece, and is as large as it is. */
	area.nr_map = 0;
	assert_int_equal(img_area_map_size(&area), 0);
	assert_location(&area, 0, 0, 0, ~0ull);
	assert_location(&area, 1ull << 40, 0, 1ull << 40, ~0ull - (1ull << 40));
}

/* Walked in runs, a map gives each byte once, in order. */
static void test_locate_walk(void **state)
{
	const struct img_area area = mapped(IMG_MAX_MAP);
	uint64_t size = img_area_map_size(&area), at = 0;

	(void)state;
	for (uint32_t i = 0; i < IMG_MAX_MAP; i++) {
		assert_location(&area, at, i, area.map[i].offset, area.map[i].size);
		at += area.map[i].size;
	}
	assert_int_equal(at, size);
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
		cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_header_offset),
		cmocka_unit_test(test_fields),	       cmocka_unit_test(test_tolerated),
		cmocka_unit_test(test_every_bit),      cmocka_unit_test(test_other_partition),
		cmocka_unit_test(test_layout),	       cmocka_unit_test(test_layout_is_readable),
		cmocka_unit_test(test_map_round_trip), cmocka_unit_test(test_map_size),
		cmocka_unit_test(test_map_fields),     cmocka_unit_test(test_map_neighbours),
		cmocka_unit_test(test_locate),	       cmocka_unit_test(test_locate_walk),
	};

	return cmocka_run_group_tests_name("area", tests, NULL, NULL);
}
