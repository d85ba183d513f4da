/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image on the disk: its slot and its sections. */
#ifndef IMAGE_H
#define IMAGE_H

#include <imgfmt/reasons.h>

struct loader;

/* Chooses a slot and fills in l->slot_number, l->slot, l->state and l->passed. */
enum img_reason image_read_headers(struct loader *l);

/* Fills in l->meta, whose sections stay in loader memory. */
enum img_reason image_read_sections(struct loader *l);

#endif
