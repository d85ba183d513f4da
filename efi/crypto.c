// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cryptography, by Debian's bearssl.  It runs on every processor: it neither allocates nor calls
 * the firmware, takes 2 KiB of stack, and needs SSE, as memcpy() does (libc.c).
 *
 * Without AES-NI and PCLMULQDQ, bearssl's plain C is constant-time too: no table is looked up by a
 * secret, and no branch depends on one.
 */
#include "crypto.h"

#include <bearssl_hmac.h>

/* More than the library's deepest frames: br_aes_ct64_ctr_run() and what it calls. */
#define STACK_USED 3072

/* The library leaves keys on the stack, below the frame of its caller. */
static void __attribute__((noinline)) wipe_stack(void)
{
	uint8_t used[STACK_USED];

	img_wipe(used, sizeof(used));
}

static bool hmac(void *ctx, const uint8_t key[IMG_KEY_SIZE], const struct img_bytes *part,
		 uint32_t parts, uint8_t ret_mac[IMG_KEY_SIZE])
{
	br_hmac_key_context keyed;
	br_hmac_context running;

	(void)ctx;
	br_hmac_key_init(&keyed, &br_sha256_vtable, key, IMG_KEY_SIZE);
	br_hmac_init(&running, &keyed, 0);
	for (uint32_t i = 0; i < parts; i++)
		br_hmac_update(&running, part[i].data, part[i].size);
	br_hmac_out(&running, ret_mac);
	img_wipe(&keyed, sizeof(keyed));
	img_wipe(&running, sizeof(running));
	wipe_stack();
	return true;
}

const struct img_hmac crypto_hmac = { .mac = hmac };

void crypto_cipher_init(const uint8_t key[IMG_KEY_SIZE], struct crypto_cipher *ret_cipher)
{
	const br_block_ctr_class *aes = br_aes_x86ni_ctr_get_vtable();
	br_ghash ghash = br_ghash_pclmul_get();

	if (!aes)
		aes = &br_aes_ct64_ctr_vtable;
	if (!ghash)
		ghash = br_ghash_ctmul64;
	aes->init(&ret_cipher->aes.vtable, key, IMG_KEY_SIZE);
	br_gcm_init(&ret_cipher->gcm, &ret_cipher->aes.vtable, ghash);
	wipe_stack();
}

bool crypto_open(const struct crypto_cipher *cipher, const uint8_t iv[IMG_IV_SIZE], void *data,
		 size_t size, const uint8_t tag[IMG_TAG_SIZE])
{
	br_gcm_context gcm = cipher->gcm;
	bool authentic;

	br_gcm_reset(&gcm, iv, IMG_IV_SIZE);
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, 0, data, size);
	authentic = br_gcm_check_tag(&gcm, tag);
	img_wipe(&gcm, sizeof(gcm));
	wipe_stack();
	return authentic;
}
