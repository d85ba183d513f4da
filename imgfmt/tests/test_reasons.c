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
		cmocka_unit_test(test_all_were_asserted),
	};

	return cmocka_run_group_tests_name("reasons", tests, NULL, NULL);
}
