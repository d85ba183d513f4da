/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What inspect shows of one slot: collected once, shown as text or as JSON. */
#ifndef FASTBOOTCTL_INSPECT_H
#define FASTBOOTCTL_INSPECT_H

#include "area/image.h"
#include "area/stats.h"
#include "base/jsonout.h"

struct inspect_slot {
	uint32_t number;
	enum img_reason reason; /* IMG_OK: everything below is valid */
	struct img_detail detail;
	struct img_slot header;
	struct img_state state;
	struct image_meta meta;
	struct stats stats;
};

void inspect_text(const struct inspect_slot *slot);
void inspect_json(const struct inspect_slot *slot, struct json_object *to);

#endif
