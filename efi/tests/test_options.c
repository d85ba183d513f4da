// SPDX-License-Identifier: GPL-2.0-or-later
/* The boot entry's options: what is known, and that nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "options.h"

#define MAX_TEXT 256

static enum img_reason parse(const char *text, struct options *o, struct img_detail *d)
{
	uint16_t wide[MAX_TEXT] = { 0 };
	size_t i, n = strlen(text);

	assert_true(n < MAX_TEXT);
	for (i = 0; i < n; i++)
		wide[i] = (uint16_t)(unsigned char)text[i];
	return options_parse(wide, n, o, d);
}

static struct options good(const char *text)
{
	struct options o = { .slot = 77 };
	struct img_detail d;

	assert_int_equal(parse(text, &o, &d), IMG_OK);
	return o;
}

static void bad(const char *text, uint64_t word)
{
	struct options o = { .slot = 77 };
	struct img_detail d = { 0 };

	assert_int_equal(parse(text, &o, &d), IMG_E_BAD_OPTION);
	assert_int_equal(d.index, word);
	assert_int_equal(o.slot, 77); /* untouched */
}

static void test_nothing(void **state)
{
	struct options o = good("");

	(void)state;
	assert_int_equal(o.slot, -1);
	assert_false(o.verbose || o.simulate || o.one_core || o.probe || o.quiet ||
		     o.have_part_uuid);
	good(" \t\r\n ");
}

static void test_each(void **state)
{
	(void)state;
	assert_int_equal(good("slot=a").slot, 0);
	assert_int_equal(good("SLOT=B").slot, 1);
	assert_true(good("verbose").verbose);
	assert_true(good("simulate").simulate);
	assert_true(good("cores=1").one_core);
	assert_true(good("probe").probe);
	assert_true(good("quiet").quiet);
}

static void test_all_together(void **state)
{
	struct options o = good("fastbootx64.efi  slot=b simulate\tverbose cores=1 probe quiet ");

	(void)state;
	assert_int_equal(o.slot, 1);
	assert_true(o.verbose && o.simulate && o.one_core && o.probe && o.quiet);
}

static void test_uuid_has_gpt_byte_order(void **state)
{
	static const uint8_t expected[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					      0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	struct options o = good("partuuid=33221100-5544-7766-8899-AABBCCDDeeff");

	(void)state;
	assert_true(o.have_part_uuid);
	assert_memory_equal(o.part_uuid, expected, 16);
}

static void test_refused(void **state)
{
	(void)state;
	bad("slot=c", 0);
	bad("slot=", 0);
	bad("slot=ab", 0);
	bad("verbose quick", 1);
	bad("quieter", 0);
	bad("cores=2", 0);
	bad("cores=11", 0);
	bad("verbos", 0);
	bad("verbosee", 0);
	bad("probes", 0);
	bad("probe=1", 0);
	bad("verbose loader.efi", 1);
	bad("partuuid=33221100-5544-7766-8899-aabbccddeef", 0);
	bad("partuuid=33221100-5544-7766-8899-aabbccddeefg", 0);
	bad("partuuid=33221100x5544-7766-8899-aabbccddeeff", 0);
}

/* Some firmware appends binary data to a boot entry it made itself. */
static void test_not_text(void **state)
{
	const uint16_t binary[] = { 0xac4e, 0x0011, 0xffff };
	const uint16_t after_nul[] = { 'v', 'e', 'r', 'b', 'o', 's', 'e', 0, 0xac4e, 0x0011 };
	struct options o;
	struct img_detail d;

	(void)state;
	assert_int_equal(options_parse(binary, 3, &o, &d), IMG_E_BAD_OPTION);
	assert_int_equal(options_parse(after_nul, 10, &o, &d), IMG_OK);
	assert_true(o.verbose);
	assert_int_equal(options_parse(NULL, 0, &o, &d), IMG_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),	     cmocka_unit_test(test_each),
		cmocka_unit_test(test_all_together), cmocka_unit_test(test_uuid_has_gpt_byte_order),
		cmocka_unit_test(test_refused),	     cmocka_unit_test(test_not_text),
	};

	return cmocka_run_group_tests_name("efi/options", tests, NULL, NULL);
}
