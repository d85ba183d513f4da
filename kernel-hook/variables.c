// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads EFI variables again each time: after a restore the firmware is that of the new boot.
 */
#include <linux/efi.h>
#include <linux/module.h>

#include <imgfmt/result.h>

#include "variables.h"

/* MODULE_IMPORT_NS takes a name until 6.12, a string since 6.13; this is its expansion. */
MODULE_INFO(import_ns, "EFIVAR");

/*
 * efivar_lock assumes that EFI variables exist; they are registered under exactly this condition
 * (drivers/firmware/efi/efi.c, efisubsys_init).
 */
static bool variables_exist(void)
{
	return efi_enabled(EFI_RUNTIME_SERVICES) &&
	       efi_rt_services_supported(EFI_RT_SUPPORTED_GET_VARIABLE |
					 EFI_RT_SUPPORTED_GET_NEXT_VARIABLE_NAME);
}

/*
 * Reads up to *size bytes, of which it then gives the number.  0, -ENOENT, also where there are no
 * variables, or another negative errno.
 */
static int variable_read(efi_char16_t *name, efi_guid_t vendor, u32 *ret_attributes,
			 unsigned long *size, void *data)
{
	efi_status_t status;
	int error;

	if (!variables_exist())
		return -ENOENT;
	error = efivar_lock();
	if (error)
		return error;
	status = efivar_get_variable(name, &vendor, ret_attributes, size, data);
	efivar_unlock();
	return status == EFI_SUCCESS ? 0 : efi_status_to_err(status);
}

ssize_t variables_loader_result(char *page, size_t size)
{
	efi_char16_t name[] = L"" IMG_RESULT_VARIABLE;
	unsigned long length = size;
	int error = variable_read(name, IMG_VENDOR_GUID(EFI_GUID), NULL, &length, page);

	if (error == -ENOENT)
		return 0;
	return error ? error : length;
}

/* No system can make a variable with just these attributes: UEFI 2.10, 8.2.2. */
#define LOADERS_OWN (EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS)

int variables_key_page(u64 *ret_place)
{
	efi_char16_t name[] = L"" IMG_KEY_PAGE_VARIABLE;
	unsigned long size = sizeof(*ret_place);
	u32 attributes = 0;
	int error = variable_read(name, IMG_VENDOR_GUID(EFI_GUID), &attributes, &size, ret_place);

	if (!error && (attributes != LOADERS_OWN || size != sizeof(*ret_place)))
		return -EPERM;
	return error;
}

/* A variable of one byte: 1, or 0 for any other value and if it does not exist. */
static int variable_is_one(efi_char16_t *name, efi_guid_t vendor, u32 *ret_attributes)
{
	unsigned long size = 1;
	u8 value = 0;
	int error = variable_read(name, vendor, ret_attributes, &size, &value);

	if (error == -ENOENT)
		return 0;
	return error ? error : size == 1 && value == 1;
}

/* shim's copy of MokSBState; the kernel's stub believes a volatile one, too (libstub/secureboot.c).
 */
static int shim_is_lax(void)
{
	efi_char16_t name[] = L"MokSBStateRT";
	u32 attributes = 0;
	int lax = variable_is_one(name, EFI_SHIM_LOCK_GUID, &attributes);

	return lax == 1 ? !(attributes & EFI_VARIABLE_NON_VOLATILE) : lax;
}

int variables_secure_boot(void)
{
	efi_char16_t boot[] = L"SecureBoot", setup[] = L"SetupMode";
	int secure = variable_is_one(boot, EFI_GLOBAL_VARIABLE_GUID, NULL);
	int excuse;

	if (secure <= 0)
		return secure;
	excuse = variable_is_one(setup, EFI_GLOBAL_VARIABLE_GUID, NULL);
	if (!excuse)
		excuse = shim_is_lax();
	return excuse < 0 ? excuse : !excuse;
}

int variables_write_refusal(struct img_refusal *refusal)
{
	efi_char16_t name[] = L"" IMG_REFUSAL_VARIABLE;
	efi_guid_t vendor = IMG_VENDOR_GUID(EFI_GUID);
	efi_status_t status;

	if (!variables_exist() || !efi_rt_services_supported(EFI_RT_SUPPORTED_SET_VARIABLE))
		return -EOPNOTSUPP;
	status = efivar_set_variable(name, &vendor,
				     EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS |
					     EFI_VARIABLE_RUNTIME_ACCESS,
				     sizeof(*refusal), refusal);
	return status == EFI_SUCCESS ? 0 : efi_status_to_err(status);
}
