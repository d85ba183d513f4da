/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A slot of the open target: its header and its state.
 */
#ifndef HOOK_SLOT_H
#define HOOK_SLOT_H

#include <imgfmt/imgfmt.h>

#include "target.h"

/* Of the image in it; 0: no image, or unreadable. */
u64 slot_generation(const struct target *target, unsigned int slot);

/* True if it has been read and no image is in it. */
bool slot_holds_none(const struct target *target, unsigned int slot);

/*
 * Leaves an empty slot, durably.  0 or a negative errno, after which it may still hold its old
 * image.
 */
int slot_erase(const struct target *target, unsigned int slot);

/* A new state, of an image that nobody has entered.  Not flushed. */
int slot_write_state(const struct target *target, unsigned int slot, const u8 image_uuid[16]);

/* The header.  Not flushed. */
int slot_write_header(const struct target *target, unsigned int slot,
		      const struct img_slot *header);

#endif
