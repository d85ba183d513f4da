/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The host's cryptography, OpenSSL's libcrypto: what BearSSL is to the loader. */
#ifndef IMGFMT_TESTS_CIPHER_H
#define IMGFMT_TESTS_CIPHER_H

#include <imgfmt/imgfmt.h>

extern const struct img_hmac cipher_hmac;

/* In place, with AES-256-GCM and without additional data.  An error ends the program. */
void cipher_seal(const uint8_t key[IMG_KEY_SIZE], const uint8_t iv[IMG_IV_SIZE], void *data,
		 uint32_t size, uint8_t ret_tag[IMG_TAG_SIZE]);

/* False: the tag is not that of the data, whose contents are then undefined. */
bool cipher_open(const uint8_t key[IMG_KEY_SIZE], const uint8_t iv[IMG_IV_SIZE], void *data,
		 uint32_t size, const uint8_t tag[IMG_TAG_SIZE]);

#endif
