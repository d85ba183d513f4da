// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Unified kernel images: a made-up EFI program with nothing in it but sections. */
#include <imgfmt/unified.h>

#include <stdlib.h>

#include "test.h"

#define CMDLINE	  "root=/dev/sda1 lockdown=confidentiality quiet sysctl.kernel.kexec_load_disabled=1"
#define PE	  0x80u
#define OPTIONAL  0xf0u
#define TABLE	  (PE + 24u + OPTIONAL)
#define DATA	  0x400u
#define FILE_SIZE 0x800u

static uint8_t file[FILE_SIZE];
static uint32_t sections;

static void put(size_t at, uint32_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		file[at + i] = (uint8_t)(value >> 8 * i);
}

static void open_file(void)
{
	memset(file, 0, sizeof(file));
	file[0] = 'M';
	file[1] = 'Z';
	put(0x3c, PE, 4);
	put(PE, 0x4550, 4);
	put(PE + 4 + 16, OPTIONAL, 2);
	sections = 0;
}

/* Each has 0x80 bytes of the file.  Returns where its entry is. */
static size_t add(const char *name, const char *data, size_t size)
{
	size_t entry = TABLE + sections * 40, at = DATA + sections * 0x80;

	assert_true(size <= 0x80);
	memcpy(file + entry, name, strlen(name));
	put(entry + 8, (uint32_t)size, 4);
	put(entry + 16, 0x80, 4);
	put(entry + 20, (uint32_t)at, 4);
	memcpy(file + at, data, size);
	put(PE + 4 + 2, ++sections, 2);
	return entry;
}

/* Returns where the entry of the command line is. */
static size_t make(const char *cmdline)
{
	size_t entry;

	open_file();
	add(".text", "", 1);
	add(".linux", "kernel", 6);
	entry = add(".cmdline", cmdline, strlen(cmdline));
	add(".initrd", "initrd", 6);
	return entry;
}

static void is(const char *expected)
{
	const char *trouble = img_unified_trouble(file, sizeof(file));

	if (!expected)
		assert_null(trouble);
	else
		assert_string_equal(trouble, expected);
}

static void test_unified(void **state)
{
	(void)state;
	make(CMDLINE);
	is(NULL);
	make("sysctl.kernel.kexec_load_disabled=1\tlockdown=confidentiality\n");
	is(NULL);
}

static void test_words(void **state)
{
	static const char lockdown[] = "its command line lacks lockdown=confidentiality";
	static const char kexec[] = "its command line lacks sysctl.kernel.kexec_load_disabled=1";
	static const struct {
		const char *cmdline, *expected;
	} row[] = {
		{ "quiet", lockdown },
		{ "lockdown=integrity sysctl.kernel.kexec_load_disabled=1", lockdown },
		{ "xlockdown=confidentiality", lockdown },
		{ "lockdown=confidentiality2", lockdown },
		{ "lockdown=confidentialit", lockdown },
		{ "lockdown=confidentiality", kexec },
		{ "lockdown=confidentiality sysctl.kernel.kexec_load_disabled=10", kexec },
		{ "lockdown=confidentiality sysctl.kernel.kexec_load_disabled=0", kexec },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		make(row[i].cmdline);
		is(row[i].expected);
	}
	/* The kernel's line ends at a NUL, and the section at its size. */
	make(CMDLINE);
	file[DATA + 2 * 0x80 + sizeof("root=/dev/sda1") - 1] = 0;
	is(lockdown);
	put(make(CMDLINE) + 8, sizeof(CMDLINE) - 2, 4);
	is(kexec);
}

static void test_sections(void **state)
{
	static const char none[] = "not a unified kernel image with an initrd";
	size_t entry;

	(void)state;
	open_file();
	is(none);
	add(".linux", "kernel", 6);
	add(".cmdline", CMDLINE, sizeof(CMDLINE));
	is(none);
	/* Two initrds, of which the kernel may get the other. */
	make(CMDLINE);
	add(".initrd", "other", 5);
	is(none);
	make(CMDLINE);
	add(".cmdline", "quiet", 5);
	is("it has no command line of its own");
	entry = make(CMDLINE);
	file[entry + 7] = 'f';
	is("it has no command line of its own");
	entry = make(CMDLINE);
	put(entry + 8, 0, 4);
	is("it has no command line of its own");
	entry = make(CMDLINE);
	put(entry + 20, FILE_SIZE - 0x10, 4);
	is("it has no command line of its own");
	entry = make(CMDLINE);
	put(entry + 20, 0xffffffff, 4);
	is("it has no command line of its own");
}

/* Debian's own kernel is an EFI program, too, but its initrd is anybody's. */
static void test_headers(void **state)
{
	static const char none[] = "not an EFI program";

	(void)state;
	for (size_t size = 0; size <= TABLE + 4 * 40; size++) {
		uint8_t *cut = malloc(size + !size);

		make(CMDLINE);
		assert_non_null(cut);
		memcpy(cut, file, size);
		assert_non_null(img_unified_trouble(cut, size));
		free(cut);
	}
	make(CMDLINE);
	file[1] = 'X';
	is(none);
	make(CMDLINE);
	put(0x3c, 0xfffffff0, 4);
	is(none);
	make(CMDLINE);
	put(PE, 0, 4);
	is(none);
	make(CMDLINE);
	put(PE + 4 + 2, 0xffff, 2);
	is(none);
}

int run_unified_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unified),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_headers),
	};

	return cmocka_run_group_tests_name("unified kernel image", tests, NULL, NULL);
}
