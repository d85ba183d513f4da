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

/*
 * For what the firmware boots next, with a command line that anybody may have written: nothing, if
 * keys are for vetted kernels only.  Otherwise all or nothing.  handoff: of this start.
 */
void keypage_leave(const struct img_trust *trust, const struct img_handoff *handoff);

/*
 * For a kernel that the loader starts itself.  From the first one under Secure Boot on no other
 * gets a key, and the keys that others have had open nothing any more.
 */
void keypage_leave_vetted(struct img_trust *trust, const struct img_handoff *handoff);

/*
 * For a restored kernel, which has a page of its own: names that one to its module, which may be
 * loaded again.  Without it that module would find no key, and take images that are not sealed.
 */
void keypage_announce(uint64_t phys);
/* If the restore fails after all. */
void keypage_conceal(void);

#endif
