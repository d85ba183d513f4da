/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The seam, firmware: freestanding headers, and LZ4 and XXH64 from Debian's lz4 source package,
 * compiled by efi/Makefile.  The loader defines memcpy and its siblings (efi/libc.c) because the
 * compiler may call them in any case.
 */
#ifndef IMGFMT_PORT_H
#define IMGFMT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef static_assert
#define static_assert _Static_assert
#endif

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

int LZ4_decompress_safe(const char *in, char *out, int size, int capacity);
uint64_t efi_xxh64(const void *data, size_t size);

/* The loader never compresses; the writer's code is not linked. */
#define IMG_PORT_LZ4_WORKMEM 1u

static inline uint64_t img_port_xxh64(const void *data, size_t size)
{
	return efi_xxh64(data, size);
}

/* Bytes written, or negative: never writes past `capacity`. */
static inline int img_port_lz4_decompress(const void *in, int size, void *out, int capacity)
{
	return LZ4_decompress_safe(in, out, size, capacity);
}

#endif
