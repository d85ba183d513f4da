/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI variables of imgfmt/result.h. */
#ifndef VARIABLES_H
#define VARIABLES_H

#include <imgfmt/result.h>

#include "base.h"

#define VARIABLES_GUID_FIELDS(a, b, c, ...)                                                        \
	{                                                                                          \
		a, b, c,                                                                           \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define VARIABLES_GUID IMG_VENDOR_GUID(VARIABLES_GUID_FIELDS)

#define VARIABLES_RESULT      (L"" IMG_RESULT_VARIABLE)
#define VARIABLES_REFUSAL     (L"" IMG_REFUSAL_VARIABLE)
#define VARIABLES_SECRET      (L"" IMG_SECRET_VARIABLE)
#define VARIABLES_OPEN_SECRET (L"" IMG_OPEN_SECRET_VARIABLE)
#define VARIABLES_HISTORY     (L"" IMG_HISTORY_VARIABLE)
#define VARIABLES_KEY_PAGE    (L"" IMG_KEY_PAGE_VARIABLE)

/* Kept, and for boot services only; seen by the system, and gone with the power. */
#define VARIABLES_HIDDEN   (EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS)
#define VARIABLES_VOLATILE (EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS)

enum variables_answer {
	VARIABLES_READ,
	VARIABLES_ABSENT,
	VARIABLES_FOREIGN, /* it has other attributes */
	VARIABLES_MISFIT,  /* it has another size */
	VARIABLES_FAILED,  /* the firmware does not say */
};

/* Unless it is read, nothing is in ret_data. */
enum variables_answer variables_look(const CHAR16 *name, UINT32 attributes, void *ret_data,
				     UINTN size);

/* Is it there, with exactly these attributes and this size, and read? */
static inline bool variables_read(const CHAR16 *name, UINT32 attributes, void *ret_data, UINTN size)
{
	return variables_look(name, attributes, ret_data, size) == VARIABLES_READ;
}

/* Fails if a variable with other attributes is there. */
bool variables_write(const CHAR16 *name, UINT32 attributes, const void *data, UINTN size);

/* Whatever its attributes are; false: still there, or never was. */
bool variables_remove(const CHAR16 *name);

#endif
