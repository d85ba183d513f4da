/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kind of an image, how often it was entered, and whether it may be entered again. */
#ifndef FASTBOOTCTL_SLOTSTATE_H
#define FASTBOOTCTL_SLOTSTATE_H

#include <imgfmt/imgfmt.h>

#include "area/slots.h"
#include "base/jsonout.h"
#include "base/text.h"

/* img_slot_description(), made safe for a terminal and for JSON. */
struct slot_description {
	char s[sizeof(((struct img_slot *)NULL)->description)];
};
struct slot_description slotstate_description(const struct img_slot *header,
					      const struct img_state *state);

/*
 * Checks a description: at most 127 bytes of UTF-8, without control characters.  what: "VERB:
 * ARGUMENT", for the report.  0, or the exit status after a report.
 */
int slotstate_check_description(const char *what, const char *text);

/* Ends a line: "taken 2026-01-31 12:00:00 UTC, 3 hours ago: description". */
void slotstate_print_origin(const struct img_slot *header, const struct img_state *state);

/* "golden", "once" */
const char *slotstate_mode(enum img_mode mode);

/* What the tool says of each sealed image. */
#define SEAL_NOT_CHECKED "authenticity not checked: the key is in the firmware"

/* "secure", "open", "damaged", or NULL if the image is not sealed.  domain: 0: not readable. */
const char *slotstate_seal(const struct img_slot *header, enum img_seal_domain domain);
void slotstate_json_seal(const struct img_slot *header, enum img_seal_domain domain,
			 struct json_object *to);

/* "restored 7 times, 1 attempt since it was called good" */
struct text slotstate_counts(const struct img_slot *header, const struct img_state *state);

/* Prints nothing for a usable image, otherwise img_state_check's "CODE: sentence; advice". */
void slotstate_print_refusal(const char *indent, const struct img_slot *header,
			     const struct img_state *state);

void slotstate_json(const struct img_slot *header, const struct img_state *state,
		    struct json_object *to);

/* Slot `number` as status and list show it; kernel_release must be printable. */
void slotstate_json_image(const struct slots *slots, uint32_t number, struct json_object *to);

/*
 * Writes the state of a golden image in place and reads it back; the rest of its block stays.
 * `state` must be valid.  0, or the exit status after a report.
 */
int slotstate_write(const struct area *area, uint32_t slot, const struct img_slot *header,
		    const struct img_state *state);

#endif
