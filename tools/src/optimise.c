// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * optimise: the same image, compressed harder, in the other slot.
 *
 * The module compresses with LZ4's fast compressor while all tasks stand still;
 * here there is time for LZ4HC, whose output every LZ4 decoder reads, and there is
 * less of it to read at each restore.  All that can stand in the way is found out
 * before the first write: every chunk of the original was read and decoded by then.
 *
 * The copy is an image of its own, newer than any other: the loader takes it, and a
 * system restored from it reports a generation that no other image has, by which
 * mark-good finds it.  Its counts go on from the original's, since it is the same
 * memory: an image that does not come up gets no better by being copied.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "fail.h"
#include "image.h"
#include "io.h"
#include "jsonout.h"
#include "loss.h"
#include "recode.h"
#include "stats.h"
#include "sysattr.h"
#include "text.h"

/* LZ4HC's own range and default.  12 saves half a percent more than 9 and takes six times as long.
 */
#define LEVEL_MIN     3
#define LEVEL_MAX     12
#define LEVEL_DEFAULT 9

struct request {
	const char *path;
	int slot; /* -1: the one that the loader would take */
	int level;
	bool yes, dry_run, json;
};

/* What the area holds, and what is to come of it. */
struct plan {
	struct img_slot header[IMG_MAX_SLOTS];
	struct img_state state[IMG_MAX_SLOTS];
	struct img_detail detail[IMG_MAX_SLOTS];
	enum img_reason whole[IMG_MAX_SLOTS];  /* is there an image? */
	enum img_reason usable[IMG_MAX_SLOTS]; /* and may it be entered once more? */
	uint32_t from, to;
	uint64_t generation;
};

enum { OPT_SLOT = 1, OPT_LEVEL, OPT_YES, OPT_DRY_RUN, OPT_JSON };

const struct option_row optimise_options[] = {
	{ "slot", "a|b", OPT_SLOT, "the image in this slot (default: the one to be restored)" },
	{ "level", "N", OPT_LEVEL, "how hard to compress, 3 to 12 (default: 9)" },
	{ "yes", NULL, OPT_YES, "do not ask before the other slot's image is lost" },
	{ "dry-run", NULL, OPT_DRY_RUN, "compress, say what would be gained, write nothing" },
	{ "json", NULL, OPT_JSON, "print JSON" },
	{ 0 },
};

static int take_level(struct request *req, const char *value)
{
	char *end;
	long level = strtol(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || level < LEVEL_MIN || level > LEVEL_MAX)
		return fail(FAIL_USAGE, "optimise: --level is %d to %d, not %s", LEVEL_MIN,
			    LEVEL_MAX, value);
	req->level = (int)level;
	return 0;
}

static int take_option(void *ctx, int key, const char *value)
{
	struct request *req = ctx;

	switch (key) {
	case OPT_SLOT:
		if (!text_parse_slot(value, &req->slot))
			return fail(FAIL_USAGE, "optimise: --slot is a or b, not %s", value);
		return 0;
	case OPT_LEVEL:
		return take_level(req, value);
	case OPT_YES:
		req->yes = true;
		return 0;
	case OPT_DRY_RUN:
		req->dry_run = true;
		return 0;
	default:
		req->json = true;
		return 0;
	}
}

static int refuse(const struct part *part, uint32_t slot, enum img_reason reason,
		  const struct img_detail *detail)
{
	char where[512];

	snprintf(where, sizeof(where), "%s: slot %c", part->path, text_slot(slot));
	return image_fail(reason, detail, where);
}

/* A slot that cannot be read at all may hold the newest image: there is no going on. */
static int read_slot(const struct part *part, const struct img_area *area, uint32_t i,
		     struct plan *plan)
{
	enum img_reason reason = image_read_slot(part, area, i, &plan->header[i], &plan->detail[i]);

	plan->whole[i] = plan->usable[i] = reason;
	if (!reason)
		reason = image_read_state(part, area, i, &plan->header[i], &plan->state[i], NULL);
	if (reason == IMG_E_DISK_READ)
		return fail_read(part->path);
	if (!plan->whole[i])
		plan->usable[i] =
			img_state_check(&plan->header[i], &plan->state[i], i, &plan->detail[i]);
	return 0;
}

static int refuse_all(const struct request *req, const struct part *part, const struct plan *plan,
		      enum img_reason reason)
{
	uint32_t slot = 0;

	if (req->slot >= 0)
		slot = (uint32_t)req->slot;
	else if (plan->usable[0] != reason)
		slot = 1;
	return refuse(part, slot, reason, &plan->detail[slot]);
}

static int choose_slot(const struct request *req, const struct part *part, struct plan *plan)
{
	enum img_reason reason = IMG_OK;
	int slot = img_slot_choose(plan->usable, plan->header, IMG_MAX_SLOTS, req->slot, &reason);

	if (slot < 0)
		return refuse_all(req, part, plan, reason);
	plan->from = (uint32_t)slot;
	plan->to = !plan->from;
	if (plan->header[slot].mode != IMG_MODE_GOLDEN)
		return fail(FAIL_NOT_GOLDEN,
			    "%s: slot %c: an image for one restore is not copied, or there would "
			    "be two",
			    part->path, text_slot(plan->from));
	return 0;
}

/* What the running system calls its image, even if that is erased: 0 if it has none. */
static int module_generation(uint64_t *ret_generation)
{
	_cleanup_free_ char *text = NULL;
	int status = sysattr_read(SYSATTR_DIR "generation", &text);

	*ret_generation = text ? strtoull(text, NULL, 10) : 0;
	return status;
}

/* The module numbers its next image in the same way. */
static int choose_generation(const struct part *part, struct plan *plan)
{
	uint64_t newest;
	int status = module_generation(&newest);

	if (status)
		return status;
	for (uint32_t i = 0; i < IMG_MAX_SLOTS; i++) {
		if (!plan->whole[i] && plan->header[i].generation > newest)
			newest = plan->header[i].generation;
	}
	plan->generation = newest + 1;
	if (!plan->generation) {
		const struct img_detail detail = { .object = "slot header",
						   .field = "generation",
						   .golden = newest };

		return refuse(part, plan->from, IMG_E_SLOT_FIELD, &detail);
	}
	return 0;
}

static int make_plan(const struct request *req, const struct part *part,
		     const struct img_area *area, struct plan *plan)
{
	int status = 0;

	if (area->nr_slots < IMG_MAX_SLOTS)
		return fail(FAIL_SINGLE_SLOT, "%s: there is no other slot for the copy",
			    part->path);
	for (uint32_t i = 0; i < IMG_MAX_SLOTS && !status; i++)
		status = read_slot(part, area, i, plan);
	if (!status)
		status = choose_slot(req, part, plan);
	return status ? status : choose_generation(part, plan);
}

static bool loses(const struct plan *plan)
{
	return plan->whole[plan->to] != IMG_E_SLOT_EMPTY;
}

static bool loses_newer(const struct plan *plan)
{
	return !plan->whole[plan->to] &&
	       plan->header[plan->to].generation > plan->header[plan->from].generation;
}

static void describe(const struct request *req, const struct part *part,
		     const struct img_area *area, const struct plan *plan)
{
	const struct img_slot *header = &plan->header[plan->from];
	char description[sizeof(header->description)];

	memcpy(description, header->description, sizeof(description));
	text_printable(description);
	printf("%s:\n", part->path);
	printf("  image:      slot %c, generation %" PRIu64 ", of %s%s%s\n", text_slot(plan->from),
	       header->generation, text_time(header->created, time(NULL)).s,
	       description[0] ? ": " : "", description);
	printf("  copy:       slot %c, generation %" PRIu64 ", LZ4HC level %d\n",
	       text_slot(plan->to), plan->generation, req->level);
	(void)loss_describe(part, area, plan->to);
	if (loses_newer(plan))
		printf("  That image is newer than the one that is copied.\n");
}

/* With --json standard output is for JSON alone, so that there is nobody to ask. */
static int confirm(const struct request *req, const struct plan *plan)
{
	if (!loses(plan))
		return 0;
	if (req->json && !req->yes)
		return fail(FAIL_NOT_CONFIRMED, "slot %c is not empty, and --json does not ask",
			    text_slot(plan->to));
	return loss_confirm(req->yes);
}

static void put_image(struct json_object *to, uint32_t slot, const struct img_slot *header,
		      const struct stats *stats)
{
	json_put_text(to, "slot", slot ? "b" : "a");
	json_put_number(to, "generation", header->generation);
	json_put_number(to, "stored_bytes", stats->bytes_stored);
	json_put_number(to, "disk_bytes", stats->bytes_on_disk);
	to = json_put_object(to, "chunks");
	json_put_number(to, "lz4", stats->chunks_lz4);
	json_put_number(to, "raw", stats->chunks_raw);
	json_put_number(to, "constant", stats->chunks_fill);
}

static void put_loss(struct json_object *to, const struct plan *plan)
{
	enum img_reason reason = plan->whole[plan->to];

	if (!loses(plan)) {
		json_put_text(to, "lost", NULL);
		return;
	}
	to = json_put_object(to, "lost");
	json_put_text(to, "status", reason ? img_reason_code(reason) : "ok");
	if (reason)
		return;
	json_put_number(to, "generation", plan->header[plan->to].generation);
	json_put_bool(to, "newer", loses_newer(plan));
}

static int report_json(const struct request *req, const struct plan *plan, const struct recode *r,
		       const struct stats *old, const struct stats *new)
{
	struct json_object *json = json_object_new_object();

	json_put_text(json, "device", r->part->path);
	json_put_bool(json, "written", !req->dry_run);
	json_put_number(json, "level", (uint64_t)req->level);
	put_image(json_put_object(json, "image"), plan->from, r->original, old);
	put_image(json_put_object(json, "copy"), plan->to, &r->copy, new);
	put_loss(json, plan);
	return json_print(json);
}

static int report(const struct request *req, const struct plan *plan, const struct recode *r)
{
	const struct img_meta copy = recode_copy(r);
	struct stats old, new;

	stats_collect(&r->meta.meta, &old);
	stats_collect(&copy, &new);
	if (req->json)
		return report_json(req, plan, r, &old, &new);
	if (req->dry_run)
		printf("  would take: %s instead of %s\n", text_size(new.bytes_on_disk).s,
		       text_size(old.bytes_on_disk).s);
	else
		printf("slot %c: generation %" PRIu64 ": written and compared with slot %c, %s "
		       "instead of %s\n",
		       text_slot(plan->to), plan->generation, text_slot(plan->from),
		       text_size(new.bytes_on_disk).s, text_size(old.bytes_on_disk).s);
	return 0;
}

static int copy_image(const struct request *req, const struct plan *plan, struct recode *r)
{
	int status = req->dry_run ? 0 : confirm(req, plan);

	if (!status)
		status = recode_try(r, req->dry_run);
	if (!status && !req->dry_run)
		status = recode_write(r);
	return status ? status : report(req, plan, r);
}

static struct img_state copied_state(const struct img_state *state)
{
	return (struct img_state){ .valid = true,
				   .restores = state->restores,
				   .attempts = state->attempts };
}

static int optimise_area(const struct request *req, const struct part *part,
			 const struct img_area *area)
{
	_cleanup_recode_ struct recode recode = { .part = part, .area = area, .level = req->level };
	struct plan plan = { 0 };
	int status = make_plan(req, part, area, &plan);

	if (status)
		return status;
	recode.from = plan.from;
	recode.to = plan.to;
	recode.original = &plan.header[plan.from];
	recode.state = copied_state(&plan.state[plan.from]);
	recode.generation = plan.generation;
	status = recode_open(&recode);
	if (status)
		return status;
	if (!req->json)
		describe(req, part, area, &plan);
	return copy_image(req, &plan, &recode);
}

static int optimise(const struct request *req)
{
	const struct image_request request = { .verb = "optimise",
					       .path = req->path,
					       .slot = req->slot,
					       .access = req->dry_run ? PART_CLAIM_READ
								      : PART_CLAIM };
	_cleanup_part_ struct part part = PART_CLOSED;
	struct img_area area;
	int status = image_open(&request, &part, &area);

	return status ? status : optimise_area(req, &part, &area);
}

int verb_optimise(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .slot = -1, .level = LEVEL_DEFAULT };
	int status = args_parse(verb, argc, argv, take_option, &req, &req.path);

	return status ? status : optimise(&req);
}
