// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records the attempt on the disk before the jump.  From this record an image that
 * never comes up is quarantined, and a one-shot image is restored only once.
 *
 * The state has a block of its own between the slot header and the chunks.  The
 * loader writes the smallest unit that the medium can write, so that a torn write
 * costs the state and nothing else, and reads it back: some firmware has reported
 * success without writing anything.
 *
 * The disk may be in others' hands: that a sealed one-shot image has been entered, and how old an
 * image may be, is also kept in a variable, once the record is on the disk.
 */
#include "attempt.h"

#include <imgfmt/result.h>

#include "detail.h"
#include "loader.h"
#include "trust.h"
#include "volume.h"

static enum img_reason failed(struct loader *l, const char *step)
{
	l->detail = (struct img_detail){ .object = "slot state",
					 .index = (uint64_t)l->slot_number,
					 .field = step };
	detail_blame_area(l);
	return IMG_E_STATE_WRITE;
}

static enum img_reason remember(struct loader *l)
{
	if (!img_slot_is_sealed(&l->slot) ||
	    !img_history_accept(&l->trust.history, &l->slot, l->other_generation) ||
	    trust_remember(&l->trust.history))
		return IMG_OK;
	l->detail = (struct img_detail){ .object = "EFI variable", .field = IMG_HISTORY_VARIABLE };
	return IMG_E_STATE_WRITE;
}

enum img_reason attempt_record(struct loader *l)
{
	struct img_state entered = img_state_entered(&l->slot, &l->state);
	uint64_t at = l->area.slot[l->slot_number].offset + IMG_BLOCK;
	uint32_t unit = volume_unit(&l->volume, at);
	uint8_t *block = l->blocks, *back = l->blocks + IMG_BLOCK;

	memset(l->blocks, 0, LOADER_BLOCKS);
	img_state_encode(&entered, l->slot.image_uuid, block);
	if (!volume_write(&l->volume, at, unit, block))
		return failed(l, "write");
	if (!volume_flush(&l->volume))
		return failed(l, "flush");
	if (!volume_read(&l->volume, at, unit, back))
		return failed(l, "read back");
	if (memcmp(block, back, unit) != 0)
		return failed(l, "not what was written");
	l->state = entered;
	return remember(l);
}
