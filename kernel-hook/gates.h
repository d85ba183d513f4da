/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gates: what must hold for a snapshot to be safe.  All are looked at, and
 * every obstacle is reported, before anything is frozen.
 */
#ifndef HOOK_GATES_H
#define HOOK_GATES_H

#include "report.h"
#include "target.h"

/* target: as far as it was found, for its swap and its size; name "" if it was not. */
void gates_check(const struct target *target, struct report *report);

/*
 * The file systems once more, with the tasks frozen: between the first look and
 * the freeze something could have been mounted.
 */
void gates_check_frozen(struct report *report);

#endif
