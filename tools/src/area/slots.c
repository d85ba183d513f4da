// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/slots.h"

#include <errno.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/text.h"

static void read_slot(struct slots *slots, uint32_t i)
{
	const struct area *area = slots->area;
	enum img_reason reason = image_read_slot(area, i, &slots->header[i], &slots->detail[i]);

	if (!reason)
		reason = image_read_state(area, i, &slots->header[i], &slots->state[i], NULL);
	slots->whole[i] = slots->usable[i] = reason;
	if (reason)
		return;
	slots->rank[i] = img_slot_rank(&slots->header[i], &slots->state[i]);
	/* The loader looks at the seal only after it has chosen. */
	if (img_slot_is_sealed(&slots->header[i]))
		(void)image_read_domain(area, i, &slots->header[i], &slots->domain[i]);
	slots->usable[i] =
		img_state_check(&slots->header[i], &slots->state[i], i, &slots->detail[i]);
}

int slots_read(const struct area *area, struct slots *ret_slots)
{
	enum img_reason ignored;
	int error = 0;

	*ret_slots = (struct slots){ .area = area, .nr = area->header.nr_slots, .next = -1 };
	for (uint32_t i = 0; i < area->header.nr_slots; i++) {
		read_slot(ret_slots, i);
		if (ret_slots->whole[i] == IMG_E_DISK_READ)
			error = errno;
	}
	if (error) {
		errno = error;
		return -1;
	}
	ret_slots->next =
		img_slot_choose(ret_slots->usable, ret_slots->rank, ret_slots->nr, -1, &ignored);
	return 0;
}

int slots_read_all(const struct area *area, struct slots *ret_slots)
{
	return slots_read(area, ret_slots) ? fail_read(area->part.path) : 0;
}

static int refuse(const struct slots *slots, uint32_t slot, enum img_reason reason,
		  const struct img_detail *detail)
{
	return image_fail(reason, detail, image_where(slots->area, slot).s);
}

enum img_reason slots_find(const struct slots *slots, int wanted, uint32_t *ret_slot)
{
	enum img_reason reason = IMG_OK;
	int slot = img_slot_choose(slots->usable, slots->rank, slots->nr, wanted, &reason);

	if (slot >= 0) {
		*ret_slot = (uint32_t)slot;
		return IMG_OK;
	}
	if (wanted >= 0)
		*ret_slot = (uint32_t)wanted;
	else
		*ret_slot = slots->usable[0] != reason;
	return reason;
}

int slots_choose(const struct slots *slots, int wanted, uint32_t *ret_slot)
{
	enum img_reason reason = slots_find(slots, wanted, ret_slot);

	return reason ? refuse(slots, *ret_slot, reason, &slots->detail[*ret_slot]) : 0;
}

uint64_t slots_highest_rank(const struct slots *slots, int but)
{
	uint64_t highest = 0;

	for (uint32_t i = 0; i < slots->nr; i++) {
		if ((int)i != but && slots->rank[i] > highest)
			highest = slots->rank[i];
	}
	return highest;
}

int slots_rank_above(const struct slots *slots, uint32_t slot, uint64_t highest, uint64_t *ret_rank)
{
	struct img_detail detail;
	enum img_reason reason = img_rank_above(highest, ret_rank, &detail);

	return reason ? refuse(slots, slot, reason, &detail) : 0;
}
