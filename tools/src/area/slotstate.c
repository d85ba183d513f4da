// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/slotstate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"

struct slot_description slotstate_description(const struct img_slot *header,
					      const struct img_state *state)
{
	struct slot_description text;

	snprintf(text.s, sizeof(text.s), "%s", img_slot_description(header, state));
	text_printable(text.s);
	return text;
}

int slotstate_check_description(const char *what, const char *text)
{
	const size_t most = sizeof(((struct img_slot_disk *)NULL)->description) - 1;

	if (strlen(text) > most)
		return fail(FAIL_USAGE, "%s has %zu bytes; at most %zu fit", what, strlen(text),
			    most);
	if (!text_is_printable(text))
		return fail(FAIL_USAGE, "%s must be UTF-8 without control characters", what);
	return 0;
}

void slotstate_print_origin(const struct img_slot *header, const struct img_state *state)
{
	const struct slot_description description = slotstate_description(header, state);

	out_text("taken %s%s%s\n", text_time(header->created, time(NULL)).s,
		 description.s[0] ? ": " : "", description.s);
}

const char *slotstate_mode(enum img_mode mode)
{
	return mode == IMG_MODE_ONCE ? "once" : "golden";
}

const char *slotstate_seal(const struct img_slot *header, enum img_seal_domain domain)
{
	if (!img_slot_is_sealed(header))
		return NULL;
	if (domain == IMG_SEAL_SECURE)
		return "secure";
	return domain == IMG_SEAL_OPEN ? "open" : "damaged";
}

void slotstate_json_seal(const struct img_slot *header, enum img_seal_domain domain,
			 struct json_object *to)
{
	const char *seal = slotstate_seal(header, domain);

	json_put_text(to, "sealed", seal);
	if (seal)
		json_put_bool(to, "authenticity_checked", false);
}

struct text slotstate_counts(const struct img_slot *header, const struct img_state *state)
{
	struct text text;
	int n;

	if (!state->valid) {
		snprintf(text.s, sizeof(text.s), "number of restores unknown");
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
		out_text("%s%s: %s; %s\n", indent, img_reason_code(reason),
			 img_reason_sentence(reason), img_reason_advice(reason));
}

void slotstate_json(const struct img_slot *header, const struct img_state *state,
		    struct json_object *to)
{
	enum img_reason reason = img_state_check(header, state, 0, NULL);

	json_put_number(to, "rank", img_slot_rank(header, state));
	json_put_text(to, "mode", slotstate_mode(header->mode));
	json_put_bool(to, "state_valid", state->valid);
	json_put_number(to, "restores", state->restores);
	json_put_number(to, "attempts", state->attempts);
	json_put_bool(to, "consumed", state->consumed);
	json_put_text(to, "usable", reason ? img_reason_code(reason) : "ok");
	json_put_text(to, "advice", reason ? img_reason_advice(reason) : NULL);
}

void slotstate_json_image(const struct slots *slots, uint32_t number, struct json_object *to)
{
	const struct img_slot *header = &slots->header[number];
	const struct img_state *state = &slots->state[number];
	enum img_reason reason = slots->whole[number];

	json_put_slot(to, "slot", number);
	json_put_text(to, "status", reason ? img_reason_code(reason) : "ok");
	if (reason)
		return;
	json_put_bool(to, "restored_next", slots->next == (int)number);
	json_put_number(to, "generation", header->generation);
	json_put_number(to, "created", header->created);
	json_put_number(to, "pages", header->nr_pages);
	json_put_number(to, "disk_bytes", header->data_size + header->meta_size);
	json_put_text(to, "kernel", header->kernel_release);
	json_put_text(to, "description", slotstate_description(header, state).s);
	slotstate_json_seal(header, slots->domain[number], to);
	slotstate_json(header, state, to);
}

int slotstate_write(const struct area *area, uint32_t slot, const struct img_slot *header,
		    const struct img_state *state)
{
	uint64_t offset = area->header.slot[slot].offset + IMG_BLOCK;
	size_t size = part_block_size(&area->part, offset); /* a disk writes whole blocks */
	uint8_t block[IMG_BLOCK];

	if (part_read(&area->part, block, size, offset))
		return fail_read(area->part.path);
	img_state_encode(state, header->image_uuid, block);
	return part_write(&area->part, block, size, offset);
}
