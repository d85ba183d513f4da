// SPDX-License-Identifier: GPL-2.0-only
/*
 * Header and state are adjacent at the start of a slot.  Process context, also with tasks frozen.
 */
#include <linux/errno.h>

#include "held.h"
#include "slot.h"
#include "volume.h"

static u64 slot_position(const struct target *target, unsigned int slot)
{
	return target->area.slot[slot].offset;
}

/* What is wrong with the header; DISK_READ also if memory is short. */
static enum img_reason slot_read(const struct target *target, unsigned int slot,
				 u64 *ret_generation)
{
	struct img_slot *header = held_kcalloc(1, sizeof(*header));
	void *block = held_pages(0);
	enum img_reason reason = IMG_E_DISK_READ;

	if (header && block &&
	    !volume_read(&target->volume, slot_position(target, slot), block, IMG_BLOCK))
		reason = img_slot_decode(block, &target->area, slot, header, NULL);
	if (!reason)
		*ret_generation = header->generation;
	held_pages_free(block, 0);
	held_kfree(header);
	return reason;
}

u64 slot_generation(const struct target *target, unsigned int slot)
{
	u64 generation = 0;

	(void)slot_read(target, slot, &generation);
	return generation;
}

bool slot_holds_none(const struct target *target, unsigned int slot)
{
	u64 ignored;
	enum img_reason reason = slot_read(target, slot, &ignored);

	return reason && reason != IMG_E_DISK_READ;
}

int slot_erase(const struct target *target, unsigned int slot)
{
	void *zeroes = held_pages(1);
	int error = -ENOMEM;

	if (zeroes)
		error = volume_write(&target->volume, slot_position(target, slot), zeroes,
				     2 * IMG_BLOCK);
	if (!error)
		error = volume_flush(&target->volume);
	held_pages_free(zeroes, 1);
	return error;
}

int slot_write_state(const struct target *target, unsigned int slot, const u8 image_uuid[16])
{
	struct img_state state = { .valid = true };
	void *block = held_pages(0);
	int error = -ENOMEM;

	if (block) {
		img_state_encode(&state, image_uuid, block);
		error = volume_write(&target->volume, slot_position(target, slot) + IMG_BLOCK,
				     block, IMG_BLOCK);
	}
	held_pages_free(block, 0);
	return error;
}

int slot_write_header(const struct target *target, unsigned int slot, const struct img_slot *header)
{
	void *block = held_pages(0);
	int error = -ENOMEM;

	if (block) {
		img_slot_encode(header, block);
		error = volume_write(&target->volume, slot_position(target, slot), block,
				     IMG_BLOCK);
	}
	held_pages_free(block, 0);
	return error;
}
