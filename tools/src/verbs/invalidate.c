// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * invalidate: erases images.  The header goes first and is flushed: from then on the slot is empty,
 * whatever happens to the state.
 */
#include "area/image.h"
#include "area/loss.h"
#include "base/fail.h"
#include "base/out.h"
#include "base/text.h"
#include "verbs/verbs.h"

struct request {
	const char *path;
	int slot; /* -1: all */
	bool yes, dry_run;
};

const struct option_row invalidate_options[] = {
	OPTION_SLOT(struct request, slot, "only this slot (default: all)"),
	OPTION_FLAG("yes", struct request, yes, "do not ask"),
	OPTION_FLAG("dry-run", struct request, dry_run, "say what would be lost, and stop"),
	{ 0 },
};

/* Chooses the slots to erase: those that were asked for and are not empty.  False: none. */
static bool describe(const struct request *req, const struct area *area,
		     bool ret_erase[IMG_MAX_SLOTS])
{
	struct json_object *json = out_json();
	bool loss = false;

	out_text("%s:\n", area->part.path);
	json_put_text(json, "device", area->part.path);
	json_put_bool(json, "dry_run", req->dry_run);
	(void)json_put_array(json, "erased");
	for (uint32_t i = 0; i < area->header.nr_slots; i++) {
		ret_erase[i] = false;
		if (req->slot >= 0 && req->slot != (int)i)
			continue;
		ret_erase[i] = loss_describe(area, i, NULL);
		if (!ret_erase[i])
			out_text("  slot %c:     empty\n", text_slot(i));
		loss |= ret_erase[i];
	}
	return loss;
}

static int erase_slot(const struct area *area, uint32_t slot)
{
	int status = image_erase_slot(area, slot);

	if (status)
		return status;
	out_text("slot %c: erased\n", text_slot(slot));
	json_append_text(json_array_of(out_json(), "erased"), slot ? "b" : "a");
	return 0;
}

static int erase(const struct area *area, const bool erase[IMG_MAX_SLOTS])
{
	int status = 0;

	for (uint32_t i = 0; i < area->header.nr_slots && !status; i++) {
		if (erase[i])
			status = erase_slot(area, i);
	}
	return status;
}

static int invalidate(const struct request *req)
{
	const struct area_request request = { .verb = "invalidate",
					      .path = req->path,
					      .slot = req->slot,
					      .access = part_claim(req->dry_run) };
	_cleanup_area_ struct area area = AREA_CLOSED;
	bool lost[IMG_MAX_SLOTS];
	int status;

	status = area_open(&request, &area);
	if (status)
		return status;
	if (!describe(req, &area, lost) || req->dry_run)
		return 0;
	status = loss_confirm(req->yes);
	return status ? status : erase(&area, lost);
}

int verb_invalidate(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .slot = -1 };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	return status ? status : invalidate(&req);
}
