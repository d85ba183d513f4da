// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * verify: read everything a restore would read, and check it the way a restore
 * would: area header, slot header, state, sections, and every chunk, which is
 * decoded as well.  It goes on behind damage wherever what follows can still be
 * found: a damaged table hides its image's chunks, but not the other slot.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "fail.h"
#include "image.h"
#include "io.h"
#include "slotstate.h"
#include "text.h"

/* Behind that many damaged chunks of one image, the rest are only counted. */
#define MAX_CHUNK_REPORTS 20

struct request {
	const char *path;
	int slot; /* -1: all */
};

enum { OPT_SLOT = 1 };

const struct option_row verify_options[] = {
	{ "slot", "a|b", OPT_SLOT, "only this slot (default: all)" },
	{ 0 },
};

static int take_option(void *ctx, int key, const char *value)
{
	struct request *req = ctx;

	(void)key;
	if (!text_parse_slot(value, &req->slot))
		return fail(FAIL_USAGE, "verify: --slot is a or b, not %s", value);
	return 0;
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

static int check_chunks(const struct part *part, const struct img_area *area, uint32_t slot,
			const struct img_meta *meta, const struct image_buffers *buffers)
{
	uint64_t damaged = 0;
	int status = 0;

	for (uint64_t i = 0; i < meta->nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(meta, i);
		enum img_reason reason = image_read_chunk(part, area, slot, &chunk, buffers);

		if (reason && ++damaged <= MAX_CHUNK_REPORTS)
			status = worse(status, image_fail_chunk(part, slot, i, &chunk, reason));
	}
	if (damaged)
		printf("slot %c: %" PRIu64 " of %" PRIu64 " chunks damaged\n", text_slot(slot),
		       damaged, meta->nr_chunks);
	return status;
}

static int check_state(const struct part *part, const struct img_area *area, uint32_t slot,
		       const struct img_slot *header, const char *where)
{
	struct img_detail detail = { .object = "slot state" };
	struct img_state state;
	enum img_reason reason;
	bool damaged;

	if (image_read_state(part, area, slot, header, &state, &damaged))
		return fail_read(where);
	reason = img_state_check(header, &state, 0, NULL);
	if (damaged || reason == IMG_E_STATE_DAMAGED)
		return fail_reason(IMG_E_STATE_DAMAGED, &detail, where);
	if (reason) {
		printf("slot %c: ", text_slot(slot));
		slotstate_print_refusal("", header, &state);
	}
	return 0;
}

static int check_image(const struct part *part, const struct img_area *area, uint32_t slot,
		       const struct img_slot *header, const struct image_buffers *buffers,
		       const char *where)
{
	_cleanup_meta_ struct image_meta meta = { .buf = NULL };
	struct img_detail detail = { 0 };
	enum img_reason reason;
	int status;

	status = check_state(part, area, slot, header, where);
	reason = image_read_meta(part, area, slot, header, &meta, &detail);
	if (reason)
		return worse(status, image_fail(reason, &detail, where));
	status = worse(status, check_chunks(part, area, slot, &meta.meta, buffers));
	if (!status)
		printf("slot %c: good: generation %" PRIu64 ", %" PRIu64 " pages, %" PRIu64
		       " chunks\n",
		       text_slot(slot), header->generation, header->nr_pages, meta.meta.nr_chunks);
	return status;
}

static int check_slot(const struct request *req, const struct part *part,
		      const struct img_area *area, uint32_t slot,
		      const struct image_buffers *buffers)
{
	struct img_detail detail = { 0 };
	struct img_slot header;
	enum img_reason reason;
	char where[512];
	int error;

	reason = image_read_slot(part, area, slot, &header, &detail);
	error = errno;
	snprintf(where, sizeof(where), "%s: slot %c", part->path, text_slot(slot));
	errno = error;
	if (reason == IMG_E_SLOT_EMPTY && req->slot < 0) {
		printf("slot %c: empty\n", text_slot(slot));
		return 0;
	}
	if (reason)
		return image_fail(reason, &detail, where);
	return check_image(part, area, slot, &header, buffers, where);
}

static int check_slots(const struct request *req, const struct part *part,
		       const struct img_area *area)
{
	_cleanup_free_ void *stored = malloc(IMG_CHUNK_SIZE);
	_cleanup_free_ void *pages = malloc(IMG_CHUNK_SIZE);
	const struct image_buffers buffers = { stored, pages };
	int status = 0;

	if (!stored || !pages)
		return fail_errno(FAIL_NO_MEMORY, "%s", part->path);
	for (uint32_t i = 0; i < area->nr_slots; i++) {
		if (req->slot < 0 || req->slot == (int)i)
			status = worse(status, check_slot(req, part, area, i, &buffers));
	}
	return status;
}

static int verify(const struct request *req)
{
	_cleanup_part_ struct part part = PART_CLOSED;
	const struct image_request request = { .verb = "verify",
					       .path = req->path,
					       .slot = req->slot };
	struct img_area area;
	int status = image_open(&request, &part, &area);

	if (status)
		return status;
	printf("%s: area header: good\n", part.path);
	return check_slots(req, &part, &area);
}

int verb_verify(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .slot = -1 };
	int status = args_parse(verb, argc, argv, take_option, &req, &req.path);

	return status ? status : verify(&req);
}
