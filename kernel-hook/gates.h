/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gates: what must hold for a snapshot to be safe.  All are looked at, and
 * every obstacle is reported, before anything is frozen.  docs/safety.md lists them.
 */
#ifndef HOOK_GATES_H
#define HOOK_GATES_H

#include <imgfmt/imgfmt.h>

#include "report.h"
#include "survey.h"
#include "target.h"

/*
 * Writes out what block devices without a file system have in the page cache; changes
 * nothing else.
 *
 * target: as far as it was found, for its swap and its size; name "" if it was not.
 * survey: prepared.
 */
void gates_check(const struct target *target, enum img_mode mode, struct survey *survey,
		 struct report *report);

/*
 * With the tasks frozen, what can have changed since: between the first look and the
 * freeze something could have been mounted, claimed or written.
 */
void gates_check_frozen(enum img_mode mode, struct survey *survey, struct report *report);

/*
 * After memory was copied, for which the kernel may have swapped some of it out
 * (mm/vmscan.c, shrink_all_memory): such pages are not in the image, and the swap space
 * does not stay as it is.
 */
void gates_check_copied(const struct survey *survey, struct report *report);

#endif
