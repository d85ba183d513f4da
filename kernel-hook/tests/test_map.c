// SPDX-License-Identifier: GPL-2.0-only
/* Maps of stacks: merging, cutting, and what has no map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/string.h>
#include <linux/types.h>

#include "map.h"

#define MIB	  (1024ull * 1024)
#define MAX	  200
#define SDA1	  0x801
#define SDA2	  0x802
#define DM(minor) (0xfd00 + (minor))

static struct mapper_device device[MAX];
static struct mapper_segment segment[MAX];
static struct mapper mapper = { .device = device, .segment = segment };
static struct map map;

const struct mapper_device *mapper_find(const struct mapper *in, dev_t number)
{
	unsigned int i;

	for (i = 0; i < in->nr_devices; i++) {
		if (in->device[i].device == number)
			return &in->device[i];
	}
	return NULL;
}

static int begin(void **state)
{
	(void)state;
	mapper.nr_devices = 0;
	mapper.nr_segments = 0;
	return 0;
}

static void add_device(dev_t number)
{
	device[mapper.nr_devices++] =
		(struct mapper_device){ .device = number, .first = mapper.nr_segments };
}

/* The next bytes of the device added last. */
static void add(const char *type, u64 size, dev_t below, u64 offset)
{
	struct mapper_device *upper = &device[mapper.nr_devices - 1];
	struct mapper_segment *new = &segment[mapper.nr_segments++];

	*new = (struct mapper_segment){ .size = size, .below = below, .offset = offset };
	if (upper->nr)
		new->start = new[-1].start + new[-1].size;
	strcpy(new->type, type);
	upper->nr++;
}

static void compute(dev_t number, u64 offset, u64 size)
{
	assert_null(map_compute(&mapper, number, offset, size, &map));
}

static void refuse(dev_t number, u64 offset, u64 size, const char *words)
{
	const char *why = map_compute(&mapper, number, offset, size, &map);

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

static void test_one_extent(void **state)
{
	(void)state;
	add_device(DM(0));
	add("linear", 8 * MIB, SDA1, 1 * MIB);
	assert_int_equal(map_device_size(&mapper, &device[0]), 8 * MIB);
	compute(DM(0), 0, 8 * MIB);
	assert_int_equal(map.nr, 1);
	piece_is(0, SDA1, 1 * MIB, 8 * MIB);
	assert_false(map.crypt);
}

static void test_part_of_an_extent(void **state)
{
	(void)state;
	add_device(DM(0));
	add("linear", 4 * MIB, SDA1, 1 * MIB);
	add("linear", 4 * MIB, SDA2, 9 * MIB);
	compute(DM(0), 8 * MIB - 4096, 4096);
	assert_int_equal(map.nr, 1);
	piece_is(0, SDA2, 13 * MIB - 4096, 4096);
	compute(DM(0), 4 * MIB - 4096, 8192);
	assert_int_equal(map.nr, 2);
	piece_is(0, SDA1, 5 * MIB - 4096, 4096);
	piece_is(1, SDA2, 9 * MIB, 4096);
}

/* Neighbours become one piece only if they are in order, and on the same device. */
static void test_merge(void **state)
{
	(void)state;
	add_device(DM(0));
	add("linear", 4 * MIB, SDA1, 1 * MIB);
	add("linear", 4 * MIB, SDA1, 5 * MIB);
	add("linear", 4 * MIB, SDA2, 9 * MIB);
	add("linear", 4 * MIB, SDA2, 1 * MIB);
	compute(DM(0), 0, 16 * MIB);
	assert_int_equal(map.nr, 3);
	piece_is(0, SDA1, 1 * MIB, 8 * MIB);
	piece_is(1, SDA2, 9 * MIB, 4 * MIB);
	piece_is(2, SDA2, 1 * MIB, 4 * MIB);
}

/* The installer's layout: volumes of a group that is inside LUKS; the partition is cut off oddly.
 */
static void test_lvm_in_luks(void **state)
{
	(void)state;
	add_device(DM(0));
	add("crypt", 64 * MIB + 512, SDA2, 16 * MIB);
	add_device(DM(1));
	add("linear", 8 * MIB, DM(0), 1 * MIB);
	add("linear", 8 * MIB, DM(0), 33 * MIB);
	compute(DM(1), 0, 16 * MIB);
	assert_int_equal(map.nr, 2);
	piece_is(0, SDA2, 17 * MIB, 8 * MIB);
	piece_is(1, SDA2, 49 * MIB, 8 * MIB);
	assert_true(map.crypt);
	assert_int_equal(map_device_size(&mapper, &device[0]), 64 * MIB);
	compute(DM(0), 0, 64 * MIB);
	piece_is(0, SDA2, 16 * MIB, 64 * MIB);
}

/* One extent above, two below: the border in the middle is found. */
static void test_border_below(void **state)
{
	(void)state;
	add_device(DM(0));
	add("linear", 3 * MIB, SDA1, 0);
	add("linear", 3 * MIB, SDA2, 0);
	add_device(DM(1));
	add("linear", 4 * MIB, DM(0), 1 * MIB);
	compute(DM(1), 0, 4 * MIB);
	assert_int_equal(map.nr, 2);
	piece_is(0, SDA1, 1 * MIB, 2 * MIB);
	piece_is(1, SDA2, 0, 2 * MIB);
}

static void test_other_targets(void **state)
{
	(void)state;
	add_device(DM(0));
	add("linear", 4 * MIB, SDA1, 0);
	add("striped", 4 * MIB, 0, 0);
	refuse(DM(0), 0, 8 * MIB, "neither linear nor crypt");
	compute(DM(0), 0, 4 * MIB);
	add_device(DM(1));
	add("linear", 8 * MIB, DM(0), 0);
	refuse(DM(1), 0, 8 * MIB, "neither linear nor crypt");
}

static void test_no_table(void **state)
{
	(void)state;
	refuse(DM(0), 0, 4096, "no table");
	add_device(DM(0));
	refuse(DM(0), 0, 0, "no table");
	refuse(DM(0), 0, 4096, "does not cover");
	add("linear", 4 * MIB, SDA1, 0);
	refuse(DM(0), 4 * MIB - 4096, 8192, "does not cover");
	add_device(DM(1));
	add("linear", 8 * MIB, DM(0), 0);
	refuse(DM(1), 0, 8 * MIB, "does not cover");
}

static void test_alignment(void **state)
{
	(void)state;
	add_device(DM(0));
	add("linear", 4 * MIB, SDA1, 512);
	refuse(DM(0), 0, 4 * MIB, "multiple of 4096");
	add_device(DM(1));
	add("linear", 4 * MIB + 512, SDA1, 0);
	add("linear", 4 * MIB - 512, SDA2, 0);
	refuse(DM(1), 0, 8 * MIB, "multiple of 4096");
}

static void test_most_pieces(void **state)
{
	unsigned int i;

	(void)state;
	add_device(DM(0));
	for (i = 0; i < IMG_MAX_MAP; i++)
		add("linear", 1 * MIB, SDA1, i * 2 * MIB);
	compute(DM(0), 0, IMG_MAX_MAP * MIB);
	assert_int_equal(map.nr, IMG_MAX_MAP);
	add("linear", 1 * MIB, SDA2, 0);
	refuse(DM(0), 0, (IMG_MAX_MAP + 1) * MIB, "more pieces");
	compute(DM(0), IMG_MAX_MAP * MIB, 1 * MIB);
}

/* A table that leads back to itself, which device mapper does not let anybody load. */
static void test_depth(void **state)
{
	(void)state;
	add_device(DM(0));
	add("linear", 4 * MIB, DM(1), 0);
	add_device(DM(1));
	add("linear", 4 * MIB, DM(0), 0);
	refuse(DM(0), 0, 4 * MIB, "too many devices");
}

static void test_difference(void **state)
{
	struct img_area area = { .nr_map = 2 };

	(void)state;
	add_device(DM(0));
	add("linear", 4 * MIB, SDA1, 1 * MIB);
	add("linear", 4 * MIB, SDA2, 9 * MIB);
	compute(DM(0), 0, 8 * MIB);
	memset(map.piece[0].part_uuid, 1, 16);
	memset(map.piece[1].part_uuid, 2, 16);
	memcpy(area.map, map.piece, sizeof(area.map));
	assert_int_equal(map_difference(&map, &area), -1);
	area.nr_map = 1;
	assert_int_equal(map_difference(&map, &area), 1);
	area.nr_map = 3;
	assert_int_equal(map_difference(&map, &area), 2);
	area.nr_map = 2;
	area.map[1].part_uuid[15] ^= 1;
	assert_int_equal(map_difference(&map, &area), 1);
	area.map[0].offset += 4096;
	assert_int_equal(map_difference(&map, &area), 0);
	area.map[0].offset -= 4096;
	area.map[0].size += 4096;
	assert_int_equal(map_difference(&map, &area), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_extent, begin),
		cmocka_unit_test_setup(test_part_of_an_extent, begin),
		cmocka_unit_test_setup(test_merge, begin),
		cmocka_unit_test_setup(test_lvm_in_luks, begin),
		cmocka_unit_test_setup(test_border_below, begin),
		cmocka_unit_test_setup(test_other_targets, begin),
		cmocka_unit_test_setup(test_no_table, begin),
		cmocka_unit_test_setup(test_alignment, begin),
		cmocka_unit_test_setup(test_most_pieces, begin),
		cmocka_unit_test_setup(test_depth, begin),
		cmocka_unit_test_setup(test_difference, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
