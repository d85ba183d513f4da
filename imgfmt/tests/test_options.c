// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The boot entry's options: which are known, and that nothing else is accepted; GUIDs, which one of
 * them contains.
 */
#include <imgfmt/guid.h>
#include <imgfmt/options.h>

#include "test.h"

#define MAX_TEXT 512

static size_t widen(const char *text, uint16_t wide[MAX_TEXT])
{
	size_t n = strlen(text);

	assert_true(n < MAX_TEXT);
	for (size_t i = 0; i < n; i++)
		wide[i] = (uint16_t)(unsigned char)text[i];
	return n;
}

static struct img_options good(const char *text)
{
	struct img_options o = { .slot = 77 };
	uint16_t wide[MAX_TEXT] = { 0 };
	struct img_word unknown;

	assert_true(img_options_parse(wide, widen(text, wide), true, &o, &unknown));
	return o;
}

/* start, length: of the word that is not an option, in the text. */
static void bad(const char *text, size_t number, size_t start, size_t length)
{
	struct img_options o = { .slot = 77 };
	uint16_t wide[MAX_TEXT] = { 0 };
	struct img_word unknown = { 0 };

	assert_false(img_options_parse(wide, widen(text, wide), true, &o, &unknown));
	assert_int_equal(unknown.number, number);
	assert_int_equal(unknown.start, start);
	assert_int_equal(unknown.length, length);
	assert_int_equal(o.slot, 77); /* unchanged */
}

static void test_nothing(void **state)
{
	struct img_options o = good("");

	(void)state;
	assert_int_equal(o.slot, -1);
	assert_false(o.verbose || o.simulate || o.one_core || o.probe || o.quiet || o.seal_always ||
		     o.have_part_uuid || o.have_area);
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
	assert_true(good("seal=always").seal_always);
}

static void test_all_together(void **state)
{
	struct img_options o =
		good("fastbootx64.efi  slot=b simulate\tverbose cores=1 probe quiet seal=always ");

	(void)state;
	assert_int_equal(o.slot, 1);
	assert_true(o.verbose && o.simulate && o.one_core && o.probe && o.quiet && o.seal_always);
}

static void test_uuid_has_gpt_byte_order(void **state)
{
	static const uint8_t expected[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					      0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	struct img_options o = good("partuuid=33221100-5544-7766-8899-AABBCCDDeeff");

	(void)state;
	assert_true(o.have_part_uuid);
	assert_memory_equal(o.part_uuid, expected, 16);
}

#define AREA_UUID "33221100-5544-7766-8899-aabbccddeeff"

static void test_area(void **state)
{
	static const uint8_t uuid[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	static const struct {
		const char *text;
		uint64_t offset;
	} row[] = {
		{ "area=" AREA_UUID "+4096", 4096 },
		{ "AREA=33221100-5544-7766-8899-AABBCCDDEEFF+8192", 8192 },
		{ "area=" AREA_UUID "+0", 0 },
		{ "area=" AREA_UUID "+9223372036854775808", 1ull << 63 },
		{ "quiet area=" AREA_UUID "+1099511627776 slot=a", 1ull << 40 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct img_options o = good(row[i].text);

		assert_true(o.have_area);
		assert_memory_equal(o.area_part_uuid, uuid, 16);
		assert_int_equal(o.area_offset, row[i].offset);
		assert_false(o.have_part_uuid);
	}
}

static void test_area_refused(void **state)
{
	static const char *const row[] = {
		"area=",
		"area=" AREA_UUID,
		"area=" AREA_UUID "+",
		"area=" AREA_UUID "4096",
		"area=" AREA_UUID "-4096",
		"area=" AREA_UUID "++4096",
		"area=" AREA_UUID "+4096+",
		"area=" AREA_UUID "+-4096",
		"area=" AREA_UUID "+4095",
		"area=" AREA_UUID "+512",
		"area=" AREA_UUID "+0x1000",
		"area=" AREA_UUID "+4096k",
		"area=" AREA_UUID "+18446744073709551616", /* 2^64 */
		"area=" AREA_UUID "+184467440737095516160",
		"area=33221100-5544-7766-8899-aabbccddeef+4096",
		"area=33221100-5544-7766-8899-aabbccddeefg+4096",
		"area=+4096",
		"area=4096",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++)
		bad(row[i], 0, 0, strlen(row[i]));
}

static void test_refused(void **state)
{
	(void)state;
	bad("slot=c", 0, 0, 6);
	bad("slot=", 0, 0, 5);
	bad("slot=ab", 0, 0, 7);
	bad("verbose quick", 1, 8, 5);
	bad("quieter", 0, 0, 7);
	bad("cores=2", 0, 0, 7);
	/* No word weakens the seal. */
	bad("seal=never", 0, 0, 10);
	bad("seal", 0, 0, 4);
	bad("seal=", 0, 0, 5);
	bad("seal=always!", 0, 0, 12);
	bad("cores=11", 0, 0, 8);
	bad("verbos", 0, 0, 6);
	bad("verbosee", 0, 0, 8);
	bad("probes", 0, 0, 6);
	bad("probe=1", 0, 0, 7);
	bad("verbose loader.efi", 1, 8, 10);
	bad("partuuid=33221100-5544-7766-8899-aabbccddeef", 0, 0, 44);
	bad("partuuid=33221100-5544-7766-8899-aabbccddeefg", 0, 0, 45);
	bad("partuuid=33221100x5544-7766-8899-aabbccddeeff", 0, 0, 45);
}

/* Some firmware appends binary data to a boot entry that it created itself. */
static void test_not_text(void **state)
{
	const uint16_t binary[] = { 0xac4e, 0x0011, 0xffff };
	const uint16_t after_nul[] = { 'v', 'e', 'r', 'b', 'o', 's', 'e', 0, 0xac4e, 0x0011 };
	struct img_options o;
	struct img_word unknown;

	(void)state;
	assert_false(img_options_parse(binary, 3, true, &o, &unknown));
	assert_true(img_options_parse(after_nul, 10, true, &o, &unknown));
	assert_true(o.verbose);
	assert_true(img_options_parse(NULL, 0, true, &o, &unknown));
	assert_int_equal(o.slot, -1);
}

static void path_is(const struct img_options *o, const char *expected)
{
	for (size_t i = 0; i <= strlen(expected); i++)
		assert_int_equal(o->kernel[i], (unsigned char)expected[i]);
}

static void test_kernel(void **state)
{
	char longest[IMG_PATH_MAX + 9] = "kernel=\\";
	struct img_options o = good("quiet KERNEL=\\EFI\\Linux\\a.efi verbose");

	(void)state;
	path_is(&o, "\\EFI\\Linux\\a.efi");
	assert_true(o.quiet && o.verbose);
	o = good("kernel=\\longer kernel=\\a");
	path_is(&o, "\\a");
	assert_int_equal(good("quiet").kernel[0], 0);
	bad("kernel=", 0, 0, 7);
	bad("kernel=\\", 0, 0, 8);
	bad("kernel=vmlinuz", 0, 0, 14);
	bad("kernel=/vmlinuz", 0, 0, 15);
	memset(longest + 8, 'a', IMG_PATH_MAX - 1);
	o = good(longest);
	path_is(&o, longest + 7);
	longest[IMG_PATH_MAX + 7] = 'a';
	bad(longest, 0, 0, IMG_PATH_MAX + 8);
}

/* The UEFI shell passes the program's name as the first word; no other caller does. */
static void test_name_of_the_program(void **state)
{
	uint16_t wide[MAX_TEXT] = { 0 };
	size_t count = widen("x.EFI quiet", wide);
	struct img_options o;
	struct img_word unknown;

	(void)state;
	assert_true(img_options_parse(wide, count, true, &o, &unknown));
	assert_true(o.quiet);
	assert_false(img_options_parse(wide, count, false, &o, &unknown));
	assert_int_equal(unknown.length, 5);
}

/* An option is found even if its value is invalid. */
static void test_find(void **state)
{
	static const struct {
		const char *text;
		enum img_option option;
	} row[] = {
		{ "slot=c", IMG_OPTION_SLOT },	    { "SLOT=", IMG_OPTION_SLOT },
		{ "noslot=a", IMG_OPTION_UNKNOWN }, { "partuuid=x", IMG_OPTION_PARTUUID },
		{ "Quiet", IMG_OPTION_QUIET },	    { "quiet=", IMG_OPTION_UNKNOWN },
		{ "cores=", IMG_OPTION_UNKNOWN },   { "area=x", IMG_OPTION_AREA },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		uint16_t wide[MAX_TEXT] = { 0 };
		size_t count = widen(row[i].text, wide);
		struct img_word word = { 0 };

		assert_true(img_word_next(wide, count, &word));
		assert_int_equal(img_option_find(wide, word), row[i].option);
		assert_false(img_word_next(wide, count, &word));
	}
}

static void test_guid_text(void **state)
{
	static const char text[] = "33221100-5544-7766-8899-aabbccddeeff";
	uint8_t guid[IMG_GUID_SIZE];
	char back[IMG_GUID_TEXT];
	uint16_t wide[MAX_TEXT] = { 0 };
	size_t count = widen(text, wide);

	(void)state;
	assert_true(img_guid_parse(wide, count, guid));
	for (unsigned int i = 0; i < IMG_GUID_SIZE; i++)
		assert_int_equal(guid[i], i * 0x11);
	img_guid_text(guid, back);
	assert_string_equal(back, text);
	assert_false(img_guid_parse(wide, count - 1, guid));
}

int run_options_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),	     cmocka_unit_test(test_each),
		cmocka_unit_test(test_all_together), cmocka_unit_test(test_uuid_has_gpt_byte_order),
		cmocka_unit_test(test_refused),	     cmocka_unit_test(test_not_text),
		cmocka_unit_test(test_area),	     cmocka_unit_test(test_area_refused),
		cmocka_unit_test(test_kernel),	     cmocka_unit_test(test_name_of_the_program),
		cmocka_unit_test(test_find),	     cmocka_unit_test(test_guid_text),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
