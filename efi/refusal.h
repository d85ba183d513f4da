/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the saved kernel refused after the last jump. */
#ifndef REFUSAL_H
#define REFUSAL_H

#include <imgfmt/reader.h>

struct loader;

/* Reads the variable into l->refusal and, unless this start is a simulation, removes it. */
void refusal_take(struct loader *l);

/* The reason in l->refusal; IMG_OK: it is not about this slot's image. */
enum img_reason refusal_heed(struct loader *l, const struct img_slot *slot);

#endif
