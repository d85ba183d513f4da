/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of image it is, how often it was entered, and whether it may be once more. */
#ifndef FASTBOOTCTL_SLOTSTATE_H
#define FASTBOOTCTL_SLOTSTATE_H

#include <imgfmt/imgfmt.h>

#include "jsonout.h"
#include "text.h"

/* "golden", "once" */
const char *slotstate_mode(enum img_mode mode);

/* "restored 7 times, 1 attempt since it was called good" */
struct text slotstate_counts(const struct img_slot *header, const struct img_state *state);

/* Of img_state_check: nothing for a usable image, else the line "CODE: sentence; advice". */
void slotstate_print_refusal(const char *indent, const struct img_slot *header,
			     const struct img_state *state);

void slotstate_json(const struct img_slot *header, const struct img_state *state,
		    struct json_object *to);

#endif
