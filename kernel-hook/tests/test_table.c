// SPDX-License-Identifier: GPL-2.0-only
/* The parameters of targets: what is below, and no key left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#include "table.h"

static struct mapper_segment segment;
static char text[256];
static size_t length;

static int parse(const char *type, const char *parameters)
{
	memset(&segment, 0, sizeof(segment));
	strcpy(segment.type, type);
	length = strlen(parameters);
	strcpy(text, parameters);
	return table_parse(text, &segment);
}

static void test_linear(void **state)
{
	(void)state;
	assert_int_equal(parse("linear", "254:3 2048"), 0);
	assert_int_equal(segment.below, MKDEV(254, 3));
	assert_int_equal(segment.offset, 2048 * 512);
}

static void test_crypt(void **state)
{
	(void)state;
	assert_int_equal(parse("crypt", "aes-xts-plain64 0123456789abcdef0123456789abcdef 0 8:5 "
					"32768 1 allow_discards"),
			 0);
	assert_int_equal(segment.below, MKDEV(8, 5));
	assert_int_equal(segment.offset, 32768 * 512);
	assert_null(memmem(text, length, "123", 3));
	assert_int_equal(parse("crypt", "aes-xts-plain64 :64:logon:cryptsetup:u-d0 0 254:0 8"), 0);
	assert_int_equal(segment.below, MKDEV(254, 0));
	assert_int_equal(segment.offset, 8 * 512);
	assert_int_equal(parse("crypt", "cipher_null-ecb - 0 8:1 0"), 0);
	assert_int_equal(segment.below, MKDEV(8, 1));
}

/* Also where the rest is not understood. */
static void test_key_of_a_strange_table(void **state)
{
	(void)state;
	assert_int_equal(parse("crypt", "aes 0123456789abcdef 0 strange"), -EPROTO);
	assert_null(memmem(text, length, "123", 3));
	assert_int_equal(parse("crypt", "aes 0123456789abcdef"), -EPROTO);
	assert_null(memmem(text, length, "123", 3));
}

static void test_verity(void **state)
{
	(void)state;
	assert_int_equal(parse("verity", "1 8:3 8:4 4096 1024 5000 3 sha256 aa bb"), 0);
	assert_int_equal(segment.below, MKDEV(8, 3));
	assert_int_equal(segment.hash, MKDEV(8, 4));
	assert_int_equal(segment.root, 3 * 1024);
	assert_int_equal(segment.root_size, 1024);
}

static void test_not_understood(void **state)
{
	static const struct {
		const char *type, *parameters;
	} rows[] = {
		{ "linear", "" },
		{ "linear", "254:3" },
		{ "linear", "/dev/sda 0" },
		{ "linear", "254:3 x" },
		{ "linear", "254:3 36028797018963968" }, /* 2^64 bytes */
		{ "crypt", "aes" },
		{ "crypt", "aes key" },
		{ "crypt", "aes key 0" },
		{ "crypt", "aes key 0 8:1" },
		{ "verity", "1 8:3 8:4 4096" },
		{ "verity", "1 8:3 8:4 4096 0 5000 3" },
		{ "verity", "1 8:3 8:4 4096 1000 5000 3" },
		{ "verity", "1 8:3 8:4 4096 8192 5000 3" },
		{ "verity", "1 8:3 strange 4096 4096 5000 3" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(parse(rows[i].type, rows[i].parameters), -EPROTO);
}

static void test_others(void **state)
{
	(void)state;
	assert_int_equal(parse("thin", "254:3 1"), 0);
	assert_int_equal(segment.below, 0);
	assert_int_equal(parse("striped", "2 128 8:1 0 8:2 0"), 0);
	assert_int_equal(segment.below, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linear),
		cmocka_unit_test(test_crypt),
		cmocka_unit_test(test_key_of_a_strange_table),
		cmocka_unit_test(test_verity),
		cmocka_unit_test(test_not_understood),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
