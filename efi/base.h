/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every room may use: GNU-EFI, units, the time stamp counter. */
#ifndef BASE_H
#define BASE_H

#include <efi.h>
#include <efilib.h>

#include "imgfmt_port.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MIB (1024ull * 1024)

static inline uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

#endif
