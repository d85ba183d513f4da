// SPDX-License-Identifier: GPL-2.0-only
/* A file system's answers: what becomes of them, and which ones give no map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/string.h>
#include <linux/types.h>

#include "extents.h"

#define MIB  (1024ull * 1024)
#define SDA1 0x801
#define SDA2 0x802
#define DM0  0xfd00

static struct mapper_segment segment[] = {
	{ .size = 4 * MIB, .type = "linear", .below = SDA1, .offset = 1 * MIB },
	{ .start = 4 * MIB, .size = 4 * MIB, .type = "crypt", .below = SDA2, .offset = 9 * MIB },
	{ .start = 8 * MIB, .size = 4 * MIB, .type = "striped" },
};
static struct mapper_device volume = { .device = DM0, .nr = 3 };
static struct mapper mapper = { .segment = segment };
static struct map map;
static struct extents extents;

const struct mapper_device *mapper_find(const struct mapper *in, dev_t number)
{
	(void)in;
	return number == volume.device ? &volume : NULL;
}

static void begin(dev_t device, u64 size)
{
	map_begin(&map);
	extents =
		(struct extents){ .mapper = &mapper, .device = device, .size = size, .map = &map };
}

static struct fiemap_extent extent(u64 logical, u64 physical, u64 length, u32 flags)
{
	return (struct fiemap_extent){ .fe_logical = logical,
				       .fe_physical = physical,
				       .fe_length = length,
				       .fe_flags = flags };
}

static void add(struct fiemap_extent next)
{
	assert_null(extents_add(&extents, &next, 1));
}

static void refuse(struct fiemap_extent next, const char *words)
{
	const char *why = extents_add(&extents, &next, 1);

	assert_non_null(why);
	assert_non_null(strstr(why, words));
}

static void piece_is(unsigned int i, dev_t below, u64 offset, u64 size)
{
	assert_in_range(i, 0, map.nr - 1);
	assert_int_equal(map.below[i], below);
	assert_int_equal(map.piece[i].offset, offset);
	assert_int_equal(map.piece[i].size, size);
}

/* ext4's extents have at most 128 MiB, and neighbours are one piece. */
static void test_on_a_partition(void **state)
{
	const struct fiemap_extent first[] = {
		extent(0, 64 * MIB, 128 * MIB, 0),
		extent(128 * MIB, 192 * MIB, 128 * MIB, FIEMAP_EXTENT_UNWRITTEN),
	};

	(void)state;
	begin(SDA1, 300 * MIB);
	assert_null(extents_add(&extents, first, 2));
	assert_int_equal(extents.done, 256 * MIB);
	add(extent(256 * MIB, 1024 * MIB, 44 * MIB, FIEMAP_EXTENT_LAST | FIEMAP_EXTENT_MERGED));
	assert_int_equal(extents.done, 300 * MIB);
	assert_null(map_end(&map));
	assert_int_equal(map.nr, 2);
	piece_is(0, SDA1, 64 * MIB, 256 * MIB);
	piece_is(1, SDA1, 1024 * MIB, 44 * MIB);
	assert_false(map.crypt);
}

static void test_on_a_volume(void **state)
{
	(void)state;
	begin(DM0, 6 * MIB);
	add(extent(0, 2 * MIB, 4 * MIB, 0));
	add(extent(4 * MIB, 0, 2 * MIB, 0));
	assert_null(map_end(&map));
	assert_int_equal(map.nr, 3);
	piece_is(0, SDA1, 3 * MIB, 2 * MIB);
	piece_is(1, SDA2, 9 * MIB, 2 * MIB);
	piece_is(2, SDA1, 1 * MIB, 2 * MIB);
	assert_true(map.crypt);
	begin(DM0, 8 * MIB);
	refuse(extent(0, 4 * MIB, 8 * MIB, 0), "neither linear nor crypt");
}

/* What has been preallocated past the end, or past whole blocks of the area, is no part of it. */
static void test_end(void **state)
{
	const struct fiemap_extent both[] = {
		extent(0, 8 * MIB, 4 * MIB, 0),
		extent(4 * MIB, 64 * MIB, 4 * MIB, FIEMAP_EXTENT_SHARED),
	};

	(void)state;
	begin(SDA1, 3 * MIB);
	assert_null(extents_add(&extents, both, 2));
	assert_int_equal(extents.done, 3 * MIB);
	assert_int_equal(map.nr, 1);
	piece_is(0, SDA1, 8 * MIB, 3 * MIB);
}

static void test_holes(void **state)
{
	(void)state;
	begin(SDA1, 8 * MIB);
	refuse(extent(4096, 8 * MIB, 4 * MIB, 0), "holes");
	begin(SDA1, 8 * MIB);
	add(extent(0, 8 * MIB, 4 * MIB, 0));
	refuse(extent(4 * MIB + 4096, 12 * MIB, 4 * MIB, 0), "holes");
	begin(SDA1, 8 * MIB);
	add(extent(0, 8 * MIB, 4 * MIB, 0));
	refuse(extent(0, 8 * MIB, 4 * MIB, 0), "holes");
	begin(SDA1, 8 * MIB);
	refuse(extent(0, 8 * MIB, 0, 0), "holes");
}

static void test_flags(void **state)
{
	static const struct {
		u32 flag;
		const char *words;
	} row[] = {
		{ FIEMAP_EXTENT_SHARED, "another file" },
		{ FIEMAP_EXTENT_ENCODED, "compresses" },
		{ FIEMAP_EXTENT_DATA_ENCRYPTED, "encrypts" },
		{ FIEMAP_EXTENT_UNKNOWN, "without blocks" },
		{ FIEMAP_EXTENT_DELALLOC, "without blocks" },
		{ FIEMAP_EXTENT_NOT_ALIGNED, "without blocks" },
		{ FIEMAP_EXTENT_DATA_INLINE, "without blocks" },
		{ FIEMAP_EXTENT_DATA_TAIL, "without blocks" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		begin(SDA1, 4 * MIB);
		refuse(extent(0, 8 * MIB, 4 * MIB, row[i].flag | FIEMAP_EXTENT_LAST), row[i].words);
		assert_int_equal(map.nr, 0);
	}
}

/* ext4 with blocks of 1 KiB: the pieces count, not the extents. */
static void test_alignment(void **state)
{
	(void)state;
	begin(SDA1, 8192);
	add(extent(0, 4096, 1024, 0));
	add(extent(1024, 5120, 7168, 0));
	assert_null(map_end(&map));
	begin(SDA1, 8192);
	add(extent(0, 1024, 8192, 0));
	assert_non_null(strstr(map_end(&map), "multiple of 4096"));
	begin(SDA1, 8192);
	add(extent(0, 4096, 1024, 0));
	add(extent(1024, 9216, 7168, 0));
	assert_non_null(strstr(map_end(&map), "multiple of 4096"));
}

static void test_most_pieces(void **state)
{
	unsigned int i;

	(void)state;
	begin(SDA1, 2 * IMG_MAX_MAP * MIB);
	for (i = 0; i < IMG_MAX_MAP; i++)
		add(extent(i * MIB, i * 2 * MIB, MIB, 0));
	refuse(extent(i * MIB, i * 2 * MIB, MIB, 0), "more pieces");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_on_a_partition),
		cmocka_unit_test(test_on_a_volume),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_most_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
