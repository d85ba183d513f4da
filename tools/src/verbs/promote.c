// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * promote and rollback: which of two images is restored next.
 *
 * The image of the higher rank comes first; docs/safety.md says why the rank is a field of the
 * slot's state.  Only the loader writes the state of a one-shot image, and no image is put before
 * one that waits for its restore: that one is the machine itself, asleep.
 */
#include <inttypes.h>
#include <stdio.h>

#include "area/slots.h"
#include "area/slotstate.h"
#include "base/fail.h"
#include "base/out.h"
#include "base/text.h"
#include "firmware/efivars.h"
#include "verbs/verbs.h"

struct request {
	const char *verb;
	const char *path;
	int slot; /* promote: this one; rollback: -1 */
	bool dry_run;
};

struct plan {
	struct slots slots;
	uint32_t slot;
	uint64_t rank; /* its new rank, or the present one */
	bool first;    /* it comes first already */
};

const struct option_row promote_options[] = {
	OPTION_SLOT(struct request, slot, "the image in this slot"),
	OPTION_FLAG("dry-run", struct request, dry_run, "say what would be done, and stop"),
	{ 0 },
};

const struct option_row rollback_options[] = {
	OPTION_FLAG("dry-run", struct request, dry_run, "say what would be done, and stop"),
	{ 0 },
};

/* Chooses the image that is not restored next. */
static int choose_other(struct plan *plan)
{
	uint32_t next;
	int status;

	if (plan->slots.nr < IMG_MAX_SLOTS)
		return fail(FAIL_SINGLE_SLOT, "%s: there is no other slot",
			    plan->slots.area->part.path);
	status = slots_choose(&plan->slots, -1, &next);
	return status ? status : slots_choose(&plan->slots, !next, &plan->slot);
}

static int choose_rank(struct plan *plan)
{
	uint64_t others = slots_highest_rank(&plan->slots, (int)plan->slot);

	plan->rank = plan->slots.rank[plan->slot];
	plan->first = plan->rank > others;
	return plan->first ? 0 : slots_rank_above(&plan->slots, plan->slot, others, &plan->rank);
}

static int check_modes(const struct plan *plan)
{
	const struct slots *slots = &plan->slots;

	if (slots->header[plan->slot].mode != IMG_MODE_GOLDEN)
		return fail(FAIL_NOT_GOLDEN, "%s: slot %c: a one-shot image cannot be promoted",
			    slots->area->part.path, text_slot(plan->slot));
	for (uint32_t i = 0; i < slots->nr && !plan->first; i++) {
		if (!slots->usable[i] && slots->header[i].mode == IMG_MODE_ONCE)
			return fail(FAIL_ONCE_WAITING,
				    "%s: slot %c holds a one-shot image, which comes before any "
				    "other",
				    slots->area->part.path, text_slot(i));
	}
	return 0;
}

static int make_plan(const struct request *req, const struct area *area, struct plan *plan)
{
	int status = slots_read_all(area, &plan->slots);

	if (!status)
		status = req->slot < 0 ? choose_other(plan)
				       : slots_choose(&plan->slots, req->slot, &plan->slot);
	if (!status)
		status = choose_rank(plan);
	return status ? status : check_modes(plan);
}

static int write_rank(const struct plan *plan)
{
	struct img_state state = plan->slots.state[plan->slot];

	state.valid = true;
	state.rank = plan->rank;
	return slotstate_write(plan->slots.area, plan->slot, &plan->slots.header[plan->slot],
			       &state);
}

/* The image that was restored next until now, if it is another one. */
static void put_replaced(const struct plan *plan, struct json_object *to)
{
	int next = plan->slots.next;

	if (next < 0 || next == (int)plan->slot) {
		json_put_text(to, "instead_of", NULL);
		return;
	}
	to = json_put_object(to, "instead_of");
	json_put_slot(to, "slot", (uint32_t)next);
	json_put_number(to, "generation", plan->slots.header[next].generation);
}

static void report(const struct request *req, const struct plan *plan)
{
	uint64_t generation = plan->slots.header[plan->slot].generation;
	struct json_object *json = out_json();

	out_text("slot %c: generation %" PRIu64 " %s\n", text_slot(plan->slot), generation,
		 plan->first	? "comes first already"
		 : req->dry_run ? "would come first"
				: "comes first");
	json_put_text(json, "device", plan->slots.area->part.path);
	json_put_bool(json, "written", !plan->first && !req->dry_run);
	json_put_slot(json, "slot", plan->slot);
	json_put_number(json, "generation", generation);
	json_put_number(json, "rank", plan->rank);
	put_replaced(plan, json);
}

/* With that option the loader takes that slot, whatever its rank, and no other. */
static int warn_of_entry(void)
{
	_cleanup_entry_ struct boot_entry entry = { 0 };
	char options[BOOT_MAX_OPTIONS + 1];
	int status = efivars_available() ? efivars_find_entry(&entry) : 0, slot;

	if (status)
		return status;
	efivars_entry_options(&entry, options);
	slot = boot_options_take_slot(options);
	if (slot >= 0)
		warning("the boot entry Boot%04X has the option slot=%c and restores no other "
			"slot, whichever comes first; to remove it: fastbootctl install "
			"--options '%s'",
			entry.number, 'a' + slot, options);
	return 0;
}

static int promote(const struct request *req)
{
	const struct area_request request = { .verb = req->verb,
					      .path = req->path,
					      .slot = req->slot,
					      .access = part_claim(req->dry_run) };
	_cleanup_area_ struct area area = AREA_CLOSED;
	struct plan plan = { 0 };
	int status = area_open(&request, &area);

	if (!status)
		status = make_plan(req, &area, &plan);
	if (!status && !plan.first && !req->dry_run)
		status = write_rank(&plan);
	if (!status)
		report(req, &plan);
	return status ? status : warn_of_entry();
}

int verb_promote(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .verb = verb->name, .slot = -1 };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	if (!status && req.slot < 0)
		status = fail(FAIL_USAGE, "promote: --slot is missing");
	return status ? status : promote(&req);
}

int verb_rollback(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .verb = verb->name, .slot = -1 };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	return status ? status : promote(&req);
}
