/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which partition a refusal names, and what is wrong with it. */
#ifndef DETAIL_H
#define DETAIL_H

#include <imgfmt/reasons.h>

struct loader;

/* Names the partition, and makes l->detail independent of the sections, which are freed. */
void detail_complete(struct loader *l, enum img_reason reason);

/* Makes l->detail name this partition; NULL or zero: the image's own. */
void detail_blame(struct loader *l, const uint8_t *uuid);

#endif
