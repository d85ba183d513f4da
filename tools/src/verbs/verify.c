// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * verify: reads everything a restore would read, and checks it the way a restore would: area
 * header, slot header, state, sections, and every chunk, which is decoded as well.  It continues
 * past damage wherever what follows can still be found: a damaged table hides its image's chunks,
 * but not the other slot.
 *
 * The chunks of a sealed image are encrypted, and only the loader has the key: their checksums find
 * damage, but nothing is decoded, and whether somebody has changed the image remains open.
 *
 * The disks that the image depends on are compared, too, as the loader would: a change there is no
 * damage to the image, but prevents its restore.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "area/image.h"
#include "area/proofs.h"
#include "area/slotstate.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "base/text.h"
#include "verbs/verbs.h"

/* After this many damaged chunks of one image, the rest are only counted. */
#define MAX_CHUNK_REPORTS 20

enum proofs_wanted { PROOFS_OF_DEVICES, PROOFS_ALWAYS, PROOFS_NEVER };

struct request {
	const char *path;
	int slot; /* -1: all */
	enum proofs_wanted proofs;
};

static int want_proofs(void *request, const char *value)
{
	struct request *req = request;

	(void)value;
	req->proofs = PROOFS_ALWAYS;
	return 0;
}

static int want_no_proofs(void *request, const char *value)
{
	struct request *req = request;

	(void)value;
	req->proofs = PROOFS_NEVER;
	return 0;
}

const struct option_row verify_options[] = {
	OPTION_SLOT(struct request, slot, "only this slot (default: all)"),
	OPTION_PARSED("proofs", NULL, want_proofs,
		      "compare the disks even if the images are in a file"),
	OPTION_PARSED("no-proofs", NULL, want_no_proofs,
		      "do not compare the disks: they are another machine's"),
	{ 0 },
};

/* What the checks of all slots share. */
struct verify {
	const struct request *req;
	const struct area *area;
	struct image_buffers buffers;
	struct disks *disks;
	bool compare_proofs;
};

/* The check of one slot. */
struct check {
	struct verify *v;
	uint32_t slot;
	struct image_where where;
	struct img_slot header;
	struct img_state state;
	struct json_object *json;
	int status;
};

static void check_chunks(struct check *c, const struct img_meta *meta)
{
	bool sealed = img_slot_is_sealed(&c->header);
	uint64_t damaged = 0;

	for (uint64_t i = 0; i < meta->nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(meta, i);
		enum img_reason reason = (sealed ? image_check_chunk : image_read_chunk)(
			c->v->area, c->slot, &chunk, &c->v->buffers);

		if (reason && ++damaged <= MAX_CHUNK_REPORTS)
			c->status = fail_worse(c->status, image_fail_chunk(c->v->area, c->slot, i,
									   &chunk, reason));
	}
	if (damaged)
		out_text("slot %c: %" PRIu64 " of %" PRIu64 " chunks damaged\n", text_slot(c->slot),
			 damaged, meta->nr_chunks);
	json_put_number(c->json, "chunks", meta->nr_chunks);
	json_put_number(c->json, "chunks_damaged", damaged);
}

static void check_state(struct check *c)
{
	struct img_detail detail = { .object = "slot state" };
	enum img_reason reason;
	bool damaged;

	if (image_read_state(c->v->area, c->slot, &c->header, &c->state, &damaged)) {
		c->status = fail_worse(c->status, fail_read(c->where.s));
		return;
	}
	slotstate_json(&c->header, &c->state, c->json);
	reason = img_state_check(&c->header, &c->state, 0, NULL);
	if (damaged || reason == IMG_E_STATE_DAMAGED) {
		c->status = fail_worse(c->status,
				       fail_reason(IMG_E_STATE_DAMAGED, &detail, c->where.s));
	} else if (reason) {
		out_text("slot %c: ", text_slot(c->slot));
		slotstate_print_refusal("", &c->header, &c->state);
	}
}

static void proof_refused(void *ctx, enum img_reason reason, const struct img_detail *detail)
{
	struct check *c = ctx;
	struct img_detail reported = *detail;

	reported.golden = reported.today = 0; /* a digest helps no reader */
	c->status = fail_worse(c->status, image_fail(reason, &reported, c->where.s));
}

/* Not of a one-shot image after its restore: its system has written to the disks since. */
static void check_proofs(struct check *c, const struct img_meta *meta)
{
	struct proofs proofs = { .disks = c->v->disks, .own = &c->v->area->part };
	const char *why = NULL;

	if (c->header.mode == IMG_MODE_ONCE && (c->state.consumed || c->state.restores))
		why = "the one-shot image has already been restored";
	else if (c->v->req->proofs == PROOFS_NEVER)
		why = "--no-proofs";
	else if (!c->v->compare_proofs)
		why = "the image is in a file";
	if (why)
		out_text("slot %c: the disks were not compared: %s\n", text_slot(c->slot), why);
	json_put_bool(c->json, "proofs_compared", !why);
	if (!why)
		proofs_report(&proofs, meta, json_put_array(c->json, "proofs"), proof_refused, c);
}

static void check_image(struct check *c)
{
	_cleanup_meta_ struct image_meta meta = { .buf = NULL };
	struct img_detail detail = { 0 };
	enum img_reason reason;

	json_put_number(c->json, "generation", c->header.generation);
	json_put_number(c->json, "pages", c->header.nr_pages);
	check_state(c);
	reason = image_read_meta(c->v->area, c->slot, &c->header, &meta, &detail);
	if (reason) {
		c->status = fail_worse(c->status, image_fail(reason, &detail, c->where.s));
		return;
	}
	check_chunks(c, &meta.meta);
	if (!c->status)
		out_text("slot %c: good: generation %" PRIu64 ", %" PRIu64 " pages, %" PRIu64
			 " chunks\n",
			 text_slot(c->slot), c->header.generation, c->header.nr_pages,
			 meta.meta.nr_chunks);
	if (img_slot_is_sealed(&c->header))
		out_text("slot %c: sealed (%s); %s\n", text_slot(c->slot),
			 slotstate_seal(&c->header, meta.seal.domain), SEAL_NOT_CHECKED);
	slotstate_json_seal(&c->header, meta.seal.domain, c->json);
	json_put_bool(c->json, "good", !c->status);
	check_proofs(c, &meta.meta);
}

static int check_slot(struct verify *v, uint32_t slot, struct json_object *json)
{
	struct check c = { .v = v, .slot = slot, .json = json };
	struct img_detail detail = { 0 };
	enum img_reason reason;

	reason = image_read_slot(v->area, slot, &c.header, &detail);
	c.where = image_where(v->area, slot);
	json_put_slot(json, "slot", slot);
	json_put_text(json, "status", reason ? img_reason_code(reason) : "ok");
	if (reason == IMG_E_SLOT_EMPTY && v->req->slot < 0) {
		out_text("slot %c: empty\n", text_slot(slot));
		return 0;
	}
	if (reason)
		return image_fail(reason, &detail, c.where.s);
	check_image(&c);
	return c.status;
}

static int check_slots(struct verify *v)
{
	_cleanup_free_ void *stored = malloc(IMG_CHUNK_SIZE);
	_cleanup_free_ void *pages = malloc(IMG_CHUNK_SIZE);
	struct json_object *slots = json_put_array(out_json(), "slots");
	int status = 0;

	if (!stored || !pages)
		return fail_errno(FAIL_NO_MEMORY, "%s", v->area->part.path);
	v->buffers = (struct image_buffers){ stored, pages };
	for (uint32_t i = 0; i < v->area->header.nr_slots; i++) {
		if (v->req->slot < 0 || v->req->slot == (int)i)
			status = fail_worse(status, check_slot(v, i, json_append_object(slots)));
	}
	return status;
}

/* Images in a file are mostly another machine's. */
static bool compares_proofs(const struct request *req, const struct area *area)
{
	return req->proofs == PROOFS_ALWAYS ||
	       (req->proofs == PROOFS_OF_DEVICES && area_is_here(area));
}

static int verify(const struct request *req)
{
	const struct area_request request = { .verb = "verify",
					      .path = req->path,
					      .slot = req->slot };
	_cleanup_area_ struct area area = AREA_CLOSED;
	_cleanup_disks_ struct disks disks = { 0 };
	struct verify v = { .req = req, .area = &area, .disks = &disks };
	int status = area_open(&request, &area);

	if (status)
		return status;
	out_text("%s: area header: good\n", area.part.path);
	json_put_text(out_json(), "device", area.part.path);
	v.compare_proofs = compares_proofs(req, &area);
	if (v.compare_proofs)
		status = disks_open(&disks, true);
	return status ? status : check_slots(&v);
}

int verb_verify(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .slot = -1 };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	return status ? status : verify(&req);
}
