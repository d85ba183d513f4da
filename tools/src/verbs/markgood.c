// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mark-good: the image came up, so its attempts are 0 again.
 *
 * The loader counts an attempt before each jump, and does not restore an image that has
 * IMG_MAX_ATTEMPTS of them.  mark-good clears the count in the slot's state block; the number of
 * restores stays.  It reads the state before it claims the partition, so that an image that is good
 * already needs neither a write nor an unused partition.
 */
#include <inttypes.h>
#include <stdio.h>

#include "area/image.h"
#include "area/proofs.h"
#include "area/slotstate.h"
#include "base/attr.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "base/text.h"
#include "verbs/verbs.h"

struct request {
	const char *path;
	int slot; /* -1: the one this system was restored from */
	bool dry_run;
};

struct target {
	const struct area *area;
	uint32_t slot;
	struct img_slot header;
	struct img_state state;
};

const struct option_row mark_good_options[] = {
	OPTION_SLOT(struct request, slot,
		    "this slot (default: the one this system was restored from)"),
	OPTION_FLAG("dry-run", struct request, dry_run, "say what would be done, and stop"),
	{ 0 },
};

static int find_generation(const struct area *area, uint64_t generation, uint32_t *ret_slot)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < area->header.nr_slots; i++) {
		struct img_slot header;

		if (image_read_slot(area, i, &header, NULL) == IMG_OK &&
		    header.generation == generation) {
			*ret_slot = i;
			count++;
		}
	}
	if (count == 1)
		return 0;
	return fail(FAIL_NOT_RESTORED,
		    "%s holds %s image of generation %" PRIu64
		    ", which this system was restored from",
		    area->part.path, count ? "more than one" : "no", generation);
}

static int choose_slot(const struct request *req, const struct area *area, uint32_t *ret_slot)
{
	_cleanup_free_ char *text = NULL;
	uint64_t generation;
	int status;

	if (req->slot >= 0) {
		*ret_slot = (uint32_t)req->slot;
		return 0;
	}
	status = attr_read(ATTR_SNAPSHOT, &text);
	if (status)
		return status;
	if (!text)
		return fail(FAIL_NOT_RESTORED, "the module fastboot_snapshot is not loaded");
	if (!attr_restored(text, &generation))
		return fail(FAIL_NOT_RESTORED, "this system was not restored from an image");
	return find_generation(area, generation, ret_slot);
}

static int read_target(uint32_t slot, struct target *target)
{
	const struct area *area = target->area;
	struct img_detail detail = { 0 };
	enum img_reason reason;

	target->slot = slot;
	reason = image_read_slot(area, slot, &target->header, &detail);
	if (!reason)
		reason = image_read_state(area, slot, &target->header, &target->state, NULL);
	if (reason)
		return image_fail(reason, &detail, image_where(area, slot).s);
	if (target->header.mode != IMG_MODE_GOLDEN)
		return fail(FAIL_NOT_GOLDEN, "%s: a one-shot image is never called good",
			    image_where(area, slot).s);
	return 0;
}

static int find_target(const struct request *req, enum part_access access, struct area *area,
		       struct target *target)
{
	const struct area_request request = {
		.verb = "mark-good", .path = req->path, .slot = req->slot, .access = access
	};
	uint32_t slot;
	int status;

	status = area_open(&request, area);
	if (!status)
		status = choose_slot(req, area, &slot);
	target->area = area;
	return status ? status : read_target(slot, target);
}

static bool is_good(const struct target *target)
{
	return target->state.valid && target->state.attempts == 0;
}

static int write_state(const struct target *target)
{
	struct img_state good = target->state;

	good.valid = true;
	good.attempts = 0;
	return slotstate_write(target->area, target->slot, &target->header, &good);
}

static void report(const struct target *target, const char *what, bool written)
{
	struct json_object *json = out_json();

	out_text("slot %c: generation %" PRIu64 " %s\n", text_slot(target->slot),
		 target->header.generation, what);
	json_put_text(json, "device", target->area->part.path);
	json_put_slot(json, "slot", target->slot);
	json_put_number(json, "generation", target->header.generation);
	json_put_number(json, "attempts_before", target->state.attempts);
	json_put_bool(json, "written", written);
}

/*
 * A system whose disk is gone keeps running from its caches, and whatever asks for nothing new
 * looks well.  So this reads some of each disk past the caches.  Only for the running image: the
 * disks of another may be elsewhere.
 */
static int check_disks(const struct target *target)
{
	_cleanup_disks_ struct disks disks = { 0 };
	_cleanup_meta_ struct image_meta meta = { .buf = NULL };
	struct proofs proofs = { .disks = &disks, .own = &target->area->part };
	struct img_detail detail = { 0 };
	enum img_reason reason =
		image_read_meta(target->area, target->slot, &target->header, &meta, &detail);
	int status = reason ? 0 : disks_open(&disks, true);

	if (status)
		return status;
	if (!reason)
		reason = proofs_read(&proofs, &meta.meta, &detail);
	return reason ? image_fail(reason, &detail, image_where(target->area, target->slot).s) : 0;
}

/* Looks again at what was seen before the partition was claimed. */
static int claim_and_mark(const struct request *req)
{
	_cleanup_area_ struct area area = AREA_CLOSED;
	struct target target;
	int status;

	status = find_target(req, PART_CLAIM, &area, &target);
	if (!status)
		status = write_state(&target);
	if (!status)
		report(&target, "is good", true);
	return status;
}

static int mark_good(const struct request *req)
{
	_cleanup_area_ struct area area = AREA_CLOSED;
	struct target target;
	int status = find_target(req, PART_READ, &area, &target);

	if (status)
		return status;
	if (!is_good(&target) && req->slot < 0)
		status = check_disks(&target);
	if (status)
		return status;
	if (is_good(&target) || req->dry_run) {
		report(&target, is_good(&target) ? "is good already" : "would be called good",
		       false);
		return 0;
	}
	area_close(&area);
	return claim_and_mark(req);
}

int verb_mark_good(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .slot = -1 };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	return status ? status : mark_good(&req);
}
