// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The machine's own UUID and serial number, from good SMBIOS tables and from hostile ones. */
#include <stdlib.h>

#include "test.h"

#define BASE  0x7e000000ull
#define SIZE  0x10000u
#define ENTRY (BASE + 0x10)
#define OLD   (BASE + 0x80)
#define TABLE (BASE + 0x1000)

struct memory {
	uint8_t *byte;
	uint64_t size; /* of it readable */
	uint32_t reads;
};

static bool fake_read(void *ctx, uint64_t phys, void *to, size_t size)
{
	struct memory *m = ctx;

	m->reads++;
	if (phys < BASE || phys - BASE > m->size || size > m->size - (phys - BASE))
		return false;
	memcpy(to, m->byte + (phys - BASE), size);
	return true;
}

static const struct img_fp_item *find(const struct img_fp *fp, uint32_t index)
{
	for (uint32_t i = 0; i < fp->count; i++)
		if (fp->item[i].field == IMG_FP_MACHINE_ID && fp->item[i].index == index)
			return &fp->item[i];
	return NULL;
}

static void make_sum_right(uint8_t *entry, uint32_t length, uint32_t at)
{
	uint8_t sum = 0;

	entry[at] = 0;
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + entry[i]);
	entry[at] = (uint8_t)-sum;
}

static void put_entry3(struct memory *m, uint64_t table, uint32_t max)
{
	uint8_t *e = m->byte + (ENTRY - BASE);

	memset(e, 0, 24);
	memcpy(e, "_SM3_", 5);
	e[6] = 24;
	put_le(e + 12, max, 4);
	put_le(e + 16, table, 8);
	make_sum_right(e, 24, 5);
}

static void put_entry2(struct memory *m, uint64_t table, uint32_t size)
{
	uint8_t *e = m->byte + (OLD - BASE);

	memset(e, 0, 31);
	memcpy(e, "_SM_", 4);
	e[5] = 31;
	memcpy(e + 16, "_DMI_", 5);
	put_le(e + 0x16, size, 2);
	put_le(e + 0x18, table, 4);
	make_sum_right(e, 31, 4);
}

/* Type 0 with two strings, type 1 with three, the last of them the serial number, the end. */
static const uint8_t table_good[] = {
	0,    6,    0,	  0,	1,    2,    'V',  0,	'1',  0,    0, /* BIOS */
	1,    27,   1,	  0,	1,    2,    0,	  3, /* system: manufacturer, product, no version,
							serial */
	0x71, 0x60, 0x5f, 0x4e, 0x3d, 0x2c, 0x1b, 0x4a, 0xf8, 0xe7, 0xd6,
	0xc5, 0xb4, 0xa3, 0x92, 0x81, 6,    0,	  0, /* UUID, wake-up, SKU, family */
	'A',  'c',  0,	  'B',	0,    'S',  'N',  '-',	'7',  0,    0, /* strings */
	127,  4,    2,	  0,	0,    0,
};
#define SYSTEM	11u
#define STRINGS 38u

static struct memory memory_make(void)
{
	struct memory m = { calloc(1, SIZE), SIZE, 0 };

	assert_non_null(m.byte);
	put_entry3(&m, TABLE, sizeof(table_good));
	put_entry2(&m, TABLE, sizeof(table_good));
	memcpy(m.byte + (TABLE - BASE), table_good, sizeof(table_good));
	return m;
}

/* As long as promised, and full of earlier contents. */
static uint8_t *scratch;

static int setup(void **state)
{
	(void)state;
	scratch = malloc(IMG_ACPI_SCRATCH);
	return scratch ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(scratch);
	return 0;
}

static void read_ids(struct memory *m, uint64_t smbios3, uint64_t smbios, struct img_fp *fp)
{
	const struct img_probe probe = { m, NULL, fake_read };

	memset(scratch, 1, IMG_BLOCK);
	img_fp_init(fp);
	img_fp_add_smbios(fp, &probe, smbios3, smbios, scratch);
}

static void assert_good_ids(const struct img_fp *fp)
{
	const struct img_fp_item *id = find(fp, 0), *serial = find(fp, 1);

	assert_int_equal(fp->count, 2);
	assert_non_null(id);
	assert_true(id->value[0] == 0x4a1b2c3d4e5f6071ull && id->value[1] == 0x8192a3b4c5d6e7f8ull);
	assert_non_null(serial);
	assert_true(serial->value[0] == img_port_xxh64("SN-7", 4) && serial->value[1] == 4);
}

static void test_both_entries(void **state)
{
	struct memory m = memory_make();
	struct img_fp fp;

	(void)state;
	read_ids(&m, ENTRY, OLD, &fp);
	assert_good_ids(&fp);
	read_ids(&m, ENTRY, 0, &fp);
	assert_good_ids(&fp);
	read_ids(&m, 0, OLD, &fp);
	assert_good_ids(&fp);
	/* If the 64-bit entry is damaged, the other is used. */
	m.byte[ENTRY - BASE + 20]++;
	read_ids(&m, ENTRY, OLD, &fp);
	assert_good_ids(&fp);
	free(m.byte);
}

/* With both, the 64-bit one is used; one wrong length that SMBIOS itself once gave is accepted. */
static void test_preference(void **state)
{
	struct memory m = memory_make();
	struct img_fp fp;

	(void)state;
	put_entry2(&m, 0x1000, 64);
	read_ids(&m, ENTRY, OLD, &fp);
	assert_good_ids(&fp);
	put_entry2(&m, TABLE, sizeof(table_good));
	m.byte[OLD - BASE + 5] = 30;
	make_sum_right(m.byte + (OLD - BASE), 30, 4);
	read_ids(&m, 0, OLD, &fp);
	assert_good_ids(&fp);
	free(m.byte);
}

static void test_none(void **state)
{
	static const struct {
		size_t offset, width;
		uint64_t value;
	} row[] = {
		{ 0, 1, 'x' },	  /* anchor */
		{ 4, 1, 'x' },	  /* its end */
		{ 6, 1, 23 },	  /* length below the structure's */
		{ 6, 1, 65 },	  /* above any real length */
		{ 12, 4, 0 },	  /* no table */
		{ 16, 8, 0 },	  /* no memory there */
		{ 16, 8, ~0ull }, /* not readable */
		{ 16, 8, BASE - 1 },
	};
	struct img_fp fp;

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct memory m = memory_make();
		uint8_t *e = m.byte + (ENTRY - BASE);

		put_le(e + row[i].offset, row[i].value, row[i].width);
		make_sum_right(e, e[6], 5);
		read_ids(&m, ENTRY, 0, &fp);
		assert_int_equal(fp.count, 0);
		free(m.byte);
	}
}

static void test_no_entry(void **state)
{
	struct memory m = memory_make();
	struct img_fp fp;

	(void)state;
	read_ids(&m, 0, 0, &fp);
	assert_int_equal(fp.count, 0);
	assert_int_equal(m.reads, 0);
	read_ids(&m, BASE - 4, ~0ull, &fp);
	assert_int_equal(fp.count, 0);
	m.byte[ENTRY - BASE + 5]++;
	read_ids(&m, ENTRY, 0, &fp);
	assert_int_equal(fp.count, 0);
	/* Readable to its minimum, not to its length. */
	m = (struct memory){ m.byte, ENTRY - BASE + 24, 0 };
	m.byte[ENTRY - BASE + 6] = 30;
	read_ids(&m, ENTRY, 0, &fp);
	assert_int_equal(fp.count, 0);
	free(m.byte);
}

static void with_table(const uint8_t *table, uint32_t size, struct img_fp *fp)
{
	struct memory m = memory_make();

	memset(m.byte + (TABLE - BASE), 0xcc, 256);
	memcpy(m.byte + (TABLE - BASE), table, size);
	put_entry3(&m, TABLE, size);
	read_ids(&m, ENTRY, 0, fp);
	free(m.byte);
}

static void test_walk(void **state)
{
	static const uint8_t end_first[] = {
		127, 4, 0, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0, 1, 'S', 0, 0
	};
	static const uint8_t no_length[] = { 0, 0, 0, 0, 0, 0 };
	static const uint8_t short_length[] = { 1, 3, 0, 0, 0, 0 };
	static const uint8_t too_long[] = { 1, 27, 0, 0, 0, 0 };
	static const uint8_t no_strings_end[] = { 0, 4, 0, 0, 'a', 'b' };
	static const uint8_t stub[] = { 0, 4, 0 };
	static const uint8_t no_uuid[] = { 1, 8, 0, 0, 0, 0, 0, 1, 'S', 0, 0 };
	static const uint8_t nothing[] = { 1, 7, 0, 0, 0, 0, 0, 'S', 0, 0 };
	struct img_fp fp;

	(void)state;
	with_table(end_first, sizeof(end_first), &fp);
	assert_int_equal(fp.count, 0);
	with_table(no_length, sizeof(no_length), &fp);
	assert_int_equal(fp.count, 0);
	with_table(short_length, sizeof(short_length), &fp);
	assert_int_equal(fp.count, 0);
	with_table(too_long, sizeof(too_long), &fp);
	assert_int_equal(fp.count, 0);
	with_table(no_strings_end, sizeof(no_strings_end), &fp);
	assert_int_equal(fp.count, 0);
	with_table(stub, sizeof(stub), &fp);
	assert_int_equal(fp.count, 0);
	with_table(nothing, sizeof(nothing), &fp);
	assert_int_equal(fp.count, 0);
	with_table(no_uuid, sizeof(no_uuid), &fp);
	assert_int_equal(fp.count, 1);
	assert_true(find(&fp, 1)->value[0] == img_port_xxh64("S", 1));
}

/* The serial number's string: none, the first, beyond the last, cut off by the table's end. */
static void test_serial(void **state)
{
	static const struct {
		uint8_t number;
		uint32_t size; /* of the table */
		const char *serial;
	} row[] = {
		{ 0, sizeof(table_good), "" },	{ 1, sizeof(table_good), "Ac" },
		{ 2, sizeof(table_good), "B" }, { 3, sizeof(table_good), "SN-7" },
		{ 4, sizeof(table_good), "" },	{ 255, sizeof(table_good), "" },
		{ 3, STRINGS + 7, "SN" },	{ 3, STRINGS + 5, "" },
		{ 3, STRINGS + 4, "" },		{ 3, STRINGS, "" },
	};
	uint8_t table[sizeof(table_good)];
	struct img_fp fp;

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		size_t length = strlen(row[i].serial);

		memcpy(table, table_good, sizeof(table));
		table[SYSTEM + 7] = row[i].number;
		with_table(table, row[i].size, &fp);
		assert_int_equal(fp.count, 2);
		assert_true(find(&fp, 1)->value[1] == length);
		assert_true(find(&fp, 1)->value[0] == img_port_xxh64(row[i].serial, length));
	}
}

/* Only the first system structure counts: it describes the one machine. */
static void test_first_system(void **state)
{
	uint8_t table[2 * sizeof(table_good)];
	const uint32_t one = STRINGS + 11;
	struct img_fp fp;

	(void)state;
	memcpy(table, table_good, one);
	memcpy(table + one, table_good + SYSTEM, sizeof(table_good) - SYSTEM);
	table[one + 8] = 0xff;
	with_table(table, one + sizeof(table_good) - SYSTEM, &fp);
	assert_good_ids(&fp);
}

/* A table with a length above any buffer is read as far as the buffer allows. */
static void test_large_table(void **state)
{
	struct memory m = { calloc(1, 2u << 20), 2u << 20, 0 };
	struct img_fp fp;

	(void)state;
	assert_non_null(m.byte);
	memcpy(m.byte + (TABLE - BASE), table_good, sizeof(table_good));
	put_entry3(&m, TABLE, ~0u);
	read_ids(&m, ENTRY, 0, &fp);
	assert_good_ids(&fp);
	free(m.byte);
}

/* Random bytes: nothing outside is touched (the sanitizers detect it), and the walk ends. */
static void test_random(void **state)
{
	(void)state;
	srand(11);
	for (int i = 0; i < 3000; i++) {
		uint8_t table[sizeof(table_good)];
		struct img_fp fp;

		memcpy(table, table_good, sizeof(table));
		for (int j = 0; j < 1 + i % 4; j++)
			table[(uint32_t)rand() % sizeof(table)] = (uint8_t)(rand() % 5 * 63);
		with_table(table, 1 + (uint32_t)rand() % (uint32_t)sizeof(table), &fp);
		assert_true(fp.count <= 2 && !fp.overflow);
	}
}

int run_smbios_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_entries), cmocka_unit_test(test_preference),
		cmocka_unit_test(test_none),	     cmocka_unit_test(test_no_entry),
		cmocka_unit_test(test_walk),	     cmocka_unit_test(test_serial),
		cmocka_unit_test(test_first_system), cmocka_unit_test(test_large_table),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("smbios", tests, setup, teardown);
}
