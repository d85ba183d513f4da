/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The secrets of this machine, and the keys that follow from them. */
#ifndef SECRET_H
#define SECRET_H

#include <imgfmt/seal.h>

/* Of an image.  False: this machine has no such secret, or HMAC failed; nothing was written. */
bool secret_image_keys(const struct img_slot *slot, const struct img_seal *seal,
		       struct img_seal_keys *ret_keys);

/*
 * A fresh boot key, on its page.  Makes the secret if there is none, or one that is not the
 * loader's.  handoff: of this start.  False, and *ret_page is all zero: there is no key.
 */
bool secret_boot_key(const struct img_trust *trust, const struct img_handoff *handoff,
		     struct img_key_page *ret_page);

/*
 * Replaces it: all images and keys that follow from the old one are worth nothing.  handoff: of
 * this start.  False: it may still be there.
 */
bool secret_renew(enum img_seal_domain domain, const struct img_handoff *handoff);

#endif
