// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/loss.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "area/slotstate.h"
#include "base/fail.h"
#include "base/out.h"
#include "base/text.h"

bool loss_describe(const struct area *area, uint32_t slot, struct json_object **ret_lost)
{
	struct json_object *lost = json_array_of(out_json(), "lost");
	struct img_state state = { .valid = false };
	struct img_slot header;
	enum img_reason reason = image_read_slot(area, slot, &header, NULL);

	if (ret_lost)
		*ret_lost = NULL;
	if (reason == IMG_E_SLOT_EMPTY)
		return false;
	lost = json_append_object(lost);
	json_put_slot(lost, "slot", slot);
	json_put_text(lost, "status", reason ? img_reason_code(reason) : "ok");
	if (reason) {
		out_text("  lost:       the damaged image in slot %c\n", text_slot(slot));
		return true;
	}
	(void)image_read_state(area, slot, &header, &state, NULL);
	out_text("  lost:       the image in slot %c, generation %" PRIu64 ", ", text_slot(slot),
		 header.generation);
	slotstate_print_origin(&header, &state);
	json_put_number(lost, "generation", header.generation);
	json_put_text(lost, "description", slotstate_description(&header, &state).s);
	if (ret_lost)
		*ret_lost = lost;
	return true;
}

int loss_confirm(bool yes)
{
	char answer[16] = "";

	if (yes)
		return 0;
	if (out_is_json())
		return fail(FAIL_NOT_CONFIRMED, "this must be confirmed, and --json does not ask");
	if (!isatty(STDIN_FILENO))
		return fail(FAIL_NOT_CONFIRMED, "there is no terminal to ask on");
	printf("Go ahead? [y/N] ");
	(void)fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return fail(FAIL_NOT_CONFIRMED, "the answer was not yes");
	return 0;
}
