// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The table of reasons, and whether every reason of the core was asserted by a test. */
#include <ctype.h>

#include "test.h"

static bool code_is_good(const char *code)
{
	if (!*code || *code == '-')
		return false;
	for (; *code; code++)
		if (!islower((unsigned char)*code) && !isdigit((unsigned char)*code) &&
		    *code != '-')
			return false;
	return code[-1] != '-';
}

static void test_texts(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < IMG_REASON_COUNT; i++) {
		enum img_reason reason = (enum img_reason)i;

		assert_true(code_is_good(img_reason_code(reason)));
		assert_true(strlen(img_reason_sentence(reason)) > 5);
		assert_true(strlen(img_reason_advice(reason)) > 5);
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(img_reason_code(reason),
						img_reason_code((enum img_reason)j));
	}
}

static void test_unknown(void **state)
{
	(void)state;
	assert_string_equal(img_reason_code(IMG_REASON_COUNT), "unknown");
	assert_string_equal(img_reason_sentence((enum img_reason)0x7fffffff), "unknown");
	assert_string_equal(img_reason_advice((enum img_reason) - 1), "unknown");
}

/*
 * What shim does with the status that the loader returns (rhboot/shim, shim.c, init_grub()): to
 * SECURITY_VIOLATION and ACCESS_DENIED it takes the loader for one that is not enrolled, and starts
 * MokManager, a menu that waits for a person.  NOT_FOUND and INVALID_PARAMETER make it start GRUB,
 * as if its boot entry had no options.  Any other error it returns, and the firmware boots the next
 * entry.  SUCCESS it returns, too, and then EDK II stops at its own menu (BdsEntry.c,
 * BootBootOptions()).
 */
static void test_status_boots_normally(void **state)
{
	static const char *const waits[] = { "SECURITY_VIOLATION", "ACCESS_DENIED", "SUCCESS" };
#define STATUS(sym, errno, status, image, code, sentence, advice) #status,
	static const char *const statuses[] = { IMG_REASONS(STATUS) };
#undef STATUS

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		for (size_t j = 0; j < sizeof(waits) / sizeof(*waits); j++)
			assert_string_not_equal(statuses[i], waits[j]);
}

/* A code from an unknown source may contain anything, and be unterminated. */
static void test_find(void **state)
{
	char code[32];

	(void)state;
	for (unsigned int i = IMG_OK + 1; i < IMG_REASON_COUNT; i++) {
		const char *known = img_reason_code((enum img_reason)i);
		size_t size = strlen(known) + 1;

		assert_true(size <= sizeof(code));
		memset(code, 'x', sizeof(code));
		memcpy(code, known, size);
		assert_int_equal(img_reason_find(code, sizeof(code)), i);
		assert_int_equal(img_reason_find(code, size), i);
		assert_int_equal(img_reason_find(code, size - 1), IMG_OK);
		code[size - 1] = 'x';
		assert_int_equal(img_reason_find(code, sizeof(code)), IMG_OK);
	}
	assert_int_equal(img_reason_find("ok", 3), IMG_OK);
	assert_int_equal(img_reason_find("", 1), IMG_OK);
	assert_int_equal(img_reason_find("", 0), IMG_OK);
}

/* Of the hosts, not of the core: the format library never returns them. */
static bool is_hosts_own(enum img_reason reason)
{
	if (reason == IMG_E_GATE_FS_UNPROVABLE || reason == IMG_E_GATE_SWAP_OVERLAP)
		return false;
	return reason == IMG_E_AREA_MISSING || reason == IMG_E_AREA_AMBIGUOUS ||
	       reason >= IMG_E_EXIT_BOOT;
}

static void test_all_were_asserted(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < IMG_REASON_COUNT; i++) {
		enum img_reason reason = (enum img_reason)i;

		if (!is_hosts_own(reason) && !reason_was_asserted(reason))
			fail_msg("no test asserted: %s", img_reason_code(reason));
	}
}

int run_reason_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_status_boots_normally),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_all_were_asserted),
	};

	return cmocka_run_group_tests_name("reasons", tests, NULL, NULL);
}
