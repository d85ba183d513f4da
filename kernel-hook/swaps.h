/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Swap space: swapped-out memory is not in the image, and the saved kernel continues to write to
 * its swap space.
 */
#ifndef HOOK_SWAPS_H
#define HOOK_SWAPS_H

#include "report.h"
#include "survey.h"
#include "target.h"

/* The text of /proc/swaps, for swaps_have; NULL if it cannot be read.  The caller frees it. */
char *swaps_text(void);

/* Is a device active as swap space?  text: may be NULL. */
bool swaps_have(const char *text, dev_t device);

/*
 * Obstacles: pages that are swapped out; the target active as swap; active swap that nothing proves
 * to be unchanged at a restore.  Takes what does prove it into the survey.
 */
void gate_swap(const struct target *target, struct survey *survey, struct report *report);

/* The target's own swap area reaches into the images.  block: IMG_BLOCK bytes, overwritten. */
void gate_swap_overlap(const struct survey *survey, const struct target *target, void *block,
		       struct report *report);

/* How much is free before memory is copied, for the check after the copy. */
void swaps_note(struct survey *survey);
void swaps_check_copied(const struct survey *survey, struct report *report);

#endif
