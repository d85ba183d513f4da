// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads, writes and removes the EFI variables of imgfmt/result.h (UEFI 2.10, 8.2). */
#include "variables.h"

#include <imgfmt/seal.h>

static EFI_GUID guid = VARIABLES_GUID;

/* Firmware before UEFI 2.8 gives no attributes with a buffer that is too small. */
static enum variables_answer answer(EFI_STATUS status, UINT32 wanted, UINT32 attributes, bool fits)
{
	if (status == EFI_NOT_FOUND)
		return VARIABLES_ABSENT;
	if (status != EFI_SUCCESS && (status != EFI_BUFFER_TOO_SMALL || !attributes))
		return VARIABLES_FAILED;
	if (attributes != wanted)
		return VARIABLES_FOREIGN;
	return fits ? VARIABLES_READ : VARIABLES_MISFIT;
}

enum variables_answer variables_look(const CHAR16 *name, UINT32 attributes, void *ret_data,
				     UINTN size)
{
	UINTN found = size;
	UINT32 of = 0;
	EFI_STATUS status = RT->GetVariable((CHAR16 *)name, &guid, &of, &found, ret_data);
	enum variables_answer said = answer(status, attributes, of, found == size);

	if (said != VARIABLES_READ)
		img_wipe(ret_data, size);
	return said;
}

bool variables_write(const CHAR16 *name, UINT32 attributes, const void *data, UINTN size)
{
	return !EFI_ERROR(RT->SetVariable((CHAR16 *)name, &guid, attributes, size, (void *)data));
}

bool variables_remove(const CHAR16 *name)
{
	return !EFI_ERROR(RT->SetVariable((CHAR16 *)name, &guid, 0, 0, NULL));
}
