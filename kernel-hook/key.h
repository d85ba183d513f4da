/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The key page that the loader left for this boot: docs/secure-boot.md.  It is reserved memory, in
 * no image, and stays where it is for as long as this kernel lives; each restore brings another
 * key.
 *
 * What is read from it with key_copy must not be in an image: only once memory has been copied, and
 * wiped before the tasks continue.
 */
#ifndef HOOK_KEY_H
#define HOOK_KEY_H

#include <linux/types.h>
#include <imgfmt/imgfmt.h>

/* When the module is loaded and unloaded. */
void key_find(void);
void key_forget(void);

/* Is there a key now?  Only then are its domain and its floor defined. */
bool key_exists(void);
enum img_seal_domain key_domain(void);
u64 key_floor(void);

/* Where the page is; 0: this boot has none. */
u64 key_phys(void);

/* Why there is no key, in words. */
const char *key_why_not(void);

/* The key page as it is; the caller wipes the copy.  False: there is no key any more. */
bool key_copy(struct img_key_page *ret_page);

/*
 * After a restore: the loader's key in the handoff becomes that of the page, and is wiped where it
 * was.  Without one the page is wiped: its key was that of another boot.
 */
void key_renew(struct img_key_page *fresh);

/* Before the machine is reset past all notifiers. */
void key_wipe(void);

#endif
