// SPDX-License-Identifier: GPL-2.0-or-later
#include "slotstate.h"

#include <inttypes.h>
#include <stdio.h>

const char *slotstate_mode(enum img_mode mode)
{
	return mode == IMG_MODE_ONCE ? "once" : "golden";
}

struct text slotstate_counts(const struct img_slot *header, const struct img_state *state)
{
	struct text text;
	int n;

	if (!state->valid) {
		snprintf(text.s, sizeof(text.s), "no count of its restores");
		return text;
	}
	n = snprintf(text.s, sizeof(text.s), "restored %" PRIu64 " time%s", state->restores,
		     state->restores == 1 ? "" : "s");
	if (header->mode == IMG_MODE_GOLDEN && state->attempts && n > 0)
		snprintf(text.s + n, sizeof(text.s) - (size_t)n,
			 ", %" PRIu32 " attempt%s since it was called good", state->attempts,
			 state->attempts == 1 ? "" : "s");
	return text;
}

void slotstate_print_refusal(const char *indent, const struct img_slot *header,
			     const struct img_state *state)
{
	enum img_reason reason = img_state_check(header, state, 0, NULL);

	if (reason)
		printf("%s%s: %s; %s\n", indent, img_reason_code(reason),
		       img_reason_sentence(reason), img_reason_advice(reason));
}

void slotstate_json(const struct img_slot *header, const struct img_state *state,
		    struct json_object *to)
{
	enum img_reason reason = img_state_check(header, state, 0, NULL);

	json_put_text(to, "mode", slotstate_mode(header->mode));
	json_put_bool(to, "state_valid", state->valid);
	json_put_number(to, "restores", state->restores);
	json_put_number(to, "attempts", state->attempts);
	json_put_bool(to, "consumed", state->consumed);
	json_put_text(to, "usable", reason ? img_reason_code(reason) : "ok");
	json_put_text(to, "advice", reason ? img_reason_advice(reason) : NULL);
}
