/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Little-endian on-disk integers.
 *
 * Byte arrays, so that a structure of them has no padding, accepts any alignment, and cannot be
 * used as a host integer by mistake.  Compilers fold the accessors into one load or store.
 */
#ifndef IMGFMT_TYPES_H
#define IMGFMT_TYPES_H

#include "imgfmt_port.h"

typedef struct {
	uint8_t b[2];
} img_le16;

typedef struct {
	uint8_t b[4];
} img_le32;

typedef struct {
	uint8_t b[8];
} img_le64;

static inline uint16_t img_get16(img_le16 v)
{
	return (uint16_t)(v.b[0] | (uint16_t)v.b[1] << 8);
}

static inline uint32_t img_get32(img_le32 v)
{
	return (uint32_t)v.b[0] | (uint32_t)v.b[1] << 8 | (uint32_t)v.b[2] << 16 |
	       (uint32_t)v.b[3] << 24;
}

static inline uint64_t img_get64(img_le64 v)
{
	return (uint64_t)v.b[0] | (uint64_t)v.b[1] << 8 | (uint64_t)v.b[2] << 16 |
	       (uint64_t)v.b[3] << 24 | (uint64_t)v.b[4] << 32 | (uint64_t)v.b[5] << 40 |
	       (uint64_t)v.b[6] << 48 | (uint64_t)v.b[7] << 56;
}

/* The masks show that the upper bits are dropped on purpose; sparse asks for them. */
static inline img_le16 img_put16(uint16_t v)
{
	return (img_le16){ { (uint8_t)(v & 0xff), (uint8_t)(v >> 8) } };
}

static inline img_le32 img_put32(uint32_t v)
{
	return (img_le32){ { (uint8_t)(v & 0xff), (uint8_t)(v >> 8 & 0xff),
			     (uint8_t)(v >> 16 & 0xff), (uint8_t)(v >> 24) } };
}

static inline img_le64 img_put64(uint64_t v)
{
	return (img_le64){ { (uint8_t)(v & 0xff), (uint8_t)(v >> 8 & 0xff),
			     (uint8_t)(v >> 16 & 0xff), (uint8_t)(v >> 24 & 0xff),
			     (uint8_t)(v >> 32 & 0xff), (uint8_t)(v >> 40 & 0xff),
			     (uint8_t)(v >> 48 & 0xff), (uint8_t)(v >> 56) } };
}

#endif
