/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fresh random bytes for the restored kernel. */
#ifndef SEED_H
#define SEED_H

#include <imgfmt/handoff.h>

/* Fills in handoff->seed; mixes in the rest of the page, with its stamps. */
void seed_gather(struct img_handoff *handoff);

#endif
