/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A restored machine that must not continue.  Process context, before any task runs.
 */
#ifndef HOOK_REFUSAL_H
#define HOOK_REFUSAL_H

#include <linux/types.h>

#include "disks.h"

/*
 * Leaves the reason for the loader's next start, and resets the machine: does not return.  It is
 * not declared noreturn, because objtool accepts that only for functions of the same file and of
 * its own list (tools/objtool/noreturns.h), and warns if nothing follows the call.
 */
void refusal_of_disk(const struct img_area *area, u64 generation,
		     const struct disks_mismatch *mismatch);

#endif
