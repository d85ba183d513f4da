// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The attempt, on the disk before the jump: what makes an image that never
 * comes up be left alone, and an image for one restore have it only once.
 *
 * The state block lies in a block of its own between the slot header and the
 * chunks.  The smallest unit the medium can write is written, so that a torn
 * write costs the state and nothing else.  What was written is read back:
 * firmware has been seen to succeed in writing nothing.
 */
#include "attempt.h"

#include "disk.h"
#include "loader.h"

static enum img_reason failed(struct loader *l, const char *step)
{
	l->detail = (struct img_detail){ .object = "slot state",
					 .index = (uint64_t)l->slot_number,
					 .field = step };
	return IMG_E_STATE_WRITE;
}

enum img_reason attempt_record(struct loader *l)
{
	struct img_state entered = img_state_entered(&l->slot, &l->state);
	uint64_t at = l->area.slot[l->slot_number].offset + IMG_BLOCK;
	uint8_t *block = l->blocks, *back = l->blocks + IMG_BLOCK;

	memset(l->blocks, 0, LOADER_BLOCKS);
	img_state_encode(&entered, l->slot.image_uuid, block);
	if (!disk_write(&l->disk, at, l->disk.block, block))
		return failed(l, "write");
	if (!disk_flush(&l->disk))
		return failed(l, "flush");
	if (!disk_read(&l->disk, at, l->disk.block, back))
		return failed(l, "read back");
	if (memcmp(block, back, l->disk.block) != 0)
		return failed(l, "not what was written");
	l->state = entered;
	return IMG_OK;
}
