/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key of this boot, on a page for the module of the system that boots normally. */
#ifndef KEYPAGE_H
#define KEYPAGE_H

#include <imgfmt/seal.h>

/*
 * Removes the variable, whoever made it, and takes back the page that an earlier start of the
 * loader has left in this boot: the image may need it.
 */
void keypage_withdraw(void);

/* All or nothing.  handoff: of this start. */
void keypage_leave(const struct img_trust *trust, const struct img_handoff *handoff);

#endif
