// SPDX-License-Identifier: GPL-2.0-or-later
/* inspect: what is in the images, from their tables; chunks are verify's business. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "area/image.h"
#include "base/fail.h"
#include "base/out.h"
#include "base/text.h"
#include "verbs/inspect.h"
#include "verbs/verbs.h"

struct request {
	const char *path;
	int slot; /* -1: all */
};

const struct option_row inspect_options[] = {
	OPTION_SLOT(struct request, slot, "only this slot (default: all)"),
	{ 0 },
};

static void collect(const struct part *part, const struct img_area *area, uint32_t number,
		    struct inspect_slot *slot)
{
	*slot = (struct inspect_slot){ .number = number };
	slot->reason = image_read_slot(part, area, number, &slot->header, &slot->detail);
	if (!slot->reason)
		slot->reason =
			image_read_state(part, area, number, &slot->header, &slot->state, NULL);
	if (!slot->reason)
		slot->reason = image_read_meta(part, area, number, &slot->header, &slot->meta,
					       &slot->detail);
	if (slot->reason)
		return;
	text_printable(slot->header.kernel_release);
	stats_collect(&slot->meta.meta, &slot->stats);
}

static int show(const struct request *req, const struct part *part, struct inspect_slot *slot,
		struct json_object *slots)
{
	if (out_is_json())
		inspect_json(slot, json_append_object(slots));
	else if (!slot->reason || slot->reason == IMG_E_SLOT_EMPTY)
		inspect_text(slot);
	if (!slot->reason || (slot->reason == IMG_E_SLOT_EMPTY && req->slot < 0))
		return 0;
	return image_fail(slot->reason, &slot->detail, image_where(part, slot->number).s);
}

static void show_area(const struct part *part, const struct img_area *area)
{
	struct json_object *json = out_json();

	out_text("%s: %s after %s of swap area, laid out %s\n", part->path, text_size(area->size).s,
		 text_size(area->offset).s, text_time(area->created, time(NULL)).s);
	json_put_text(json, "device", part->path);
	json_put_number(json, "partition_size", part->size);
	json = json_put_object(json, "area");
	json_put_uuid(json, "uuid", area->uuid);
	json_put_number(json, "offset", area->offset);
	json_put_number(json, "size", area->size);
	json_put_number(json, "created", area->created);
	json_put_number(json, "slots", area->nr_slots);
}

static int inspect_slots(const struct request *req, const struct part *part,
			 const struct img_area *area)
{
	struct json_object *slots = json_put_array(out_json(), "slots");
	int status = 0;

	for (uint32_t i = 0; i < area->nr_slots; i++) {
		struct inspect_slot slot;
		int shown;

		if (req->slot >= 0 && req->slot != (int)i)
			continue;
		collect(part, area, i, &slot);
		shown = show(req, part, &slot, slots);
		status = shown > status ? shown : status;
		image_meta_free(&slot.meta);
	}
	return status;
}

static int inspect(const struct request *req)
{
	_cleanup_part_ struct part part = PART_CLOSED;
	const struct image_request request = { .verb = "inspect",
					       .path = req->path,
					       .slot = req->slot };
	struct img_area area;
	int status = image_open(&request, &part, &area);

	if (status)
		return status;
	show_area(&part, &area);
	return inspect_slots(req, &part, &area);
}

int verb_inspect(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .slot = -1 };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	return status ? status : inspect(&req);
}
