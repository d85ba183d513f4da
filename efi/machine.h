/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the machine is today, in the terms of the image's fingerprint. */
#ifndef MACHINE_H
#define MACHINE_H

#include <imgfmt/fingerprint.h>

struct memmap;
struct memory;

/* Reads the memory map after its own allocations, so that the map includes them. */
enum img_reason machine_look(struct memory *memory, struct memmap *ret_map, struct img_fp *ret_fp);

#endif
