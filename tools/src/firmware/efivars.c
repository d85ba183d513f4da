// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UEFI 2.10, 3.3: Boot#### are load options, BootOrder and BootNext name them by number.  A missing
 * variable is an answer, anything else an error.
 */
#include "firmware/efivars.h"

#include <efivar/efiboot.h>
#include <efivar/efivar.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <imgfmt/result.h>

#include "base/fail.h"
#include "base/io.h"
#include "firmware/load_option.h"

#define LOAD_OPTION_ACTIVE 1u
#define BOOT_ATTRIBUTES                                                                            \
	(EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS)

/* efivar's own macro takes the fourth field as one number. */
#define VENDOR_GUID(a, b, c, d0, d1, e0, e1, e2, e3, e4, e5)                                       \
	EFI_GUID(a, b, c, (d0) << 8 | (d1), e0, e1, e2, e3, e4, e5)
#define FASTBOOT_GUID IMG_VENDOR_GUID(VENDOR_GUID)
#define EFI_IMAGE_SECURITY_DATABASE_GUID                                                           \
	EFI_GUID(0xd719b2cb, 0x3d3a, 0x4596, 0xa3bc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f)
#define SHIM_GUID EFI_GUID(0x605dab50, 0xe046, 0x4300, 0xabb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23)

bool efivars_available(void)
{
	return efi_variables_supported() == 1;
}

/*
 * Checks, without mounting, whether a mount would show variables.  The file system is always
 * registered; a kernel without runtime services refuses to fill it (fs/efivarfs/super.c).  Without
 * the permission to mount, the answer is yes.
 */
static bool could_be_mounted(void)
{
	_cleanup_close_ int fs = fsopen("efivarfs", FSOPEN_CLOEXEC);

	if (fs < 0)
		return errno == EPERM;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0 || errno == EPERM;
}

int efivars_require(void)
{
	_cleanup_free_ char *firmware = io_system_path("/sys/firmware/efi");

	if (efivars_available())
		return 0;
	if (!firmware || access(firmware, F_OK))
		return fail_reason(IMG_E_GATE_EFI, NULL, "EFI variables are not available");
	if (could_be_mounted())
		return fail(FAIL_EFI_READ, "efivarfs is not mounted");
	return fail_reason(IMG_E_GATE_EFI_RUNTIME, NULL, "EFI variables are not available");
}

/* *ret_data is NULL if the variable is missing; the caller frees it. */
static int read_variable(efi_guid_t guid, const char *name, uint8_t **ret_data, size_t *ret_size)
{
	uint32_t attributes;

	*ret_data = NULL;
	*ret_size = 0;
	if (efi_get_variable(guid, name, ret_data, ret_size, &attributes) == 0)
		return 0;
	*ret_data = NULL;
	*ret_size = 0;
	return errno == ENOENT ? 0 : fail_errno(FAIL_EFI_READ, "EFI variable %s", name);
}

static int write_variable(const char *name, uint8_t *data, size_t size)
{
	if (efi_set_variable(EFI_GLOBAL_GUID, name, data, size, BOOT_ATTRIBUTES, 0644))
		return fail_errno(FAIL_EFI_WRITE, "EFI variable %s", name);
	return 0;
}

static int delete_variable(efi_guid_t guid, const char *name)
{
	if (efi_del_variable(guid, name) && errno != ENOENT)
		return fail_errno(FAIL_EFI_WRITE, "EFI variable %s", name);
	return 0;
}

static bool is_ours(const uint8_t *data, size_t size, bool *ret_behind_shim)
{
	struct load_option option;

	if (!load_option_decode(data, size, &option))
		return false;
	*ret_behind_shim = load_option_skip_file(&option, BOOT_FILE_PATH);
	return *ret_behind_shim || load_option_names_file(&option, BOOT_FILE_PATH);
}

/* Takes ownership of *data if it keeps it. */
static void keep_first(struct boot_entry *entry, uint16_t number, bool behind_shim, uint8_t **data,
		       size_t size)
{
	if (entry->present && entry->number < number)
		return;
	free(entry->data);
	entry->present = true;
	entry->behind_shim = behind_shim;
	entry->number = number;
	entry->data = *data;
	entry->size = size;
	*data = NULL;
}

static int examine(struct boot_entry *entry, uint16_t number)
{
	_cleanup_free_ uint8_t *data = NULL;
	bool behind_shim;
	size_t size;
	int status;

	if (entry->nr_used < BOOT_MAX_ENTRIES)
		entry->used[entry->nr_used++] = number;
	status = read_variable(EFI_GLOBAL_GUID, boot_number_name(number).s, &data, &size);
	if (status || !data || !is_ours(data, size, &behind_shim))
		return status;
	if (entry->nr_ours < BOOT_MAX_ENTRIES)
		entry->ours[entry->nr_ours++] = number;
	keep_first(entry, number, behind_shim, &data, size);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* Listing runs to its end even after a failure: libefivar keeps the directory open until then. */
int efivars_find_entry(struct boot_entry *ret_entry)
{
	const efi_guid_t global = EFI_GLOBAL_GUID;
	struct boot_entry entry = { 0 };
	efi_guid_t *guid = NULL;
	char *name = NULL;
	int status = 0, more;

	while ((more = efi_get_next_variable_name(&guid, &name)) > 0) {
		uint16_t number;

		if (!status && efi_guid_cmp(guid, &global) == 0 && boot_number_parse(name, &number))
			status = examine(&entry, number);
	}
	if (!status && more < 0)
		status = fail_errno(FAIL_EFI_READ, "the EFI variables cannot be listed");
	if (status) {
		efivars_entry_free(&entry);
		return status;
	}
	qsort(entry.ours, entry.nr_ours, sizeof(entry.ours[0]), by_number);
	*ret_entry = entry;
	return 0;
}

void efivars_entry_free(struct boot_entry *entry)
{
	free(entry->data);
	*entry = (struct boot_entry){ 0 };
}

void efivars_entry_options(const struct boot_entry *entry, char to[BOOT_MAX_OPTIONS + 1])
{
	struct load_option option;

	to[0] = '\0';
	if (!entry->data || !load_option_decode(entry->data, entry->size, &option))
		return;
	(void)load_option_skip_file(&option, BOOT_FILE_PATH);
	boot_options_decode(option.options, option.options_size, to);
}

int efivars_make_option(const uint8_t *dp, size_t dp_size, const uint8_t *options,
			size_t options_size, uint8_t **ret_data, size_t *ret_size)
{
	unsigned char description[] = BOOT_DESCRIPTION;
	efidp path = (efidp)(uintptr_t)dp;
	uint8_t *optional = options_size ? (uint8_t *)(uintptr_t)options : NULL;
	_cleanup_free_ uint8_t *data = NULL;
	ssize_t size;

	size = efi_loadopt_create(NULL, 0, LOAD_OPTION_ACTIVE, path, (ssize_t)dp_size, description,
				  optional, options_size);
	if (size <= 0)
		return fail_errno(FAIL_EFI_PATH, "the boot entry cannot be created");
	data = calloc(1, (size_t)size);
	if (!data)
		return fail_errno(FAIL_NO_MEMORY, "boot entry");
	size = efi_loadopt_create(data, size, LOAD_OPTION_ACTIVE, path, (ssize_t)dp_size,
				  description, optional, options_size);
	if (size <= 0)
		return fail_errno(FAIL_EFI_PATH, "the boot entry cannot be created");
	*ret_data = data;
	*ret_size = (size_t)size;
	data = NULL;
	return 0;
}

int efivars_write_entry(uint16_t number, uint8_t *data, size_t size)
{
	return write_variable(boot_number_name(number).s, data, size);
}

int efivars_read_order(struct boot_order *ret_order)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;
	int status = read_variable(EFI_GLOBAL_GUID, "BootOrder", &data, &size);

	if (status)
		return status;
	if (!boot_order_decode(data, size, ret_order))
		return fail(FAIL_EFI_READ, "BootOrder has an impossible size of %zu bytes", size);
	return 0;
}

static int write_order(const struct boot_order *order)
{
	uint8_t data[2 * BOOT_MAX_ENTRIES];

	boot_order_encode(order, data);
	return efi_set_variable(EFI_GLOBAL_GUID, "BootOrder", data, 2 * order->count,
				BOOT_ATTRIBUTES, 0644);
}

int efivars_write_order(const struct boot_order *order)
{
	if (order->count == 0)
		return delete_variable(EFI_GLOBAL_GUID, "BootOrder");
	if (write_order(order))
		return fail_errno(FAIL_EFI_WRITE, "EFI variable BootOrder");
	return 0;
}

int efivars_delete_entry(uint16_t number, struct boot_order *order)
{
	int status = 0;

	if (boot_order_find(order, number) < 0)
		return delete_variable(EFI_GLOBAL_GUID, boot_number_name(number).s);
	boot_order_remove(order, number);
	if (order->count && write_order(order)) {
		if (errno != ENOSPC)
			return fail_errno(FAIL_EFI_WRITE, "EFI variable BootOrder");
		status = delete_variable(EFI_GLOBAL_GUID, boot_number_name(number).s);
		return status ? status : efivars_write_order(order);
	}
	if (!order->count)
		status = delete_variable(EFI_GLOBAL_GUID, "BootOrder");
	return status ? status : delete_variable(EFI_GLOBAL_GUID, boot_number_name(number).s);
}

int efivars_read_next(int *ret_number)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;
	int status = read_variable(EFI_GLOBAL_GUID, "BootNext", &data, &size);

	if (status)
		return status;
	*ret_number = data && size == 2 ? data[0] | data[1] << 8 : -1;
	return 0;
}

int efivars_write_next(uint16_t number)
{
	uint8_t data[2] = { (uint8_t)number, (uint8_t)(number >> 8) };

	return write_variable("BootNext", data, sizeof(data));
}

int efivars_clear_next(void)
{
	return delete_variable(EFI_GLOBAL_GUID, "BootNext");
}

int efivars_read_last_result(char **ret_text)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;
	int status = read_variable(FASTBOOT_GUID, IMG_RESULT_VARIABLE, &data, &size);

	*ret_text = NULL;
	if (status || !data)
		return status;
	*ret_text = strndup((const char *)data, size);
	return *ret_text ? 0 : fail_errno(FAIL_NO_MEMORY, "the loader's result");
}

int efivars_read_key(enum efivars_key which, uint8_t **ret_data, size_t *ret_size)
{
	static const struct {
		efi_guid_t guid;
		const char *name;
	} keys[] = {
		[EFIVARS_SECURE_BOOT] = { EFI_GLOBAL_GUID, "SecureBoot" },
		[EFIVARS_SETUP_MODE] = { EFI_GLOBAL_GUID, "SetupMode" },
		[EFIVARS_DB] = { EFI_IMAGE_SECURITY_DATABASE_GUID, "db" },
		[EFIVARS_DBX] = { EFI_IMAGE_SECURITY_DATABASE_GUID, "dbx" },
		[EFIVARS_MOK_SB_STATE] = { SHIM_GUID, "MokSBStateRT" },
		[EFIVARS_MOK_IGNORE_DB] = { SHIM_GUID, "MokIgnoreDB" },
		[EFIVARS_MOK_LIST] = { SHIM_GUID, "MokListRT" },
		[EFIVARS_MOK_LIST_X] = { SHIM_GUID, "MokListXRT" },
	};

	return read_variable(keys[which].guid, keys[which].name, ret_data, ret_size);
}

int efivars_forget_refusal(void)
{
	return delete_variable(FASTBOOT_GUID, IMG_REFUSAL_VARIABLE);
}
