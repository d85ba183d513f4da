/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verb destroys: it is shown first, and then confirmed. */
#ifndef FASTBOOTCTL_LOSS_H
#define FASTBOOTCTL_LOSS_H

#include "area/image.h"
#include "base/jsonout.h"

/*
 * Prints one line about the image in the slot; in JSON, an element of the array "lost".  False,
 * without output: the slot is empty.  *ret_lost: the element of an undamaged image, to which the
 * verb can add what else it knows; ret_lost may be NULL.
 */
bool loss_describe(const struct area *area, uint32_t slot, struct json_object **ret_lost);

/* yes: do not ask.  0, or the exit status after a report: not-confirmed. */
int loss_confirm(bool yes);

#endif
