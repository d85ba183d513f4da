// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The file that a boot entry calls its kernel, before anybody has verified it. */
#include <imgfmt/unified.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *trouble = img_unified_trouble(data, size);

	/* What passes holds at least the words that it must have. */
	must(trouble ||
	     size > sizeof("lockdown=confidentiality sysctl.kernel.kexec_load_disabled=1"));
	return 0;
}
