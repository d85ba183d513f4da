/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the seal of an image needs of cryptography: HMAC-SHA256, and AES-256-GCM to open chunks. */
#ifndef CRYPTO_H
#define CRYPTO_H

#include <bearssl_aead.h>

#include <imgfmt/seal.h>

extern const struct img_hmac crypto_hmac;

/* AES-256-GCM under one key, for any number of messages on any processor.  Must not be moved. */
struct crypto_cipher {
	br_aes_gen_ctr_keys aes;
	br_gcm_context gcm; /* of no message yet */
};

/* With the processor's instructions if it has them.  To be wiped with img_wipe(). */
void crypto_cipher_init(const uint8_t key[IMG_KEY_SIZE], struct crypto_cipher *ret_cipher);

/*
 * Decrypts a message in place, in constant time.  False: the tag is not that of these bytes, and
 * what is in their place means nothing.
 */
bool crypto_open(const struct crypto_cipher *cipher, const uint8_t iv[IMG_IV_SIZE], void *data,
		 size_t size, const uint8_t tag[IMG_TAG_SIZE]);

#endif
