// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the slots' headers and states, chooses a slot, reads and validates its sections. */
#include "image.h"

#include "alloc.h"
#include "detail.h"
#include "loader.h"
#include "refusal.h"
#include "seal.h"
#include "volume.h"

struct headers {
	struct img_slot slot[IMG_MAX_SLOTS];
	struct img_state state[IMG_MAX_SLOTS];
	uint64_t rank[IMG_MAX_SLOTS]; /* 0: no valid header */
	enum img_reason reason[IMG_MAX_SLOTS];
	struct img_detail detail[IMG_MAX_SLOTS];
};

static uint8_t *blocks_of(const struct loader *l, uint32_t i)
{
	return l->blocks + i * LOADER_BLOCKS;
}

/* False if the disk cannot be read: it is in doubt, whatever is in the other slot. */
static bool read_slot(struct loader *l, uint32_t i, struct headers *h)
{
	uint8_t *blocks = blocks_of(l, i);

	if (!volume_read(&l->volume, l->area.slot[i].offset, LOADER_BLOCKS, blocks)) {
		l->detail = (struct img_detail){ .object = "slot header", .index = i };
		detail_blame_area(l);
		return false;
	}
	h->reason[i] = img_slot_decode(blocks, &l->area, i, &h->slot[i], &h->detail[i]);
	if (h->reason[i] != IMG_OK)
		return true;
	img_state_decode(blocks + IMG_BLOCK, h->slot[i].image_uuid, &h->state[i]);
	h->rank[i] = img_slot_rank(&h->slot[i], &h->state[i]);
	h->reason[i] = img_state_check(&h->slot[i], &h->state[i], i, &h->detail[i]);
	return true;
}

/* Would slot i have been chosen but for its refusal?  With a damaged header: possibly, so yes. */
static bool passed_over(const struct loader *l, const struct headers *h, uint32_t i)
{
	if (h->reason[i] == IMG_OK || h->reason[i] == IMG_E_SLOT_EMPTY || l->options.slot >= 0)
		return false;
	return h->rank[i] == 0 || h->rank[i] >= h->rank[l->slot_number];
}

static void take(struct loader *l, const struct headers *h)
{
	uint32_t i;

	l->slot = h->slot[l->slot_number];
	l->state = h->state[l->slot_number];
	for (i = 0; i < l->area.nr_slots; i++) {
		if ((int)i != l->slot_number && h->rank[i] && img_slot_is_sealed(&h->slot[i]))
			l->other_generation = h->slot[i].generation;
		if (!passed_over(l, h, i))
			continue;
		l->passed_slot = i;
		l->passed = h->reason[i];
	}
}

/* Applies to an image in any state: a restore of the other image would meet the same disk. */
static enum img_reason check_refusal(struct loader *l, const struct headers *h)
{
	enum img_reason reason = IMG_OK;
	uint32_t i;

	for (i = 0; i < l->area.nr_slots && reason == IMG_OK; i++) {
		if (h->rank[i])
			reason = refusal_heed(l, &h->slot[i]);
	}
	return reason;
}

enum img_reason image_read_headers(struct loader *l)
{
	struct headers *h = alloc_pages(&l->memory, sizeof(*h));
	enum img_reason refusal;
	uint32_t i;

	l->blocks = alloc_pages(&l->memory, IMG_MAX_SLOTS * LOADER_BLOCKS);
	if (!h || !l->blocks)
		return IMG_E_NO_MEMORY;
	for (i = 0; i < l->area.nr_slots; i++) {
		if (!read_slot(l, i, h))
			return IMG_E_DISK_READ;
	}
	refusal = check_refusal(l, h);
	if (refusal != IMG_OK)
		return refusal;
	l->slot_number =
		img_slot_choose(h->reason, h->rank, l->area.nr_slots, l->options.slot, &refusal);
	if (l->slot_number >= 0) {
		take(l, h);
		return IMG_OK;
	}
	for (i = 0; i < l->area.nr_slots; i++) {
		if (h->reason[i] == refusal)
			l->detail = h->detail[i];
	}
	return refusal;
}

enum img_reason image_read_sections(struct loader *l)
{
	uint64_t offset = l->area.slot[l->slot_number].offset + l->slot.meta_offset;
	void *meta = alloc_pages(&l->memory, l->slot.meta_size);
	enum img_reason reason;

	if (!meta)
		return IMG_E_NO_MEMORY;
	if (!volume_read(&l->volume, offset, l->slot.meta_size, meta)) {
		l->detail = (struct img_detail){ .object = "sections" };
		detail_blame_area(l);
		return IMG_E_DISK_READ;
	}
	l->handoff.bytes_read += l->slot.meta_size;
	reason = seal_check(l, blocks_of(l, (uint32_t)l->slot_number), meta);
	if (reason != IMG_OK)
		return reason;
	return img_meta_decode(&l->slot, meta, &l->meta, &l->detail);
}
