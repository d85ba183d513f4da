// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory functions that compilers call of their own accord.
 *
 * Plain loops of 16 bytes: `rep movs` is slow under emulation, and its gain on hardware is small at
 * the sizes used here.  They run on every processor.  SSE is enabled (UEFI 2.10, 2.3.4), on the
 * application processors too, which have the boot processor's CR4 (EDK II, MpInitLib).
 */
#include "imgfmt_port.h"

typedef uint64_t __attribute__((may_alias, aligned(1))) word;
typedef long long __attribute__((vector_size(16), may_alias, aligned(1))) vector;

/* Correct for overlapping ranges too, as long as `t` is not above `f`. */
static void copy_up(uint8_t *t, const uint8_t *f, size_t size)
{
	for (; size >= 64; size -= 64, t += 64, f += 64) {
		vector a = ((const vector *)f)[0], b = ((const vector *)f)[1];
		vector c = ((const vector *)f)[2], d = ((const vector *)f)[3];

		((vector *)t)[0] = a;
		((vector *)t)[1] = b;
		((vector *)t)[2] = c;
		((vector *)t)[3] = d;
	}
	for (; size >= 8; size -= 8, t += 8, f += 8)
		*(word *)t = *(const word *)f;
	while (size--)
		*t++ = *f++;
}

void *memcpy(void *to, const void *from, size_t size)
{
	copy_up(to, from, size);
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f || t >= f + size) {
		copy_up(t, f, size);
		return to;
	}
	while (size--)
		t[size] = f[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	uint64_t pattern = 0x0101010101010101ull * (uint8_t)byte;
	uint8_t *t = to;

	for (; size >= 8; size -= 8, t += 8)
		*(word *)t = pattern;
	while (size--)
		*t++ = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;

	for (; size; size--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}
