// SPDX-License-Identifier: GPL-2.0-or-later
/* inspect: what is in the images, from their tables; verify reads the chunks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "area/image.h"
#include "area/where.h"
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

static void collect(const struct area *area, uint32_t number, struct inspect_slot *slot)
{
	*slot = (struct inspect_slot){ .number = number };
	slot->reason = image_read_slot(area, number, &slot->header, &slot->detail);
	if (!slot->reason)
		slot->reason = image_read_state(area, number, &slot->header, &slot->state, NULL);
	if (!slot->reason)
		slot->reason =
			image_read_meta(area, number, &slot->header, &slot->meta, &slot->detail);
	if (slot->reason)
		return;
	text_printable(slot->header.kernel_release);
	stats_collect(&slot->meta.meta, &slot->stats);
}

static int show(const struct request *req, const struct area *area, struct inspect_slot *slot,
		struct json_object *slots)
{
	if (out_is_json())
		inspect_json(slot, json_append_object(slots));
	else if (!slot->reason || slot->reason == IMG_E_SLOT_EMPTY)
		inspect_text(slot);
	if (!slot->reason || (slot->reason == IMG_E_SLOT_EMPTY && req->slot < 0))
		return 0;
	return image_fail(slot->reason, &slot->detail, image_where(area, slot->number).s);
}

static void show_area(const struct area *area)
{
	const struct img_area *header = &area->header;
	struct json_object *json = out_json();

	out_text("%s: %s after %s of swap area, laid out %s\n", area->part.path,
		 text_size(header->size).s, text_size(header->offset).s,
		 text_time(header->created, time(NULL)).s);
	json_put_text(json, "device", area->part.path);
	json_put_number(json, "partition_size", area->part.size);
	json = json_put_object(json, "area");
	json_put_uuid(json, "uuid", header->uuid);
	json_put_number(json, "offset", header->offset);
	json_put_number(json, "size", header->size);
	json_put_number(json, "created", header->created);
	json_put_number(json, "slots", header->nr_slots);
	where_show_map(header, json);
}

static int inspect_slots(const struct request *req, const struct area *area)
{
	struct json_object *slots = json_put_array(out_json(), "slots");
	int status = 0;

	for (uint32_t i = 0; i < area->header.nr_slots; i++) {
		struct inspect_slot slot;

		if (req->slot >= 0 && req->slot != (int)i)
			continue;
		collect(area, i, &slot);
		status = fail_worse(status, show(req, area, &slot, slots));
		image_meta_free(&slot.meta);
	}
	return status;
}

static int inspect(const struct request *req)
{
	_cleanup_area_ struct area area = AREA_CLOSED;
	const struct area_request request = { .verb = "inspect",
					      .path = req->path,
					      .slot = req->slot };
	int status = area_open(&request, &area);

	if (status)
		return status;
	show_area(&area);
	return inspect_slots(req, &area);
}

int verb_inspect(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .slot = -1 };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	return status ? status : inspect(&req);
}
