// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * describe: what people say about an image.  The text goes into the slot's state, because the
 * header is the image's commit and is never written again; the description that the image was taken
 * with stays there, and an empty text brings it back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "area/image.h"
#include "area/slotstate.h"
#include "base/fail.h"
#include "base/out.h"
#include "base/text.h"
#include "verbs/verbs.h"

struct request {
	const char *path;
	int slot;
	const char *text; /* NULL: show */
	bool dry_run;
};

struct target {
	struct img_slot header;
	struct img_state state;
	bool write;
};

static int parse_text(void *request, const char *value)
{
	struct request *req = request;

	req->text = value;
	return slotstate_check_description("describe: --text", value);
}

const struct option_row describe_options[] = {
	OPTION_SLOT(struct request, slot, "the image in this slot"),
	OPTION_PARSED("text", "TEXT", parse_text,
		      "the new description; empty: the one it was taken with"),
	OPTION_FLAG("dry-run", struct request, dry_run, "say what would be done, and stop"),
	{ 0 },
};

static int read_target(const struct request *req, const struct area *area, struct target *target)
{
	uint32_t slot = (uint32_t)req->slot;
	struct img_detail detail = { 0 };
	enum img_reason reason;

	reason = image_read_slot(area, slot, &target->header, &detail);
	if (!reason)
		reason = image_read_state(area, slot, &target->header, &target->state, NULL);
	if (reason)
		return image_fail(reason, &detail, image_where(area, slot).s);
	if (req->text && target->header.mode != IMG_MODE_GOLDEN)
		return fail(FAIL_NOT_GOLDEN,
			    "%s: only the loader writes the state of a one-shot image",
			    image_where(area, slot).s);
	return 0;
}

static void change(const struct request *req, struct target *target)
{
	struct img_state *state = &target->state;

	target->write = req->text && strcmp(req->text, state->description) != 0;
	if (!target->write)
		return;
	state->valid = true;
	snprintf(state->description, sizeof(state->description), "%s", req->text);
}

static void report(const struct request *req, const struct area *area, const struct target *target)
{
	const struct slot_description text = slotstate_description(&target->header, &target->state);
	const struct img_state none = { .valid = false };
	struct json_object *json = out_json();

	if (req->text)
		out_text("slot %c: generation %" PRIu64 " %s described as: ",
			 text_slot((unsigned int)req->slot), target->header.generation,
			 !target->write ? "is already"
			 : req->dry_run ? "would be"
					: "is now");
	out_text("%s\n", text.s);
	json_put_text(json, "device", area->part.path);
	json_put_bool(json, "written", target->write && !req->dry_run);
	json_put_slot(json, "slot", (uint32_t)req->slot);
	json_put_number(json, "generation", target->header.generation);
	json_put_text(json, "description", text.s);
	json_put_text(json, "taken_as", slotstate_description(&target->header, &none).s);
}

static enum part_access access_of(const struct request *req)
{
	if (!req->text)
		return PART_READ;
	return part_claim(req->dry_run);
}

static int describe(const struct request *req)
{
	const struct area_request request = {
		.verb = "describe", .path = req->path, .slot = req->slot, .access = access_of(req)
	};
	_cleanup_area_ struct area area = AREA_CLOSED;
	struct target target;
	int status = area_open(&request, &area);

	if (!status)
		status = read_target(req, &area, &target);
	if (status)
		return status;
	change(req, &target);
	if (target.write && !req->dry_run)
		status = slotstate_write(&area, (uint32_t)req->slot, &target.header, &target.state);
	if (!status)
		report(req, &area, &target);
	return status;
}

int verb_describe(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .slot = -1 };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	if (!status && req.slot < 0)
		status = fail(FAIL_USAGE, "describe: --slot is missing");
	return status ? status : describe(&req);
}
