// SPDX-License-Identifier: GPL-2.0-only
/* Parts of a read: joined, or refused unless they are all of it, once each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#include "cover.h"

#define SDA1 0x801
#define SDB1 0x811

static struct follow follow;

static const char *join(struct cover_part *part, unsigned int nr, size_t size)
{
	memset(&follow, 0, sizeof(follow));
	return cover_join(part, nr, size, &follow);
}

static void assert_fragment(unsigned int i, dev_t partition, u64 offset, u32 size)
{
	assert_true(i < follow.nr);
	assert_int_equal(follow.fragment[i].partition, partition);
	assert_int_equal(follow.fragment[i].offset, offset);
	assert_int_equal(follow.fragment[i].size, size);
}

static void test_one(void **state)
{
	struct cover_part part[] = { { SDA1, 81920, 0, 4096 } };

	(void)state;
	assert_null(join(part, 1, 4096));
	assert_int_equal(follow.nr, 1);
	assert_fragment(0, SDA1, 81920, 4096);
}

/* Requests arrive in any order; those that continue each other on the partition are one. */
static void test_joined(void **state)
{
	struct cover_part part[] = {
		{ SDB1, 0, 8192, 4096 },      { SDA1, 81920, 0, 4096 },
		{ SDA1, 86016, 4096, 4096 },  { SDB1, 4096, 12288, 512 },
		{ SDB1, 12288, 12800, 3584 },
	};

	(void)state;
	assert_null(join(part, ARRAY_SIZE(part), 16384));
	assert_int_equal(follow.nr, 3);
	assert_fragment(0, SDA1, 81920, 8192);
	assert_fragment(1, SDB1, 0, 4608);
	assert_fragment(2, SDB1, 12288, 3584);
}

/* Neighbours in memory that only their numbers make neighbours on a disk. */
static void test_other_partition(void **state)
{
	struct cover_part part[] = { { SDA1, 0, 0, 4096 }, { SDB1, 4096, 4096, 4096 } };

	(void)state;
	assert_null(join(part, 2, 8192));
	assert_int_equal(follow.nr, 2);
}

static void test_missing(void **state)
{
	struct cover_part first[] = { { SDA1, 4096, 4096, 4096 } };
	struct cover_part middle[] = { { SDA1, 0, 0, 4096 }, { SDA1, 8192, 8192, 4096 } };
	struct cover_part last[] = { { SDA1, 0, 0, 4096 } };

	(void)state;
	assert_string_equal(join(first, 1, 8192), "some of its bytes come from no partition");
	assert_string_equal(join(middle, 2, 12288), "some of its bytes come from no partition");
	assert_string_equal(join(last, 1, 8192), "some of its bytes come from no partition");
	assert_string_equal(join(last, 0, 8192), "some of its bytes come from no partition");
}

/* A second leg was asked, because the first had an error. */
static void test_twice(void **state)
{
	struct cover_part whole[] = { { SDA1, 0, 0, 4096 }, { SDB1, 0, 0, 4096 } };
	struct cover_part part[] = { { SDA1, 0, 0, 4096 }, { SDB1, 512, 512, 3584 } };

	(void)state;
	assert_string_equal(join(whole, 2, 4096), "some of its bytes were read twice");
	assert_string_equal(join(part, 2, 4096), "some of its bytes were read twice");
}

static void test_too_much(void **state)
{
	struct cover_part part[] = { { SDA1, 0, 0, 8192 } };

	(void)state;
	assert_string_equal(join(part, 1, 4096), "more was read than asked for");
}

static void test_too_many(void **state)
{
	struct cover_part part[FOLLOW_MAX_FRAGMENTS + 1];
	unsigned int i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(part); i++)
		part[i] = (struct cover_part){ SDA1, i * 8192, i * 4096, 4096 };
	assert_null(join(part, FOLLOW_MAX_FRAGMENTS, FOLLOW_MAX_FRAGMENTS * 4096));
	assert_string_equal(join(part, ARRAY_SIZE(part), ARRAY_SIZE(part) * 4096),
			    "its bytes are in too many pieces");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_other_partition),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
