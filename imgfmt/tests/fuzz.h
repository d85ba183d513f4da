/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the fuzz targets share, those of other components included.  An input is
 * seldom the foreign data itself: a list of edits to a good image, the nodes of a
 * path.  So inputs are small, and every byte of one has a meaning from the start.
 */
#ifndef IMGFMT_TESTS_FUZZ_H
#define IMGFMT_TESTS_FUZZ_H

#include <stdlib.h>

#include <imgfmt/imgfmt.h>

/* Of libFuzzer, or of replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

/* The next bytes as a little-endian integer; zeroes where the input has ended. */
static inline uint64_t take(struct input *in, size_t width)
{
	uint64_t value = 0;

	for (size_t i = 0; i < width && in->size; i++) {
		value |= (uint64_t)*in->data++ << (8 * i);
		in->size--;
	}
	return value;
}

/* The next `size` bytes over `to`, or as many as there are. */
static inline void take_bytes(struct input *in, void *to, size_t size)
{
	size_t length = in->size < size ? in->size : size;

	if (!length)
		return;
	memcpy(to, in->data, length);
	in->data += length;
	in->size -= length;
}

/* What must hold whatever the input says. */
static inline void must(bool holds)
{
	if (!holds)
		abort();
}

#endif
