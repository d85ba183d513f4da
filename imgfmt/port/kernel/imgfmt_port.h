/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The seam, kernel: its own types, lz4 and xxhash modules. */
#ifndef IMGFMT_PORT_H
#define IMGFMT_PORT_H

#include <linux/build_bug.h>
#include <linux/lz4.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/xxhash.h>

#define IMG_PORT_LZ4_WORKMEM LZ4_MEM_COMPRESS

static inline uint64_t img_port_xxh64(const void *data, size_t size)
{
	return xxh64(data, size, 0);
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
	return LZ4_compress_default(in, out, size, capacity, workmem);
}

#endif
