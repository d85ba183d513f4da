// SPDX-License-Identifier: GPL-2.0-or-later
#include "loss.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "fail.h"
#include "slotstate.h"
#include "text.h"

bool loss_describe(const struct part *part, const struct img_area *area, uint32_t slot)
{
	struct img_state state = { .valid = false };
	struct img_slot header;

	switch (image_read_slot(part, area, slot, &header, NULL)) {
	case IMG_OK:
		(void)image_read_state(part, area, slot, &header, &state, NULL);
		printf("  lost:       the image in slot %c, generation %" PRIu64 ", ",
		       text_slot(slot), header.generation);
		slotstate_print_origin(&header, &state);
		return true;
	case IMG_E_SLOT_EMPTY:
		return false;
	default:
		printf("  lost:       the damaged image in slot %c\n", text_slot(slot));
		return true;
	}
}

int loss_confirm(bool yes)
{
	char answer[16] = "";

	if (yes)
		return 0;
	if (!isatty(STDIN_FILENO))
		return fail(FAIL_NOT_CONFIRMED, "there is no terminal to ask on");
	printf("Go ahead? [y/N] ");
	(void)fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return fail(FAIL_NOT_CONFIRMED, "the answer was not yes");
	return 0;
}
