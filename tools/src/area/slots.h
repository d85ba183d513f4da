/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All slots of an area: what is in them, and which one the loader would take. */
#ifndef FASTBOOTCTL_SLOTS_H
#define FASTBOOTCTL_SLOTS_H

#include "area/image.h"

struct slots {
	const struct area *area;
	uint32_t nr;
	struct img_slot header[IMG_MAX_SLOTS]; /* valid if whole is IMG_OK, like state and rank */
	struct img_state state[IMG_MAX_SLOTS];
	uint64_t rank[IMG_MAX_SLOTS];		    /* see img_slot_rank(); else 0 */
	enum img_seal_domain domain[IMG_MAX_SLOTS]; /* 0: not sealed, or its seal is damaged */
	struct img_detail detail[IMG_MAX_SLOTS];
	enum img_reason whole[IMG_MAX_SLOTS];  /* is there an undamaged image? */
	enum img_reason usable[IMG_MAX_SLOTS]; /* and may it be restored? */
	int next; /* the slot that the loader takes if its boot entry names none; -1: none */
};

/*
 * area must outlive the slots.  0, or -1 with errno and no report: a slot cannot be read
 * (IMG_E_DISK_READ).  The other slots are filled in, but the loader would take none of them.
 */
int slots_read(const struct area *area, struct slots *ret_slots);

/* The same for a caller that needs all slots.  0, or the exit status after a report. */
int slots_read_all(const struct area *area, struct slots *ret_slots);

/*
 * The same as slots_choose(), without a report: IMG_OK, or the reason why no slot was chosen;
 * *ret_slot is then the slot to name.
 */
enum img_reason slots_find(const struct slots *slots, int wanted, uint32_t *ret_slot);

/*
 * Chooses the usable image of slot `wanted`, or the one of the highest rank if that is -1.  0, or
 * the exit status after a report.
 */
int slots_choose(const struct slots *slots, int wanted, uint32_t *ret_slot);

/* The highest rank of all slots except `but`; -1: of all. */
uint64_t slots_highest_rank(const struct slots *slots, int but);

/* img_rank_above() for the image of a slot.  0, or the exit status after a report. */
int slots_rank_above(const struct slots *slots, uint32_t slot, uint64_t highest,
		     uint64_t *ret_rank);

#endif
