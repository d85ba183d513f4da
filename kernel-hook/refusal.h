/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A restored machine that must not go on.  Process context, before any task runs.
 */
#ifndef HOOK_REFUSAL_H
#define HOOK_REFUSAL_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "disks.h"

/* Leaves the reason to the loader's next start, and resets the machine. */
void __noreturn refusal_of_disk(const struct img_area *area, u64 generation,
				const struct disks_stranger *stranger);

#endif
