/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory that is claimed for the image, and what the image leaves of it: the pool. */
#ifndef CLAIM_H
#define CLAIM_H

#include <imgfmt/reasons.h>

#include "imgfmt_port.h"

struct loader;

enum img_reason claim_all(struct loader *l);

/*
 * Pages that are claimed and not wanted by the image, in one piece, of any content, and below 4 GiB
 * if `low`; NULL: there are none.  Not after place_plan(), which hands out the rest.
 */
void *claim_pool(struct loader *l, uint64_t bytes, bool low);

#endif
