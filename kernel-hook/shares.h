/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File systems of a server, or of the host of this virtual machine.
 */
#ifndef HOOK_SHARES_H
#define HOOK_SHARES_H

#include <imgfmt/imgfmt.h>

#include "report.h"
#include "survey.h"

/*
 * Obstacles: file systems whose drivers do not survive a freeze; in a golden image also all
 * writable ones, because each restore would send what was not written yet, and claim locks and
 * leases that the server gave to others long ago.  Accepts a late survey, too.
 */
void gate_shares(const struct survey *survey, enum img_mode mode, struct report *report);

#endif
