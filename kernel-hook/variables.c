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

ssize_t variables_loader_result(char *page, size_t size)
{
	efi_char16_t name[] = L"" IMG_RESULT_VARIABLE;
	efi_guid_t vendor = IMG_VENDOR_GUID(EFI_GUID);
	unsigned long length = size;
	efi_status_t status;
	int error;

	if (!variables_exist())
		return 0;
	error = efivar_lock();
	if (error)
		return error;
	status = efivar_get_variable(name, &vendor, NULL, &length, page);
	efivar_unlock();
	if (status == EFI_NOT_FOUND)
		return 0;
	return status == EFI_SUCCESS ? length : efi_status_to_err(status);
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
