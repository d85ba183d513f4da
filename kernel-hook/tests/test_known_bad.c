// SPDX-License-Identifier: GPL-2.0-only
/* The list of bad kernels, at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/types.h>
#include <linux/version.h>

#include "compat/known_bad.h"

static void good(u32 version)
{
	assert_null(known_bad_find(version));
}

static void bad(u32 version, const char *use)
{
	const struct known_bad *found = known_bad_find(version);

	assert_non_null(found);
	assert_string_equal(found->use, use);
	assert_non_null(found->what);
}

static void test_edges(void **state)
{
	(void)state;
	good(KERNEL_VERSION(6, 17, 255));
	bad(KERNEL_VERSION(6, 18, 0), "6.18.21");
	bad(KERNEL_VERSION(6, 18, 20), "6.18.21");
	good(KERNEL_VERSION(6, 18, 21));
	bad(KERNEL_VERSION(6, 19, 0), "6.19.11");
	bad(KERNEL_VERSION(6, 19, 10), "6.19.11");
	good(KERNEL_VERSION(6, 19, 11));
	good(KERNEL_VERSION(7, 0, 0));
}

/* Debian's own current kernels. */
static void test_supported(void **state)
{
	(void)state;
	good(KERNEL_VERSION(6, 1, 192));
	good(KERNEL_VERSION(6, 12, 118));
	good(KERNEL_VERSION(7, 3, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_supported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
