/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the firmware says about Secure Boot, and which images have had their time. */
#ifndef TRUST_H
#define TRUST_H

#include <imgfmt/seal.h>

/*
 * always: the option seal=always.  Without it and without Secure Boot it reads nothing else and
 * changes nothing.
 */
void trust_look(bool always, struct img_trust *ret_trust);

/* Must images be sealed, with the secret of trust_domain()? */
static inline bool trust_is_sealing(const struct img_trust *trust)
{
	return trust->secure_boot || trust->always;
}

static inline enum img_seal_domain trust_domain(const struct img_trust *trust)
{
	return trust->secure_boot ? IMG_SEAL_SECURE : IMG_SEAL_OPEN;
}

/* Keeps the history; false: the firmware could not. */
bool trust_remember(const struct img_history *history);

#endif
