/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gates: the conditions of a safe snapshot.  All are checked, and every obstacle is reported,
 * before anything is frozen.  docs/safety.md lists them.
 */
#ifndef HOOK_GATES_H
#define HOOK_GATES_H

#include <imgfmt/imgfmt.h>

#include "report.h"
#include "seal.h"
#include "survey.h"
#include "target.h"

/*
 * Writes out what block devices without a file system have in the page cache; changes nothing else.
 *
 * target: as far as it was found, for its swap and its size; name "" if not found.  survey:
 * prepared.  seal: see gate_seal.
 */
void gates_check(const struct target *target, enum img_mode mode, struct survey *survey,
		 struct seal *seal, struct report *report);

/*
 * With the tasks frozen, checks what can have changed since: something could have been mounted,
 * claimed or written between the first look and the freeze.
 */
void gates_check_frozen(enum img_mode mode, struct survey *survey, struct report *report);

/*
 * After the copy of memory, for which the kernel may have swapped some of it out (mm/vmscan.c,
 * shrink_all_memory): swapped-out pages are not in the image, and the swap space does not stay
 * unchanged.  Nor does an array that was written to meanwhile, of which the copy knows nothing.
 */
void gates_check_copied(const struct survey *survey, struct report *report);

#endif
