/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fresh random bytes. */
#ifndef SEED_H
#define SEED_H

#include <imgfmt/format.h>
#include <imgfmt/handoff.h>

/* For the restored kernel; mixes in this start's handoff page, with its stamps. */
void seed_gather(const struct img_handoff *handoff, uint8_t ret_seed[IMG_SEED_SIZE]);

/* For a secret or a nonce, which tells nothing of the seed.  False: HMAC failed. */
bool seed_key(const struct img_handoff *handoff, uint8_t ret_key[IMG_KEY_SIZE]);

#endif
