// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The slot header, and the choice between slots. */
#include "test.h"

static struct sample sample;

static int setup(void **state)
{
	(void)state;
	sample = sample_make_full();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sample_free(&sample);
	return 0;
}

static uint8_t *slot_block(uint32_t slot)
{
	return sample.partition + sample.area.slot[slot].offset;
}

static void copy_header(uint8_t block[IMG_BLOCK])
{
	memcpy(block, slot_block(1), IMG_BLOCK);
}

static void test_round_trip(void **state)
{
	struct img_slot slot;

	(void)state;
	assert_reason(IMG_OK, img_slot_decode(slot_block(1), &sample.area, 1, &slot, NULL));
	assert_int_equal(slot.mode, IMG_MODE_GOLDEN);
	assert_int_equal(slot.generation, 7);
	assert_int_equal(slot.created, 1700000007);
	assert_string_equal(slot.kernel_release, "6.1.0-13-amd64");
	assert_string_equal(slot.description, sample_full.description);
	assert_int_equal(slot.nr_pages, 256 + 40 + 300 + 2 + 5 + 10 + 299 + 1);
	assert_int_equal(slot.nr_stored, 256 + 40 + 5 + 10 + 299 + 1);
	assert_int_equal(slot.nr_sections, 7);
	assert_int_equal(slot.meta_offset, IMG_SLOT_DATA_OFFSET + slot.data_size);
}

/* Text may fill its field to the last byte. */
static void test_full_texts(void **state)
{
	uint8_t block[IMG_BLOCK];
	struct img_slot slot, again;

	(void)state;
	assert_reason(IMG_OK, img_slot_decode(slot_block(1), &sample.area, 1, &slot, NULL));
	memset(slot.kernel_release, 'k', 64);
	memset(slot.description, 'd', 128);
	img_slot_encode(&slot, block);
	assert_reason(IMG_OK, img_slot_decode(block, &sample.area, 1, &again, NULL));
	assert_memory_equal(&slot, &again, sizeof(slot));
	assert_int_equal(strlen(again.description), 128);

	/* Bytes after a text's NUL do not get out. */
	slot.description[3] = '\0';
	img_slot_encode(&slot, block);
	assert_reason(IMG_OK, img_slot_decode(block, &sample.area, 1, &again, NULL));
	assert_string_equal(again.description, "ddd");
}

static void test_empty(void **state)
{
	uint8_t block[IMG_BLOCK] = { 0 };
	struct img_slot slot;
	struct img_detail detail;

	(void)state;
	assert_refusal(IMG_E_SLOT_EMPTY, img_slot_decode(block, &sample.area, 1, &slot, &detail),
		       &detail, "slot header", NULL);
	assert_int_equal(detail.index, 1);
}

struct edit {
	size_t offset, width;
	uint64_t value;
	enum img_reason reason;
	const char *object, *field;
};

#define AT(member)     offsetof(struct img_slot_disk, member)
#define SECTION(i, at) (AT(section) + 32u * (i) + (at))
#define HEADER_FIELD   IMG_E_SLOT_FIELD, "slot header"
#define TABLE	       IMG_E_SECTION_TABLE, "section"

/* Entries of the section table: 0 record, 1 fingerprint, 2 map, 3 aux, 4 proofs, 5 index, 6 chunks.
 */
static const struct edit edits[] = {
	{ AT(magic), 1, 0, IMG_E_SLOT_MAGIC, "slot header", "magic" },
	{ AT(version), 4, 2, IMG_E_VERSION, "slot header", "version" },
	{ AT(incompat), 8, 2, IMG_E_INCOMPAT, "slot header", "incompat" },
	{ AT(reserved0), 4, 1, IMG_E_RESERVED, "slot header", "reserved0" },
	{ AT(reserved1), 1, 1, IMG_E_RESERVED, "slot header", "reserved1" },
	{ AT(reserved2), 1, 1, IMG_E_RESERVED, "slot header", "reserved2" },
	{ AT(csum) - 1, 1, 1, IMG_E_RESERVED, "slot header", "reserved2" },
	{ AT(area_uuid), 1, 0xee, IMG_E_SLOT_FOREIGN, "slot header", "area_uuid" },
	{ AT(area_uuid) + 15, 1, 0xee, IMG_E_SLOT_FOREIGN, "slot header", "area_uuid" },
	{ AT(mode), 4, 3, IMG_E_SLOT_MODE, "slot header", "mode" },
	{ AT(mode), 4, 0, IMG_E_SLOT_MODE, "slot header", "mode" },
	{ AT(generation), 8, 0, HEADER_FIELD, "generation" },
	{ AT(page_size), 4, 8192, HEADER_FIELD, "page_size" },
	{ AT(chunk_pages), 4, 255, HEADER_FIELD, "chunk_pages" },
	{ AT(nr_pages), 8, 0, HEADER_FIELD, "nr_pages" },
	{ AT(nr_pages), 8, IMG_MAX_PFN + 1, HEADER_FIELD, "nr_pages" },
	{ AT(nr_stored), 8, 914, HEADER_FIELD, "nr_stored" },
	{ AT(nr_sections), 4, 33, HEADER_FIELD, "nr_sections" },
	{ AT(data_size), 8, 1, HEADER_FIELD, "data_size" },
	{ AT(data_size), 8, 8 << 20, HEADER_FIELD, "data_size" },
	{ AT(data_size), 8, ~0ull << 12, HEADER_FIELD, "data_size" },
	{ AT(meta_offset), 8, 8193, HEADER_FIELD, "meta_offset" },
	{ AT(meta_offset), 8, 8192, HEADER_FIELD, "meta_offset" },
	{ AT(meta_offset), 8, ~0ull << 12, HEADER_FIELD, "meta_size" },
	{ AT(meta_size), 8, 1, HEADER_FIELD, "meta_size" },
	{ AT(meta_size), 8, 8 << 20, HEADER_FIELD, "meta_size" },
	{ AT(meta_size), 8, IMG_MAX_META_SIZE + IMG_BLOCK, HEADER_FIELD, "meta_size" },
	{ AT(meta_size), 8, ~0ull << 12, HEADER_FIELD, "meta_size" },
	{ AT(kernel_release) + 63, 1, 'x', HEADER_FIELD, "kernel_release" },
	{ AT(description) + 127, 1, 'x', HEADER_FIELD, "description" },
	{ SECTION(0, 0), 4, 0, TABLE, "type" },
	{ SECTION(1, 0), 4, IMG_SEC_RECORD, TABLE, "type" },
	{ SECTION(2, 0), 4, IMG_SEC_SIGNATURE, TABLE, "type" },
	{ SECTION(0, 4), 4, 0, TABLE, "entry_size" },
	{ SECTION(0, 4), 4, 128, TABLE, "entry_size" },
	{ SECTION(1, 4), 4, 48, TABLE, "entry_size" },
	{ SECTION(0, 16), 8, 512, TABLE, "entry_size" },
	{ SECTION(1, 16), 8, 25, TABLE, "entry_size" },
	{ SECTION(1, 8), 8, 1, TABLE, "offset" },
	{ SECTION(0, 8), 8, 8192, TABLE, "offset" },
	{ SECTION(4, 4), 4, 128, TABLE, "entry_size" },
	{ SECTION(6, 8), 8, ~0ull << 12, TABLE, "size" },
	{ SECTION(6, 16), 8, 40ull << 40, TABLE, "size" },
	{ SECTION(7, 0), 4, 11, IMG_E_RESERVED, "slot header", "section" },
	{ SECTION(31, 24), 8, 1, IMG_E_RESERVED, "slot header", "section" },
	{ AT(nr_sections), 4, 6, IMG_E_RESERVED, "slot header", "section" },
};

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(edits); i++) {
		uint8_t block[IMG_BLOCK];
		struct img_slot slot = { .generation = 77 };
		struct img_detail detail;

		copy_header(block);
		put_le(block + edits[i].offset, edits[i].value, edits[i].width);
		resum_header(block);
		assert_refusal(edits[i].reason,
			       img_slot_decode(block, &sample.area, 1, &slot, &detail), &detail,
			       edits[i].object, edits[i].field);
		assert_int_equal(slot.generation, 77);
	}
}

/* Two sections must not share a block even if their bytes do not overlap. */
static void test_sections_share_no_block(void **state)
{
	uint8_t block[IMG_BLOCK];
	struct img_slot slot;
	struct img_detail detail;

	(void)state;
	copy_header(block);
	memcpy(block + SECTION(1, 8), block + SECTION(0, 8), 8);
	resum_header(block);
	assert_refusal(IMG_E_SECTION_TABLE, img_slot_decode(block, &sample.area, 1, &slot, &detail),
		       &detail, "section", "offset");
	assert_int_equal(detail.index, 1);
}

/* A later writer's compatible additions: a compat bit and a section of unknown type. */
static void test_tolerated(void **state)
{
	static const uint32_t types[] = { IMG_SEC_SIGNATURE, IMG_SEC_TAGS + 1, 1000, ~0u };
	uint8_t block[IMG_BLOCK];
	struct img_slot slot;

	(void)state;
	copy_header(block);
	put_le(block + AT(compat), ~0ull, 8);
	put_le(block + AT(created), ~0ull, 8);
	put_le(block + AT(nr_sections), 8, 4);
	put_le(block + SECTION(6, 16), 0, 8);
	memcpy(block + SECTION(7, 8), block + SECTION(6, 8), 8);
	put_le(block + SECTION(7, 4), 3, 4);
	put_le(block + SECTION(7, 16), 9, 8);
	for (size_t i = 0; i < COUNT(types); i++) {
		put_le(block + SECTION(7, 0), types[i], 4);
		resum_header(block);
		assert_reason(IMG_OK, img_slot_decode(block, &sample.area, 1, &slot, NULL));
		assert_int_equal(slot.nr_sections, 8);
		assert_int_equal(slot.section[7].type, types[i]);
		assert_true(slot.compat == ~0ull);
	}
}

static void test_every_bit(void **state)
{
	uint8_t block[IMG_BLOCK];
	struct img_slot slot;

	(void)state;
	copy_header(block);
	for (size_t bit = 0; bit < IMG_BLOCK * 8; bit += bit < 6144 || bit > 4080 * 8 ? 1 : 7) {
		block[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_reason(bit < 64 ? IMG_E_SLOT_MAGIC : IMG_E_SLOT_CHECKSUM,
			      img_slot_decode(block, &sample.area, 1, &slot, NULL));
		block[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* The other kind of image is accepted, too. */
static void test_once(void **state)
{
	uint8_t block[IMG_BLOCK];
	struct img_slot slot;

	(void)state;
	copy_header(block);
	put_le(block + AT(mode), IMG_MODE_ONCE, 4);
	resum_header(block);
	assert_reason(IMG_OK, img_slot_decode(block, &sample.area, 1, &slot, NULL));
	assert_int_equal(slot.mode, IMG_MODE_ONCE);
	assert_reason(IMG_OK, img_slot_decode(slot_block(0), &sample.area, 0, &slot, NULL));
	assert_int_equal(slot.mode, IMG_MODE_ONCE);
}

static void test_choose(void **state)
{
	static const struct {
		enum img_reason reason[2];
		uint64_t rank[2];
		int wanted, choice;
		enum img_reason refusal;
	} row[] = {
		{ { IMG_OK, IMG_OK }, { 5, 6 }, -1, 1, IMG_OK },
		{ { IMG_OK, IMG_OK }, { 7, 6 }, -1, 0, IMG_OK },
		{ { IMG_OK, IMG_OK }, { 7, 7 }, -1, 0, IMG_OK },
		{ { IMG_OK, IMG_E_SLOT_CHECKSUM }, { 5, 6 }, -1, 0, IMG_OK },
		{ { IMG_E_SLOT_EMPTY, IMG_OK }, { 0, 6 }, -1, 1, IMG_OK },
		{ { IMG_E_SLOT_EMPTY, IMG_E_SLOT_EMPTY }, { 0, 0 }, -1, -1, IMG_E_SLOT_EMPTY },
		{ { IMG_E_SLOT_EMPTY, IMG_E_SLOT_CHECKSUM },
		  { 0, 0 },
		  -1,
		  -1,
		  IMG_E_SLOT_CHECKSUM },
		{ { IMG_E_SLOT_MAGIC, IMG_E_SLOT_EMPTY }, { 0, 0 }, -1, -1, IMG_E_SLOT_MAGIC },
		{ { IMG_OK, IMG_E_SLOT_QUARANTINED }, { 5, 6 }, -1, 0, IMG_OK },
		{ { IMG_E_SLOT_EMPTY, IMG_E_SLOT_CONSUMED },
		  { 0, 6 },
		  -1,
		  -1,
		  IMG_E_SLOT_CONSUMED },
		{ { IMG_OK, IMG_E_STATE_DAMAGED }, { 5, 6 }, 1, -1, IMG_E_STATE_DAMAGED },
		{ { IMG_OK, IMG_OK }, { 5, 6 }, 0, 0, IMG_OK },
		{ { IMG_E_SLOT_EMPTY, IMG_OK }, { 0, 6 }, 0, -1, IMG_E_SLOT_EMPTY },
		{ { IMG_OK, IMG_E_SLOT_FIELD }, { 5, 6 }, 1, -1, IMG_E_SLOT_FIELD },
		{ { IMG_OK, IMG_OK }, { 5, 6 }, 2, -1, IMG_E_SLOT_EMPTY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		/* A third one, which must not be looked at. */
		const enum img_reason reason[] = { row[i].reason[0], row[i].reason[1], IMG_OK };
		const uint64_t rank[] = { row[i].rank[0], row[i].rank[1], 99 };
		enum img_reason refusal = IMG_E_DISK_READ;

		assert_int_equal(img_slot_choose(reason, rank, 2, row[i].wanted, &refusal),
				 row[i].choice);
		assert_string_equal(
			img_reason_code(refusal),
			img_reason_code(row[i].choice < 0 ? row[i].refusal : IMG_E_DISK_READ));
	}
}

int run_slot_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_full_texts),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_sections_share_no_block),
		cmocka_unit_test(test_tolerated),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_choose),
	};

	return cmocka_run_group_tests_name("slot", tests, setup, teardown);
}
