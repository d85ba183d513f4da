// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The slot state: how often an image was entered, whether it may be entered again, and its promoted
 * rank.  One sector, overwritten in place, so it may be torn: a torn state counts as none.  The
 * loader writes it too, so it belongs to the reader's side.
 */
#include <imgfmt/reader.h>

#include "internal.h"

static bool state_is_good(const struct img_state_disk *d, const uint8_t image_uuid[16])
{
	return !memcmp(d->magic, IMG_STATE_MAGIC, sizeof(d->magic)) &&
	       img_get64(d->csum) == img_port_xxh64(d, offsetof(struct img_state_disk, csum)) &&
	       !memcmp(d->image_uuid, image_uuid, sizeof(d->image_uuid)) &&
	       !(img_get32(d->flags) & ~IMG_STATE_CONSUMED) &&
	       img_text_is_padded(d->description, sizeof(d->description)) &&
	       img_is_zero(d->reserved, sizeof(d->reserved));
}

void img_state_decode(const void *sector, const uint8_t image_uuid[16], struct img_state *ret_state)
{
	const struct img_state_disk *d = sector;

	*ret_state = (struct img_state){ .valid = state_is_good(d, image_uuid) };
	if (!ret_state->valid)
		return;
	ret_state->restores = img_get64(d->restores);
	ret_state->attempts = img_get32(d->attempts);
	ret_state->consumed = img_get32(d->flags) & IMG_STATE_CONSUMED;
	ret_state->rank = img_get64(d->rank);
	memcpy(ret_state->description, d->description, sizeof(d->description));
}

void img_state_encode(const struct img_state *state, const uint8_t image_uuid[16], void *sector)
{
	struct img_state_disk *d = sector;

	memset(d, 0, sizeof(*d));
	memcpy(d->magic, IMG_STATE_MAGIC, sizeof(d->magic));
	memcpy(d->image_uuid, image_uuid, sizeof(d->image_uuid));
	d->restores = img_put64(state->restores);
	d->attempts = img_put32(state->attempts);
	d->flags = img_put32(state->consumed ? IMG_STATE_CONSUMED : 0);
	d->rank = img_put64(state->rank);
	img_text_put(d->description, state->description, sizeof(d->description));
	d->csum = img_put64(img_port_xxh64(d, offsetof(struct img_state_disk, csum)));
}

static enum img_reason state_refuse(struct img_detail *detail, enum img_reason reason,
				    const char *field, uint32_t number, uint64_t value,
				    uint64_t limit)
{
	return IMG_REFUSE(detail, reason, .object = "slot state", .field = field, .index = number,
			  .golden = value, .today = limit);
}

enum img_reason img_state_check(const struct img_slot *slot, const struct img_state *state,
				uint32_t number, struct img_detail *detail)
{
	if (slot->mode == IMG_MODE_ONCE) {
		if (!state->valid)
			return state_refuse(detail, IMG_E_STATE_DAMAGED, NULL, number, 0, 0);
		/* An image entered without the mark counts as consumed all the same. */
		if (state->consumed || state->restores)
			return state_refuse(detail, IMG_E_SLOT_CONSUMED, "restores", number,
					    state->restores, 0);
	}
	if (state->attempts >= IMG_MAX_ATTEMPTS)
		return state_refuse(detail, IMG_E_SLOT_QUARANTINED, "attempts", number,
				    state->attempts, IMG_MAX_ATTEMPTS);
	return IMG_OK;
}

struct img_state img_state_entered(const struct img_slot *slot, const struct img_state *state)
{
	struct img_state entered = *state;

	entered.valid = true;
	entered.restores += entered.restores != ~0ull;
	entered.attempts += entered.attempts != ~0u;
	entered.consumed = slot->mode == IMG_MODE_ONCE;
	return entered;
}

uint64_t img_slot_rank(const struct img_slot *slot, const struct img_state *state)
{
	return state->rank > slot->generation ? state->rank : slot->generation;
}

enum img_reason img_rank_above(uint64_t highest, uint64_t *ret_rank, struct img_detail *detail)
{
	if (highest == ~0ull) {
		if (detail)
			*detail = (struct img_detail){ .object = "slot header",
						       .field = "generation",
						       .golden = highest };
		return IMG_E_SLOT_FIELD;
	}
	*ret_rank = highest + 1;
	return IMG_OK;
}

const char *img_slot_description(const struct img_slot *slot, const struct img_state *state)
{
	return state->description[0] ? state->description : slot->description;
}
