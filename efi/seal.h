/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The seal of the image: may it be used, is it authentic, and the key for its next one. */
#ifndef SEAL_H
#define SEAL_H

#include <imgfmt/reasons.h>

struct loader;

/*
 * Decides about the chosen image, before anything in its sections is used.  header: the block that
 * l->slot was decoded from; meta: all sections.  IMG_OK for a sealed image: both are authentic, and
 * l->cipher opens its chunks.
 */
enum img_reason seal_check(struct loader *l, const void *header, const void *meta);

/* Wipes the keys of the image; l->cipher is NULL then. */
void seal_forget(struct loader *l);

/* Fills in l->handoff.key for the restored kernel of a sealed image, if its page is free today. */
void seal_hand_over(struct loader *l);

#endif
