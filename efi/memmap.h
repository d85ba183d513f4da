/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's memory map of today. */
#ifndef MEMMAP_H
#define MEMMAP_H

#include <imgfmt/reasons.h>

struct loader;

/* Fills in l->map, sorted, and l->nr_map. */
enum img_reason memmap_read(struct loader *l);

#endif
