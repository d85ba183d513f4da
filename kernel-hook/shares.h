/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File systems of a server or of the host that this machine is a guest of.
 */
#ifndef HOOK_SHARES_H
#define HOOK_SHARES_H

#include <imgfmt/imgfmt.h>

#include "report.h"
#include "survey.h"

/*
 * Obstacles: those whose drivers do not survive a freeze; in a golden image also all that can be
 * written, for what is not written yet would be sent at each restore, and locks and leases are
 * claimed that the server has long given to others.  Works on a late survey, too.
 */
void gate_shares(const struct survey *survey, enum img_mode mode, struct report *report);

#endif
