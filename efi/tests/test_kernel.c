// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel of the boot entry on the host: what is started with what, and that whatever fails
 * leaves no key.  The firmware has one file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "kernel.h"
#include "keypage.h"
#include "loader.h"
#include "report.h"

#define FILE_SIZE 0x1000
#define CMDLINE	  "lockdown=confidentiality sysctl.kernel.kexec_load_disabled=1"
#define PE	  0x40
#define TABLE	  (PE + 24) /* of sections, behind no optional header */

/* What the loader would do, in the order in which it did it. */
static char did[256];

static void note(const char *what)
{
	assert_true(strlen(did) + strlen(what) + 2 < sizeof(did));
	strcat(strcat(did, what), " ");
}

static struct loader loader;
static uint8_t file[FILE_SIZE];
static UINTN file_size, file_at;
static const char *why_not;
static bool missing, short_read, no_memory;
static EFI_STATUS load_status, start_status;
static bool gives_handle;
static EFI_LOADED_IMAGE self_image;
static uint8_t self, device, image; /* handles */
static void *kept[4];
static UINTN nr_kept;

static bool is_text(const CHAR16 *wide, const char *ascii)
{
	while (*ascii && *wide == (CHAR16)*ascii) {
		wide++;
		ascii++;
	}
	return *wide == (CHAR16)*ascii;
}

/* The loader's other rooms. */

void *alloc_pages(struct memory *m, uint64_t bytes)
{
	assert_ptr_equal(m, &loader.memory);
	if (no_memory)
		return NULL;
	assert_true(nr_kept < ARRAY_SIZE(kept));
	kept[nr_kept] = calloc(1, bytes);
	assert_non_null(kept[nr_kept]);
	return kept[nr_kept++];
}

void alloc_release(struct memory *m)
{
	(void)m;
	while (nr_kept)
		free(kept[--nr_kept]);
	note("release");
}

void keypage_leave_vetted(struct img_trust *trust, const struct img_handoff *handoff)
{
	assert_ptr_equal(trust, &loader.trust);
	assert_ptr_equal(handoff, &loader.handoff);
	note("key");
}

void keypage_withdraw(void)
{
	note("withdraw");
}

void report_kernel(const struct loader *l, const CHAR16 *path)
{
	assert_ptr_equal(l, &loader);
	assert_true(is_text(path, "\\EFI\\k"));
}

void report_no_kernel(const struct loader *l, const CHAR16 *path, const char *why)
{
	report_kernel(l, path);
	why_not = why;
}

/* The firmware. */

EFI_DEVICE_PATH *FileDevicePath(EFI_HANDLE on, CHAR16 *name)
{
	assert_ptr_equal(on, &device);
	assert_true(is_text(name, "\\EFI\\k"));
	return calloc(1, sizeof(EFI_DEVICE_PATH));
}

static EFI_STATUS EFIAPI fake_free(VOID *pool)
{
	free(pool);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_close(EFI_FILE_HANDLE f)
{
	(void)f;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_set_position(EFI_FILE_HANDLE f, UINT64 position)
{
	(void)f;
	file_at = position == UINT64_MAX ? file_size : position;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_get_position(EFI_FILE_HANDLE f, UINT64 *ret_position)
{
	(void)f;
	*ret_position = file_at;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_read(EFI_FILE_HANDLE f, UINTN *size, VOID *to)
{
	(void)f;
	assert_int_equal(file_at, 0);
	assert_true(*size <= FILE_SIZE);
	*size -= short_read;
	memcpy(to, file, *size);
	note("read");
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_open(EFI_FILE_HANDLE f, EFI_FILE_HANDLE *ret_file, CHAR16 *name,
				   UINT64 mode, UINT64 attributes)
{
	static EFI_FILE opened = { .Close = fake_close,
				   .Read = fake_read,
				   .SetPosition = fake_set_position,
				   .GetPosition = fake_get_position };

	(void)f;
	(void)attributes;
	assert_int_equal(mode, EFI_FILE_MODE_READ);
	assert_true(is_text(name, "\\EFI\\k"));
	*ret_file = &opened;
	return missing ? EFI_NOT_FOUND : EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_open_volume(EFI_FILE_IO_INTERFACE *volume, EFI_FILE_HANDLE *ret_root)
{
	static EFI_FILE root = { .Open = fake_open, .Close = fake_close };

	(void)volume;
	*ret_root = &root;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **ret)
{
	static const EFI_GUID loaded = LOADED_IMAGE_PROTOCOL;
	static EFI_FILE_IO_INTERFACE volume = { .OpenVolume = fake_open_volume };

	if (memcmp(guid, &loaded, sizeof(loaded)) == 0) {
		assert_ptr_equal(handle, &self);
		*ret = &self_image;
	} else {
		assert_ptr_equal(handle, &device);
		*ret = &volume;
	}
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_load(BOOLEAN by_boot_manager, EFI_HANDLE parent,
				   EFI_DEVICE_PATH *path, VOID *buffer, UINTN size,
				   EFI_HANDLE *ret_image)
{
	assert_false(by_boot_manager);
	assert_ptr_equal(parent, &self);
	assert_non_null(path);
	assert_int_equal(size, file_size);
	assert_memory_equal(buffer, file, size);
	*ret_image = load_status == EFI_SUCCESS || gives_handle ? &image : NULL;
	note("load");
	return load_status;
}

static EFI_STATUS EFIAPI fake_start(EFI_HANDLE handle, UINTN *exit_size, CHAR16 **exit)
{
	(void)exit_size;
	(void)exit;
	assert_ptr_equal(handle, &image);
	note("start");
	return start_status;
}

static EFI_STATUS EFIAPI fake_unload(EFI_HANDLE handle)
{
	assert_ptr_equal(handle, &image);
	note("unload");
	return EFI_SUCCESS;
}

static EFI_BOOT_SERVICES boot_services = {
	.HandleProtocol = fake_handle_protocol,
	.LoadImage = fake_load,
	.StartImage = fake_start,
	.UnloadImage = fake_unload,
	.FreePool = fake_free,
};
EFI_BOOT_SERVICES *BS = &boot_services;

static void put(size_t at, uint32_t value, size_t bytes)
{
	while (bytes--) {
		file[at++] = (uint8_t)value;
		value >>= 8;
	}
}

/* A unified kernel image, as far as imgfmt looks at one. */
static void make_file(void)
{
	static const char *const section[][2] = { { ".linux", "kernel" },
						  { ".initrd", "initrd" },
						  { ".cmdline", CMDLINE } };
	size_t i;

	memset(file, 0, sizeof(file));
	memcpy(file, "MZ", 2);
	put(0x3c, PE, 4);
	memcpy(file + PE, "PE", 2);
	put(PE + 6, ARRAY_SIZE(section), 2);
	for (i = 0; i < ARRAY_SIZE(section); i++) {
		size_t entry = TABLE + i * 40, at = 0x200 + i * 0x80;
		const char *data = section[i][1];

		memcpy(file + entry, section[i][0], strlen(section[i][0]));
		put(entry + 8, (uint32_t)strlen(data), 4);
		put(entry + 16, 0x80, 4);
		put(entry + 20, (uint32_t)at, 4);
		memcpy(file + at, data, strlen(data));
	}
}

static int set_up(void **state)
{
	static const CHAR16 options[] = L"kernel=\\EFI\\k quiet";
	struct img_word unknown;

	(void)state;
	memset(&loader, 0, sizeof(loader));
	loader.self = &self;
	assert_true(
		img_options_parse(options, ARRAY_SIZE(options), true, &loader.options, &unknown));
	self_image.DeviceHandle = &device;
	make_file();
	file_size = sizeof(file);
	missing = short_read = no_memory = gives_handle = false;
	load_status = EFI_SUCCESS;
	start_status = EFI_UNSUPPORTED;
	did[0] = 0;
	why_not = NULL;
	return 0;
}

/* Without the option nothing happens, not even a message. */
static void test_no_kernel(void **state)
{
	(void)state;
	loader.options = IMG_OPTIONS_DEFAULT;
	kernel_start(&loader);
	assert_string_equal(did, "");
	assert_null(why_not);
}

/* The key is there when the kernel runs, and is gone when that has come back. */
static void test_started(void **state)
{
	(void)state;
	kernel_start(&loader);
	assert_string_equal(did, "read load release key start withdraw ");
	assert_string_equal(why_not, "it gave up");
}

static void refused(const char *why, const char *expected)
{
	kernel_start(&loader);
	assert_string_equal(why_not, why);
	assert_string_equal(did, expected);
}

static void test_not_read(void **state)
{
	(void)state;
	missing = true;
	refused("not found", "release ");
	set_up(NULL);
	short_read = true;
	refused("cannot be read", "read release ");
	set_up(NULL);
	no_memory = true;
	refused("no memory for it", "release ");
}

/* A boot loader or a plain kernel, signed or not, is not even shown to the firmware. */
static void test_not_unified(void **state)
{
	(void)state;
	file[TABLE + 1]++;
	refused("not a unified kernel image with an initrd", "read release ");
	set_up(NULL);
	file[0x300]++;
	refused("its command line lacks lockdown=confidentiality", "read release ");
	set_up(NULL);
	file_size = 0;
	refused("not an EFI program", "read release ");
}

static void test_not_accepted(void **state)
{
	(void)state;
	load_status = EFI_SECURITY_VIOLATION;
	refused("Secure Boot does not accept it", "read load release ");
	set_up(NULL);
	load_status = EFI_SECURITY_VIOLATION;
	gives_handle = true;
	refused("Secure Boot does not accept it", "read load unload release ");
	set_up(NULL);
	load_status = EFI_ACCESS_DENIED;
	refused("Secure Boot does not accept it", "read load release ");
	set_up(NULL);
	load_status = EFI_UNSUPPORTED;
	refused("cannot be loaded", "read load release ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_no_kernel, set_up),
		cmocka_unit_test_setup(test_started, set_up),
		cmocka_unit_test_setup(test_not_read, set_up),
		cmocka_unit_test_setup(test_not_unified, set_up),
		cmocka_unit_test_setup(test_not_accepted, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
