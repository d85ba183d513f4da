/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EFI variables of imgfmt/result.h in the types of the firmware's calls. */
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

#define VARIABLES_RESULT  (L"" IMG_RESULT_VARIABLE)
#define VARIABLES_REFUSAL (L"" IMG_REFUSAL_VARIABLE)

#endif
