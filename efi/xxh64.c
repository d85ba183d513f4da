// SPDX-License-Identifier: GPL-2.0-or-later
/* XXH64 from the lz4 source package, under the name that the format's port uses. */
#include "imgfmt_port.h"

#define XXH_PRIVATE_API
#include "xxhash.h"

uint64_t efi_xxh64(const void *data, size_t size)
{
	return XXH64(data, size, 0);
}
