// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * install, uninstall and next with variables that are files of a directory, which libefivar takes
 * for efivarfs because $EFIVARFS_PATH names it, and with an EFI system partition that is a
 * directory.  The test replaces esp_device.c, which only a disk could answer; the firmware's side
 * is tested in QEMU.
 */
#include "cmocka_tests.h"

#include <efivar/efiboot.h>
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "firmware/efivars.h"
#include "firmware/esp.h"
#include "firmware/recovery.h"
#include "verbs/verbs.h"

#define GLOBAL	 "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define FASTBOOT "8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35"

static char top[64], esp[96], vars[96], loader[96], root[96];
static bool esp_is_fat, esp_has_path;
static uint8_t partition_guid; /* of the partition the file is on */

bool esp_device_is_fat(const char *dir)
{
	return esp_is_fat && access(dir, F_OK) == 0;
}

int esp_device_path(const char *file, uint8_t **ret_dp, size_t *ret_size)
{
	char name[] = BOOT_FILE_PATH;
	uint8_t guid[16] = { partition_guid };
	ssize_t hd, path, end;
	uint8_t *dp;

	if (!esp_has_path) {
		errno = ENODEV;
		return -1;
	}
	dp = calloc(1, 1024);
	assert_non_null(dp);
	assert_int_equal(access(file, F_OK), 0);
	hd = efidp_make_hd(dp, 1024, 1, 2048, 4096, guid, 2, 2);
	path = efidp_make_file(dp + hd, 1024 - hd, name);
	end = efidp_make_end_entire(dp + hd + path, 1024 - hd - path);
	assert_true(hd > 0 && path > 0 && end > 0);
	*ret_dp = dp;
	*ret_size = (size_t)(hd + path + end);
	return 0;
}

static void write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* The smallest file with a PE header for x86-64; `mark` distinguishes two of them. */
static void write_loader(char mark)
{
	uint8_t program[128] = "MZ";

	program[0x3c] = 0x40;
	memcpy(program + 0x40, "PE\0\0\x64\x86", 6);
	program[100] = (uint8_t)mark;
	write_file(loader, program, sizeof(program));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void name_paths(const char *dir)
{
	snprintf(top, sizeof(top), "%s", dir);
	snprintf(esp, sizeof(esp), "%s/esp", top);
	snprintf(vars, sizeof(vars), "%s/vars/", top);
	snprintf(loader, sizeof(loader), "%s/fastbootx64.efi", top);
	snprintf(root, sizeof(root), "%s/root", top);
}

/* The part of the system that recovery reads. */
static char *root_path(const char *file)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s%s", root, file);
	return path;
}

static void make_root(void)
{
	static const char *const dirs[] = { "",	     "/etc",	  "/etc/sysctl.d",
					    "/proc", "/proc/sys", "/proc/sys/kernel" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_int_equal(mkdir(root_path(dirs[i]), 0755), 0);
}

static void set_panic(const char *text)
{
	write_file(root_path("/proc/sys/kernel/panic"), text, strlen(text));
}

static void assert_root_file(const char *file, const char *wanted)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	assert_int_equal(io_read_file(root_path(file), 4096, &text, &size), 0);
	assert_string_equal(text, wanted);
}

static bool has_root_file(const char *file)
{
	return access(root_path(file), F_OK) == 0;
}

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(mkdir(esp, 0755), 0);
	assert_int_equal(mkdir(vars, 0755), 0);
	make_root();
	set_panic("0\n");
	esp_is_fat = esp_has_path = true;
	partition_guid = 1;
	write_loader('1');
	return 0;
}

static int tear_down(void **state)
{
	int failed = 0;

	(void)state;
	failed |= nftw(esp, remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT;
	failed |= nftw(vars, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	failed |= nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	failed |= unlink(loader) && errno != ENOENT;
	return failed;
}

static char *variable_path(const char *name)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s%s-%s", vars, name,
		 strncmp(name, "Fastboot", 8) == 0 ? FASTBOOT : GLOBAL);
	return path;
}

/* As efivarfs shows them: four bytes of attributes, then the data. */
static void put_variable(const char *name, const void *data, size_t size)
{
	uint8_t all[512] = { 7 };

	memcpy(all + 4, data, size);
	write_file(variable_path(name), all, size + 4);
}

static void assert_variable(const char *name, const void *data, size_t size)
{
	_cleanup_free_ char *all = NULL;
	size_t all_size;

	assert_int_equal(io_read_file(variable_path(name), 4096, &all, &all_size), 0);
	assert_int_equal(all_size, size + 4);
	assert_int_equal(all[0], 7);
	assert_memory_equal(all + 4, data, size);
}

static bool has_variable(const char *name)
{
	return access(variable_path(name), F_OK) == 0;
}

/* The store is full as long as this variable exists; NULL: it is not full. */
static const char *filling_variable;

/* efivarfs replaces a variable; a plain file would keep its tail. */
int __real_efi_set_variable(efi_guid_t guid, const char *name, uint8_t *data, size_t size,
			    uint32_t attributes, mode_t mode);
int __wrap_efi_set_variable(efi_guid_t guid, const char *name, uint8_t *data, size_t size,
			    uint32_t attributes, mode_t mode);
int __wrap_efi_set_variable(efi_guid_t guid, const char *name, uint8_t *data, size_t size,
			    uint32_t attributes, mode_t mode)
{
	if (filling_variable && has_variable(filling_variable)) {
		errno = ENOSPC;
		return -1;
	}
	(void)unlink(variable_path(name));
	return __real_efi_set_variable(guid, name, data, size, attributes, mode);
}

/* asprintf finds no memory. */
static bool out_of_memory;

int __wrap_asprintf(char **ret_text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **ret_text, const char *format, ...)
{
	va_list args;
	int length;

	if (out_of_memory) {
		errno = ENOMEM;
		return -1;
	}
	va_start(args, format);
	length = vasprintf(ret_text, format, args);
	va_end(args);
	return length;
}

static char *said; /* by the last run, on standard error */

static int run_heard(int (*fn)(const struct verb *, int, char **), const struct verb *verb,
		     int argc, char **argv)
{
	FILE *heard = stderr;
	size_t size;
	int status;

	free(said);
	stderr = open_memstream(&said, &size);
	assert_non_null(stderr);
	status = fn(verb, argc, argv);
	assert_int_equal(fclose(stderr), 0);
	stderr = heard;
	return status;
}

/* A run that ended with this status and this code. */
static void assert_failure(enum failure failure, int status)
{
#define FAILURE_ROW(sym, code, status, advice) { "fastbootctl: " code ": ", status },
	static const struct {
		const char *start;
		int status;
	} row[] = { FAILURES(FAILURE_ROW) };
#undef FAILURE_ROW

	assert_int_equal(status, row[failure].status);
	assert_non_null(strstr(said, row[failure].start));
}

static int run(int (*fn)(const struct verb *, int, char **), const struct option_row *options,
	       const char *const *words)
{
	const struct verb verb = { .name = "test", .operands = "", .options = options };
	char *argv[12] = { (char *)(uintptr_t)"test" };
	int argc = 1;

	for (; *words; words++)
		argv[argc++] = (char *)(uintptr_t)*words;
	return run_heard(fn, &verb, argc, argv);
}

#define INSTALL(...)                                                                               \
	run(verb_install, install_options,                                                         \
	    (const char *const[]){ "--esp", esp, "--loader", loader, __VA_ARGS__, NULL })
#define UNINSTALL(...)                                                                             \
	run(verb_uninstall, uninstall_options,                                                     \
	    (const char *const[]){ "--esp", esp, __VA_ARGS__, NULL })
#define NEXT(...) run(verb_next, next_options, (const char *const[]){ __VA_ARGS__ })

/* Another system's entry, so that number 0 is taken. */
static void put_foreign_entry(void)
{
	static const char path[] = "\\EFI\\debian\\shimx64.efi";
	uint8_t dp[256], *data;
	char name[sizeof(path)];
	ssize_t file, end;
	size_t size;

	memcpy(name, path, sizeof(path));
	file = efidp_make_file(dp, sizeof(dp), name);
	end = efidp_make_end_entire(dp + file, (ssize_t)sizeof(dp) - file);
	assert_int_equal(efivars_make_option(dp, (size_t)(file + end), NULL, 0, &data, &size), 0);
	put_variable("Boot0000", data, size);
	free(data);
	put_variable("BootOrder", "\0\0", 2);
}

static void assert_installed(char mark)
{
	_cleanup_free_ char *data = NULL;
	char path[128];
	size_t size;

	snprintf(path, sizeof(path), "%s/EFI/fastboot/fastbootx64.efi", esp);
	assert_int_equal(io_read_file(path, 4096, &data, &size), 0);
	assert_int_equal(size, 128);
	assert_int_equal(data[100], mark);
	snprintf(path, sizeof(path), "%s/EFI/fastboot/fastbootx64.new", esp);
	assert_int_equal(access(path, F_OK), -1);
}

static void assert_options(const char *wanted)
{
	_cleanup_entry_ struct boot_entry entry = { 0 };
	char options[BOOT_MAX_OPTIONS + 1];

	assert_int_equal(efivars_find_entry(&entry), 0);
	assert_true(entry.present);
	efivars_entry_options(&entry, options);
	assert_string_equal(options, wanted);
}

static void install_appends_an_entry(void **state)
{
	(void)state;
	put_foreign_entry();
	assert_int_equal(INSTALL(NULL), EXIT_OK);
	assert_installed('1');
	assert_true(has_variable("Boot0001"));
	assert_variable("BootOrder", "\0\0\1\0", 4);
	assert_options("");
}

static void install_first_goes_before_others(void **state)
{
	(void)state;
	put_foreign_entry();
	assert_int_equal(INSTALL("--first", "--options", "slot=b verbose"), EXIT_OK);
	assert_variable("BootOrder", "\1\0\0\0", 4);
	assert_options("slot=b verbose");
}

static void install_again_updates_and_keeps_options(void **state)
{
	(void)state;
	put_foreign_entry();
	assert_int_equal(INSTALL("--options", "verbose"), EXIT_OK);
	write_loader('2');
	partition_guid = 2;
	assert_int_equal(INSTALL("--first"), EXIT_OK);
	assert_installed('2');
	assert_options("verbose");
	assert_false(has_variable("Boot0002"));
	assert_variable("BootOrder", "\1\0\0\0", 4);
	assert_int_equal(INSTALL("--options", ""), EXIT_OK);
	assert_options("");
	assert_variable("BootOrder", "\1\0\0\0", 4);
}

/* Flash wears out: what is already there is not written again. */
static void install_again_writes_nothing_new(void **state)
{
	struct stat before, after;

	(void)state;
	assert_int_equal(INSTALL(NULL), EXIT_OK);
	assert_int_equal(chmod(variable_path("Boot0000"), 0600), 0);
	assert_int_equal(stat(variable_path("Boot0000"), &before), 0);
	assert_int_equal(INSTALL(NULL), EXIT_OK);
	assert_int_equal(stat(variable_path("Boot0000"), &after), 0);
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
	assert_int_equal(after.st_mode & 0777, 0600);
}

static void install_writes_variables_with_the_right_content(void **state)
{
	/* UEFI 2.10, 3.1.3: attributes, length of the path, description, path. */
	static const uint8_t start[] = { 1, 0,	 0, 0,	 0, 0,	 'F', 0,   'a', 0,   's', 0, 't',
					 0, ' ', 0, 'b', 0, 'o', 0,   'o', 0,	't', 0,	  0, 0 };
	_cleanup_free_ char *data = NULL;
	size_t size, path_size;

	(void)state;
	assert_int_equal(INSTALL("--options", "slot=a"), EXIT_OK);
	assert_int_equal(io_read_file(variable_path("Boot0000"), 4096, &data, &size), 0);
	path_size = (uint8_t)data[8] | (size_t)(uint8_t)data[9] << 8;
	data[8] = data[9] = 0;
	assert_memory_equal(data + 4, start, sizeof(start));
	assert_int_equal(size, 4 + sizeof(start) + path_size + 14);
	assert_memory_equal(data + size - 14, "s\0l\0o\0t\0=\0a\0\0\0", 14);
}

static void install_without_variables_copies_only(void **state)
{
	(void)state;
	assert_int_equal(INSTALL("--no-variables"), EXIT_OK);
	assert_installed('1');
	assert_false(has_variable("Boot0000"));
	assert_false(has_variable("BootOrder"));
}

static void dry_run_changes_nothing(void **state)
{
	char path[128];

	(void)state;
	assert_int_equal(INSTALL("--dry-run", "--first"), EXIT_OK);
	assert_false(has_variable("Boot0000"));
	assert_false(has_variable("BootOrder"));
	snprintf(path, sizeof(path), "%s/EFI", esp);
	assert_int_equal(access(path, F_OK), -1);
}

static void install_refuses_before_it_changes_anything(void **state)
{
	(void)state;
	assert_failure(FAIL_USAGE, INSTALL("--options", "quick"));
	esp_is_fat = false;
	assert_failure(FAIL_ESP_NOT_FAT, INSTALL(NULL));
	esp_is_fat = true;
	write_file(loader, "#!/bin/sh\n", 10);
	assert_failure(FAIL_LOADER_INVALID, INSTALL(NULL));
	write_file(loader, "MZ", 2);
	assert_failure(FAIL_LOADER_INVALID, INSTALL(NULL));
	assert_int_equal(unlink(loader), 0);
	assert_failure(FAIL_OPEN, INSTALL(NULL));
	assert_false(has_variable("Boot0000"));
	assert_int_equal(rmdir(esp), 0);
	write_loader('1');
	assert_failure(FAIL_ESP_MISSING, INSTALL(NULL));
	assert_false(has_variable("BootOrder"));
}

static void install_says_what_cannot_be_written(void **state)
{
	char path[128];

	(void)state;
	put_foreign_entry();
	filling_variable = "Boot0000";
	assert_failure(FAIL_EFI_WRITE, INSTALL(NULL));
	filling_variable = NULL;
	esp_has_path = false;
	assert_failure(FAIL_EFI_PATH, INSTALL(NULL));
	esp_has_path = true;
	assert_int_equal(UNINSTALL(NULL), EXIT_OK);
	snprintf(path, sizeof(path), "%s/EFI", esp);
	assert_int_equal(rmdir(path), 0);
	write_file(path, "", 0);
	assert_failure(FAIL_ESP_WRITE, INSTALL(NULL));
	assert_variable("BootOrder", "\0\0", 2);
}

static void next_names_the_entry(void **state)
{
	(void)state;
	put_foreign_entry();
	assert_failure(FAIL_NO_BOOT_ENTRY, NEXT(NULL));
	assert_false(has_variable("BootNext"));
	assert_int_equal(INSTALL(NULL), EXIT_OK);
	assert_int_equal(NEXT(NULL), EXIT_OK);
	assert_variable("BootNext", "\1\0", 2);
}

static void dry_runs_change_nothing(void **state)
{
	(void)state;
	assert_int_equal(INSTALL("--recovery"), EXIT_OK);
	assert_int_equal(NEXT("--dry-run", NULL), EXIT_OK);
	assert_false(has_variable("BootNext"));
	assert_int_equal(UNINSTALL("--dry-run"), EXIT_OK);
	assert_installed('1');
	assert_true(has_variable("Boot0000"));
	assert_true(has_root_file(RECOVERY_FILE));
	assert_int_equal(UNINSTALL(NULL), EXIT_OK);
	assert_failure(FAIL_NO_BOOT_ENTRY, NEXT("--dry-run", NULL));
}

static void recovery_goes_first_and_arms_the_panic(void **state)
{
	(void)state;
	put_foreign_entry();
	assert_int_equal(INSTALL("--recovery", "--dry-run"), EXIT_OK);
	assert_false(has_root_file(RECOVERY_FILE));
	assert_root_file("/proc/sys/kernel/panic", "0\n");
	assert_int_equal(INSTALL("--recovery"), EXIT_OK);
	assert_variable("BootOrder", "\1\0\0\0", 4);
	assert_root_file(RECOVERY_FILE, "# Written by: fastbootctl install --recovery\n"
					"kernel.panic = 5\n");
	assert_root_file("/proc/sys/kernel/panic", "5\n");
	assert_int_equal(INSTALL("--recovery"), EXIT_OK);
	assert_int_equal(UNINSTALL(NULL), EXIT_OK);
	assert_false(has_root_file(RECOVERY_FILE));
}

/* By panic= on the command line, or by another file. */
static void recovery_leaves_a_value_that_is_set(void **state)
{
	static const char *const set[] = { "1\n", "-1\n", "30\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
		set_panic(set[i]);
		assert_int_equal(INSTALL("--recovery"), EXIT_OK);
		assert_false(has_root_file(RECOVERY_FILE));
		assert_root_file("/proc/sys/kernel/panic", set[i]);
	}
}

static void recovery_says_what_it_cannot_do(void **state)
{
	(void)state;
	assert_failure(FAIL_USAGE, INSTALL("--recovery", "--no-variables"));
	assert_int_equal(rmdir(root_path("/etc/sysctl.d")), 0);
	assert_failure(FAIL_SYSCTL, INSTALL("--recovery"));
	assert_root_file("/proc/sys/kernel/panic", "0\n");
	assert_int_equal(unlink(root_path("/proc/sys/kernel/panic")), 0);
	assert_failure(FAIL_OPEN, INSTALL("--recovery"));
}

static void uninstall_leaves_only_the_others(void **state)
{
	char path[128];

	(void)state;
	put_foreign_entry();
	assert_int_equal(INSTALL("--first"), EXIT_OK);
	assert_int_equal(NEXT(NULL), EXIT_OK);
	put_variable("FastbootKernelRefusal", "which no loader has read", 24);
	assert_int_equal(UNINSTALL("--dry-run"), EXIT_OK);
	assert_true(has_variable("FastbootKernelRefusal"));
	assert_int_equal(UNINSTALL(NULL), EXIT_OK);
	assert_false(has_variable("FastbootKernelRefusal"));
	assert_variable("BootOrder", "\0\0", 2);
	assert_true(has_variable("Boot0000"));
	assert_false(has_variable("Boot0001"));
	assert_false(has_variable("BootNext"));
	snprintf(path, sizeof(path), "%s/EFI/fastboot", esp);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(UNINSTALL(NULL), EXIT_OK);
}

/*
 * Firmware keeps the old value of a variable until the new one is written: it has no room for both.
 */
static void uninstall_from_a_full_store(void **state)
{
	(void)state;
	put_foreign_entry();
	assert_int_equal(INSTALL("--first"), EXIT_OK);
	filling_variable = "Boot0001";
	assert_int_equal(UNINSTALL(NULL), EXIT_OK);
	filling_variable = NULL;
	assert_variable("BootOrder", "\0\0", 2);
	assert_false(has_variable("Boot0001"));
}

/* The loader is not removed before its removal can be reported. */
static void uninstall_without_memory_leaves_the_loader(void **state)
{
	(void)state;
	assert_int_equal(INSTALL(NULL), EXIT_OK);
	out_of_memory = true;
	assert_failure(FAIL_NO_MEMORY, UNINSTALL(NULL));
	out_of_memory = false;
	assert_installed('1');
	assert_int_equal(UNINSTALL(NULL), EXIT_OK);
}

/* Copies an entry, as for another partition of a cloned disk. */
static void put_copy(const char *from, const char *to)
{
	_cleanup_free_ char *all = NULL;
	size_t size;

	assert_int_equal(io_read_file(variable_path(from), 4096, &all, &size), 0);
	put_variable(to, all + 4, size - 4);
}

static void uninstall_removes_every_entry(void **state)
{
	static const char all[] = "\"entries\":[\"Boot0001\",\"Boot0002\",\"Boot000A\"]";

	(void)state;
	put_foreign_entry();
	assert_int_equal(INSTALL(NULL), EXIT_OK);
	put_copy("Boot0001", "Boot000A");
	put_copy("Boot0001", "Boot0002");
	put_variable("BootOrder", "\xa\0\0\0\2\0\1\0", 8);
	for (int dry_run = 1; dry_run >= 0; dry_run--) {
		out_start(true);
		assert_int_equal(UNINSTALL(dry_run ? "--dry-run" : NULL), EXIT_OK);
		assert_non_null(strstr(json_object_to_json_string_ext(out_json(), 0), all));
		assert_true(out_finish());
		out_start(false);
		assert_true(has_variable("Boot0001") == dry_run);
		assert_true(has_variable("Boot0002") == dry_run);
		assert_true(has_variable("Boot000A") == dry_run);
	}
	assert_true(has_variable("Boot0000"));
	assert_variable("BootOrder", "\0\0", 2);
}

/* libefivar reads its environment once, before main: start again with the right one. */
static int start_again(char **argv)
{
	char dir[] = "/tmp/fastbootctl-test.XXXXXX";

	if (!mkdtemp(dir))
		return 1;
	name_paths(dir);
	if (mkdir(vars, 0755) || setenv("EFIVARFS_PATH", vars, 1) ||
	    setenv("FASTBOOTCTL_ROOT", root, 1) || setenv("FASTBOOTCTL_TEST_DIR", dir, 1))
		return 1;
	execv("/proc/self/exe", argv);
	return 1;
}

int main(int argc, char **argv)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(install_appends_an_entry),
		TEST(install_first_goes_before_others),
		TEST(install_again_updates_and_keeps_options),
		TEST(install_again_writes_nothing_new),
		TEST(install_writes_variables_with_the_right_content),
		TEST(install_without_variables_copies_only),
		TEST(dry_run_changes_nothing),
		TEST(install_refuses_before_it_changes_anything),
		TEST(install_says_what_cannot_be_written),
		TEST(next_names_the_entry),
		TEST(uninstall_leaves_only_the_others),
		TEST(uninstall_removes_every_entry),
		TEST(uninstall_from_a_full_store),
		TEST(uninstall_without_memory_leaves_the_loader),
		TEST(dry_runs_change_nothing),
		TEST(recovery_goes_first_and_arms_the_panic),
		TEST(recovery_leaves_a_value_that_is_set),
		TEST(recovery_says_what_it_cannot_do),
	};

	const char *dir = getenv("FASTBOOTCTL_TEST_DIR");
	int failed;

	(void)argc;
	if (!dir)
		return start_again(argv);
	name_paths(dir);
	if (rmdir(vars))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed || rmdir(top);
}
