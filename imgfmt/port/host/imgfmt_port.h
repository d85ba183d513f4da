/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The seam, userspace: libc, liblz4, libxxhash. */
#ifndef IMGFMT_PORT_H
#define IMGFMT_PORT_H

#include <assert.h>
#include <lz4.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xxhash.h>

#define IMG_PORT_LZ4_WORKMEM 16448u

static_assert(IMG_PORT_LZ4_WORKMEM >= sizeof(LZ4_stream_t), "LZ4 state");

static inline uint64_t img_port_xxh64(const void *data, size_t size)
{
	return XXH64(data, size, 0);
}

/* Bytes written, or negative: never writes past `capacity`. */
static inline int img_port_lz4_decompress(const void *in, int size, void *out, int capacity)
{
	return LZ4_decompress_safe(in, out, size, capacity);
}

/* Bytes written, or 0 if they do not fit into `capacity`. */
static inline int img_port_lz4_compress(const void *in, int size, void *out, int capacity,
					void *workmem)
{
	return LZ4_compress_fast_extState(workmem, in, out, size, capacity, 1);
}

#endif
