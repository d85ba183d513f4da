/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the fuzz targets share, those of other components included.  An input is
 * seldom the foreign data itself; it is a list of edits to a valid image, or the
 * nodes of a path.  So inputs are small, and every byte has a meaning from the start.
 */
#ifndef IMGFMT_TESTS_FUZZ_H
#define IMGFMT_TESTS_FUZZ_H

#include <stdlib.h>

#include <imgfmt/imgfmt.h>

/* Called by libFuzzer or by replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

/* The next bytes as a little-endian integer; zeroes after the end of the input. */
static inline uint64_t take(struct input *in, size_t width)
{
	uint64_t value = 0;

	for (size_t i = 0; i < width && in->size; i++) {
		value |= (uint64_t)*in->data++ << (8 * i);
		in->size--;
	}
	return value;
}

/* Copies the next `size` bytes to `to`, or as many as are left. */
static inline void take_bytes(struct input *in, void *to, size_t size)
{
	size_t length = in->size < size ? in->size : size;

	if (!length)
		return;
	memcpy(to, in->data, length);
	in->data += length;
	in->size -= length;
}

/* Asserts a condition that must hold for every input. */
static inline void must(bool holds)
{
	if (!holds)
		abort();
}

#endif
