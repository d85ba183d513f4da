/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of image it is, how often it was entered, and whether it may be once more. */
#ifndef FASTBOOTCTL_SLOTSTATE_H
#define FASTBOOTCTL_SLOTSTATE_H

#include <imgfmt/imgfmt.h>

#include "area/slots.h"
#include "base/jsonout.h"
#include "base/text.h"

/* img_slot_description(), fit for a terminal and for JSON. */
struct slot_description {
	char s[sizeof(((struct img_slot *)NULL)->description)];
};
struct slot_description slotstate_description(const struct img_slot *header,
					      const struct img_state *state);

/*
 * May an image be called so: 127 bytes of UTF-8 at most, without control characters?  what: to
 * report about, "VERB: ARGUMENT".  0, or the exit status after a report.
 */
int slotstate_check_description(const char *what, const char *text);

/* Ends a line: "of 2026-01-31 12:00:00 UTC, 3 hours ago: description". */
void slotstate_print_origin(const struct img_slot *header, const struct img_state *state);

/* "golden", "once" */
const char *slotstate_mode(enum img_mode mode);

/* "restored 7 times, 1 attempt since it was called good" */
struct text slotstate_counts(const struct img_slot *header, const struct img_state *state);

/* Of img_state_check: nothing for a usable image, else the line "CODE: sentence; advice". */
void slotstate_print_refusal(const char *indent, const struct img_slot *header,
			     const struct img_state *state);

void slotstate_json(const struct img_slot *header, const struct img_state *state,
		    struct json_object *to);

/* Slot `number` as status and list show it; kernel_release is printable. */
void slotstate_json_image(const struct slots *slots, uint32_t number, struct json_object *to);

/*
 * Writes the state of a golden image in place, reads it back; what stands after it in its block
 * stays.  `state` is valid.  0, or the exit status after a report.
 */
int slotstate_write(const struct area *area, uint32_t slot, const struct img_slot *header,
		    const struct img_state *state);

#endif
