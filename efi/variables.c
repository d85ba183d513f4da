// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads, writes and removes the EFI variables of imgfmt/result.h (UEFI 2.10, 8.2). */
#include "variables.h"

#include <imgfmt/seal.h>

static EFI_GUID guid = VARIABLES_GUID;

bool variables_read(const CHAR16 *name, UINT32 attributes, void *ret_data, UINTN size)
{
	UINTN found = size;
	UINT32 of = 0;
	EFI_STATUS status = RT->GetVariable((CHAR16 *)name, &guid, &of, &found, ret_data);

	if (status == EFI_SUCCESS && of == attributes && found == size)
		return true;
	img_wipe(ret_data, size);
	return false;
}

bool variables_write(const CHAR16 *name, UINT32 attributes, const void *data, UINTN size)
{
	return !EFI_ERROR(RT->SetVariable((CHAR16 *)name, &guid, attributes, size, (void *)data));
}

bool variables_remove(const CHAR16 *name)
{
	return !EFI_ERROR(RT->SetVariable((CHAR16 *)name, &guid, 0, 0, NULL));
}
