// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * optimise: the same image, compressed harder, in the other slot.
 *
 * The module compresses with LZ4's fast compressor while all tasks stand still; here there is time
 * for LZ4HC, whose output every LZ4 decoder reads, and which leaves less to read at each restore.
 * All obstacles are found before the first write: by then every chunk of the original has been read
 * and decoded.
 *
 * The copy is an image of its own, newer than any other: the loader takes it, and a system restored
 * from it reports a generation that no other image has, by which mark-good finds it.  Its counts
 * continue the original's, because it is the same memory: copying an image that does not come up
 * does not make it better.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "area/image.h"
#include "area/loss.h"
#include "area/recode.h"
#include "area/slots.h"
#include "area/slotstate.h"
#include "area/stats.h"
#include "base/attr.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "base/text.h"
#include "verbs/verbs.h"

/* LZ4HC's own range and default.  12 saves half a percent more than 9, in six times the time. */
#define LEVEL_MIN     3
#define LEVEL_MAX     12
#define LEVEL_DEFAULT 9

struct request {
	const char *path;
	int slot; /* -1: the one that the loader would take */
	int level;
	bool yes, dry_run;
};

/* What the area holds, and what will become of it. */
struct plan {
	struct slots slots;
	uint32_t from, to;
	uint64_t generation;
};

static int parse_level(void *request, const char *value)
{
	struct request *req = request;
	char *end;
	long level = strtol(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || level < LEVEL_MIN || level > LEVEL_MAX)
		return fail(FAIL_USAGE, "optimise: --level is %d to %d, not %s", LEVEL_MIN,
			    LEVEL_MAX, value);
	req->level = (int)level;
	return 0;
}

const struct option_row optimise_options[] = {
	OPTION_SLOT(struct request, slot,
		    "the image in this slot (default: the one that is restored next)"),
	OPTION_PARSED("level", "N", parse_level, "how hard to compress, 3 to 12 (default: 9)"),
	OPTION_FLAG("yes", struct request, yes,
		    "do not ask before the image in the other slot is lost"),
	OPTION_FLAG("dry-run", struct request, dry_run,
		    "compress, say what would be gained, write nothing"),
	{ 0 },
};

static int choose_slot(const struct request *req, struct plan *plan)
{
	int status = slots_choose(&plan->slots, req->slot, &plan->from);

	if (status)
		return status;
	plan->to = !plan->from;
	if (plan->slots.header[plan->from].mode != IMG_MODE_GOLDEN)
		return fail(FAIL_NOT_GOLDEN,
			    "%s: slot %c: a one-shot image is not copied, because there would then "
			    "be two",
			    plan->slots.area->part.path, text_slot(plan->from));
	return 0;
}

/* The generation of the running system's image, even if that is erased; 0: none. */
static int module_generation(uint64_t *ret_generation)
{
	_cleanup_free_ char *text = NULL;
	int status = attr_read(ATTR_DIR "generation", &text);

	*ret_generation = text ? strtoull(text, NULL, 10) : 0;
	return status;
}

/* The module numbers its next image in the same way. */
static int choose_generation(struct plan *plan)
{
	uint64_t rank = slots_highest_rank(&plan->slots, -1), generation;
	int status = module_generation(&generation);

	if (status)
		return status;
	if (generation > rank)
		rank = generation;
	return slots_rank_above(&plan->slots, plan->from, rank, &plan->generation);
}

static int make_plan(const struct request *req, const struct area *area, struct plan *plan)
{
	int status;

	if (area->header.nr_slots < IMG_MAX_SLOTS)
		return fail(FAIL_SINGLE_SLOT, "%s: there is no other slot for the copy",
			    area->part.path);
	status = slots_read_all(area, &plan->slots);
	if (!status)
		status = choose_slot(req, plan);
	return status ? status : choose_generation(plan);
}

static bool loses(const struct plan *plan)
{
	return plan->slots.whole[plan->to] != IMG_E_SLOT_EMPTY;
}

static bool loses_newer(const struct plan *plan)
{
	const struct img_slot *header = plan->slots.header;

	return !plan->slots.whole[plan->to] &&
	       header[plan->to].generation > header[plan->from].generation;
}

/* The copy replaces the image that would be restored next. */
static bool loses_next(const struct plan *plan)
{
	return plan->slots.next == (int)plan->to;
}

static void describe(const struct request *req, const struct plan *plan)
{
	const struct img_slot *header = &plan->slots.header[plan->from];
	struct json_object *lost;

	out_text("%s:\n", plan->slots.area->part.path);
	out_text("  image:      slot %c, generation %" PRIu64 ", ", text_slot(plan->from),
		 header->generation);
	slotstate_print_origin(header, &plan->slots.state[plan->from]);
	out_text("  copy:       slot %c, generation %" PRIu64 ", LZ4HC level %d\n",
		 text_slot(plan->to), plan->generation, req->level);
	(void)loss_describe(plan->slots.area, plan->to, &lost);
	json_put_bool(lost, "newer", loses_newer(plan));
	json_put_bool(lost, "restored_next", loses_next(plan));
	if (loses_newer(plan))
		out_text("  That image is newer than the one that is copied.\n");
	if (loses_next(plan))
		out_text("  That image is the one that would be restored next.\n");
}

static void put_image(struct json_object *to, uint32_t slot, const struct img_slot *header,
		      const struct stats *stats)
{
	json_put_slot(to, "slot", slot);
	json_put_number(to, "generation", header->generation);
	json_put_number(to, "stored_bytes", stats->bytes_stored);
	json_put_number(to, "disk_bytes", stats->bytes_on_disk);
	to = json_put_object(to, "chunks");
	json_put_number(to, "lz4", stats->chunks_lz4);
	json_put_number(to, "raw", stats->chunks_raw);
	json_put_number(to, "constant", stats->chunks_fill);
}

static void report(const struct request *req, const struct plan *plan, const struct recode *r)
{
	const struct img_meta copy = recode_copy(r);
	struct json_object *json = out_json();
	struct stats old, new;

	stats_collect(&r->meta.meta, &old);
	stats_collect(&copy, &new);
	if (req->dry_run)
		out_text("  would take: %s instead of %s\n", text_size(new.bytes_on_disk).s,
			 text_size(old.bytes_on_disk).s);
	else
		out_text("slot %c: generation %" PRIu64 ": written and compared with slot %c, %s "
			 "instead of %s\n",
			 text_slot(plan->to), plan->generation, text_slot(plan->from),
			 text_size(new.bytes_on_disk).s, text_size(old.bytes_on_disk).s);
	json_put_text(json, "device", r->area->part.path);
	json_put_bool(json, "written", !req->dry_run);
	json_put_number(json, "level", (uint64_t)req->level);
	put_image(json_put_object(json, "image"), plan->from, r->original, &old);
	put_image(json_put_object(json, "copy"), plan->to, &r->copy, &new);
}

static int copy_image(const struct request *req, const struct plan *plan, struct recode *r)
{
	int status = req->dry_run || !loses(plan) ? 0 : loss_confirm(req->yes);

	if (!status)
		status = recode_try(r, req->dry_run);
	if (!status && !req->dry_run)
		status = recode_write(r);
	if (!status)
		report(req, plan, r);
	return status;
}

static struct img_state copied_state(const struct img_state *state)
{
	struct img_state copy = *state;

	copy.valid = true;
	copy.consumed = false;
	return copy;
}

static int optimise_area(const struct request *req, const struct area *area)
{
	_cleanup_recode_ struct recode recode = { .area = area, .level = req->level };
	struct plan plan = { 0 };
	int status = make_plan(req, area, &plan);

	if (status)
		return status;
	recode.from = plan.from;
	recode.to = plan.to;
	recode.original = &plan.slots.header[plan.from];
	recode.state = copied_state(&plan.slots.state[plan.from]);
	recode.generation = plan.generation;
	status = recode_open(&recode);
	if (status)
		return status;
	describe(req, &plan);
	return copy_image(req, &plan, &recode);
}

static int optimise(const struct request *req)
{
	const struct area_request request = { .verb = "optimise",
					      .path = req->path,
					      .slot = req->slot,
					      .access = part_claim(req->dry_run) };
	_cleanup_area_ struct area area = AREA_CLOSED;
	int status = area_open(&request, &area);

	return status ? status : optimise_area(req, &area);
}

int verb_optimise(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .slot = -1, .level = LEVEL_DEFAULT };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	return status ? status : optimise(&req);
}
