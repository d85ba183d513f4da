// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the slot headers, picks a slot, reads and validates its sections. */
#include "loader.h"

static enum img_reason read_slot(struct loader *l, uint32_t number, void *block,
				 struct img_slot *ret_slot, struct img_detail *detail)
{
	if (!disk_read(&l->disk, l->area.slot[number].offset, IMG_BLOCK, block)) {
		*detail = (struct img_detail){ .object = "slot header", .index = number };
		return IMG_E_DISK_READ;
	}
	return img_slot_decode(block, &l->area, number, ret_slot, detail);
}

/* The state is a count; that it cannot be read is no reason to refuse. */
static void read_state(struct loader *l, void *block)
{
	uint64_t offset = l->area.slot[l->slot_number].offset + IMG_BLOCK;

	if (disk_read(&l->disk, offset, IMG_BLOCK, block))
		img_state_decode(block, l->slot.image_uuid, &l->state);
}

enum img_reason read_headers(struct loader *l)
{
	struct img_slot *slot = mem_alloc(l, IMG_MAX_SLOTS * sizeof(*slot));
	struct img_detail detail[IMG_MAX_SLOTS] = { 0 };
	enum img_reason reason[IMG_MAX_SLOTS], refusal;
	void *block = mem_alloc(l, IMG_BLOCK);
	uint32_t i;

	if (!slot || !block)
		return IMG_E_NO_MEMORY;
	for (i = 0; i < l->area.nr_slots; i++)
		reason[i] = read_slot(l, i, block, &slot[i], &detail[i]);

	l->slot_number = img_slot_choose(reason, slot, l->area.nr_slots, l->options.slot, &refusal);
	if (l->slot_number < 0) {
		for (i = 0; i < l->area.nr_slots; i++) {
			if (reason[i] == refusal)
				l->detail = detail[i];
		}
		return refusal;
	}
	l->slot = slot[l->slot_number];
	read_state(l, block);
	return IMG_OK;
}

enum img_reason read_sections(struct loader *l)
{
	uint64_t offset = l->area.slot[l->slot_number].offset + l->slot.meta_offset;
	void *meta = mem_alloc(l, l->slot.meta_size);

	if (!meta)
		return IMG_E_NO_MEMORY;
	if (!disk_read(&l->disk, offset, l->slot.meta_size, meta)) {
		l->detail = (struct img_detail){ .object = "sections" };
		return IMG_E_DISK_READ;
	}
	l->handoff.bytes_read += l->slot.meta_size;
	return img_meta_decode(&l->slot, meta, &l->meta, &l->detail);
}
