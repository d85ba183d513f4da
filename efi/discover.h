/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fast-boot area: of the one partition that has one, or of the option area=. */
#ifndef DISCOVER_H
#define DISCOVER_H

#include <imgfmt/reasons.h>

struct loader;

/* Fills in l->area and l->volume. */
enum img_reason area_find(struct loader *l);

#endif
