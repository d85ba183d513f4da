/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which partition a refusal names, and what is wrong with it. */
#ifndef DETAIL_H
#define DETAIL_H

#include <imgfmt/reasons.h>

struct loader;

/* Names the partition, and makes l->detail independent of the sections, which are freed. */
void detail_complete(struct loader *l, enum img_reason reason);

/* Makes l->detail name the partition of the area's last read or write, if the area is a map. */
void detail_blame_area(struct loader *l);

/* Makes l->detail name this partition; NULL or zero: the image's
 * own, or that of the map's first piece. */
void detail_blame(struct loader *l, const uint8_t *uuid);

#endif
