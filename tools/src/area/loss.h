/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verb destroys: said first, then asked for. */
#ifndef FASTBOOTCTL_LOSS_H
#define FASTBOOTCTL_LOSS_H

#include "area/image.h"
#include "base/jsonout.h"

/*
 * One line about the image in the slot, one element of the array "lost" in JSON.  False, and
 * nothing is said: the slot is empty.  *ret_lost, where not NULL: the element of a whole image, for
 * what else the verb knows of it.
 */
bool loss_describe(const struct area *area, uint32_t slot, struct json_object **ret_lost);

/* yes: do not ask.  0, or the exit status after a report: not-confirmed. */
int loss_confirm(bool yes);

#endif
