// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#include "cipher.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static void need(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "cipher: %s failed\n", what);
	exit(1);
}

/* EVP_MAC is OpenSSL's only interface to HMAC that takes pieces and is not deprecated. */
static EVP_MAC_CTX *hmac_begin(const uint8_t key[IMG_KEY_SIZE])
{
	OSSL_PARAM param[] = { OSSL_PARAM_DEFN("digest", OSSL_PARAM_UTF8_STRING, NULL, 0),
			       OSSL_PARAM_END };
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	static char digest[] = "SHA256";

	param[0].data = digest;
	param[0].data_size = sizeof(digest) - 1;
	need(ctx && EVP_MAC_init(ctx, key, IMG_KEY_SIZE, param), "HMAC");
	EVP_MAC_free(mac);
	return ctx;
}

static bool hmac(void *context, const uint8_t key[IMG_KEY_SIZE], const struct img_bytes *part,
		 uint32_t parts, uint8_t ret_mac[IMG_KEY_SIZE])
{
	EVP_MAC_CTX *ctx = hmac_begin(key);
	size_t size;
	bool done = true;

	(void)context;
	for (uint32_t i = 0; i < parts && done; i++)
		done = EVP_MAC_update(ctx, part[i].data, part[i].size);
	done = done && EVP_MAC_final(ctx, ret_mac, &size, IMG_KEY_SIZE) && size == IMG_KEY_SIZE;
	EVP_MAC_CTX_free(ctx);
	return done;
}

const struct img_hmac cipher_hmac = { NULL, hmac };

/* EVP's lengths are int; a chunk is at most 1 MiB. */
static EVP_CIPHER_CTX *gcm_begin(const uint8_t key[IMG_KEY_SIZE], const uint8_t iv[IMG_IV_SIZE],
				 int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	need(ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv, encrypt), "AES-GCM");
	return ctx;
}

void cipher_seal(const uint8_t key[IMG_KEY_SIZE], const uint8_t iv[IMG_IV_SIZE], void *data,
		 uint32_t size, uint8_t ret_tag[IMG_TAG_SIZE])
{
	EVP_CIPHER_CTX *ctx = gcm_begin(key, iv, 1);
	uint8_t rest[16];
	int done;

	need(EVP_CipherUpdate(ctx, data, &done, data, (int)size) && done == (int)size &&
		     EVP_CipherFinal_ex(ctx, rest, &done) &&
		     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, IMG_TAG_SIZE, ret_tag),
	     "encryption");
	EVP_CIPHER_CTX_free(ctx);
}

bool cipher_open(const uint8_t key[IMG_KEY_SIZE], const uint8_t iv[IMG_IV_SIZE], void *data,
		 uint32_t size, const uint8_t tag[IMG_TAG_SIZE])
{
	EVP_CIPHER_CTX *ctx = gcm_begin(key, iv, 0);
	uint8_t expected[IMG_TAG_SIZE], rest[16];
	bool good;
	int done;

	memcpy(expected, tag, sizeof(expected));
	need(EVP_CipherUpdate(ctx, data, &done, data, (int)size) && done == (int)size &&
		     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, IMG_TAG_SIZE, expected),
	     "decryption");
	good = EVP_CipherFinal_ex(ctx, rest, &done) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}
