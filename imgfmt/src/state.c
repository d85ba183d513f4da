// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The slot state: how often an image was entered, and whether it may be once
 * more.  One sector, overwritten in place, so it may be torn: a state is whole or
 * it is none.  The loader writes it too, so this is the reader's side.
 */
#include <imgfmt/reader.h>

#include "internal.h"

static bool state_is_good(const struct img_state_disk *d, const uint8_t image_uuid[16])
{
	return !memcmp(d->magic, IMG_STATE_MAGIC, sizeof(d->magic)) &&
	       img_get64(d->csum) == img_port_xxh64(d, offsetof(struct img_state_disk, csum)) &&
	       !memcmp(d->image_uuid, image_uuid, sizeof(d->image_uuid)) &&
	       !(img_get32(d->flags) & ~IMG_STATE_CONSUMED) &&
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
		/* Whoever entered it without saying so has had it all the same. */
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
	return (struct img_state){
		.valid = true,
		.restores = state->restores + (state->restores != ~0ull),
		.attempts = state->attempts + (state->attempts != ~0u),
		.consumed = slot->mode == IMG_MODE_ONCE,
	};
}
