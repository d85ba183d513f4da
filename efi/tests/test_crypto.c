// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Known answers of the loader's cryptography, from the objects that the loader is linked with:
 * with the processor's instructions, if this host has them, and without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto.h"

#define LONG_SIZE 4099 /* several of the library's strides, and a part of a block */

/* The linker's --wrap puts these before the library's own. */
const br_block_ctr_class *__wrap_br_aes_x86ni_ctr_get_vtable(void);
const br_block_ctr_class *__real_br_aes_x86ni_ctr_get_vtable(void);
br_ghash __wrap_br_ghash_pclmul_get(void);
br_ghash __real_br_ghash_pclmul_get(void);

static bool plain; /* pretend that the processor has neither */

const br_block_ctr_class *__wrap_br_aes_x86ni_ctr_get_vtable(void)
{
	return plain ? NULL : __real_br_aes_x86ni_ctr_get_vtable();
}

br_ghash __wrap_br_ghash_pclmul_get(void)
{
	return plain ? NULL : __real_br_ghash_pclmul_get();
}

static int with_instructions(void **state)
{
	(void)state;
	plain = false;
	return 0;
}

static int without_instructions(void **state)
{
	(void)state;
	plain = true;
	return 0;
}

/* Returns the number of bytes. */
static size_t bytes(const char *hex, uint8_t *ret)
{
	size_t i, size = strlen(hex) / 2;

	for (i = 0; i < size; i++) {
		const char digits[] = { hex[2 * i], hex[2 * i + 1], 0 };

		ret[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return size;
}

/* Without these, both groups of tests would be the same. */
static void test_host(void **state)
{
	(void)state;
	if (!__builtin_cpu_supports("aes") || !__builtin_cpu_supports("pclmul"))
		skip();
	assert_non_null(__real_br_aes_x86ni_ctr_get_vtable());
	assert_non_null(__real_br_ghash_pclmul_get());
}

/*
 * McGrew and Viega, "The Galois/Counter Mode of Operation", to NIST: the test cases of AES-256
 * without additional data, 13 to 15.
 */
static const struct {
	const char *key, *iv, *plain, *sealed, *tag;
} gcm_case[] = {
	{ "0000000000000000000000000000000000000000000000000000000000000000",
	  "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "0000000000000000000000000000000000000000000000000000000000000000",
	  "000000000000000000000000", "00000000000000000000000000000000",
	  "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "cafebabefacedbaddecaf888",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
	  "b094dac5d93471bdec1a502270e3cc6c" },
};

static void test_known_answers(void **state)
{
	uint8_t key[IMG_KEY_SIZE], iv[IMG_IV_SIZE], tag[IMG_TAG_SIZE], data[64], expected[64];
	struct crypto_cipher cipher;
	size_t i, size;

	(void)state;
	for (i = 0; i < sizeof(gcm_case) / sizeof(*gcm_case); i++) {
		assert_int_equal(bytes(gcm_case[i].key, key), sizeof(key));
		assert_int_equal(bytes(gcm_case[i].iv, iv), sizeof(iv));
		assert_int_equal(bytes(gcm_case[i].tag, tag), sizeof(tag));
		size = bytes(gcm_case[i].sealed, data);
		assert_int_equal(bytes(gcm_case[i].plain, expected), size);
		crypto_cipher_init(key, &cipher);
		if (plain)
			assert_ptr_equal(cipher.aes.vtable, &br_aes_ct64_ctr_vtable);
		assert_true(crypto_open(&cipher, iv, data, size, tag));
		assert_memory_equal(data, expected, size);
	}
}

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 3);
}

static const uint8_t long_iv[IMG_IV_SIZE] = { 0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce,
					      0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88 };

/* By OpenSSL 3.0.19: the pattern under the key 00 01 ... 1f, with that IV. */
static const uint8_t long_tag[IMG_TAG_SIZE] = { 0xb7, 0x7f, 0xd4, 0x33, 0x68, 0x26, 0xab, 0xca,
						0xc9, 0x61, 0xee, 0x74, 0x26, 0x84, 0x40, 0x5a };

static void seal_long(struct crypto_cipher *cipher, uint8_t data[LONG_SIZE])
{
	uint8_t key[IMG_KEY_SIZE];
	br_gcm_context gcm;
	size_t i;

	for (i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	for (i = 0; i < LONG_SIZE; i++)
		data[i] = pattern(i);
	crypto_cipher_init(key, cipher);
	gcm = cipher->gcm;
	br_gcm_reset(&gcm, long_iv, sizeof(long_iv));
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, 1, data, LONG_SIZE);
}

static void test_long_message(void **state)
{
	struct crypto_cipher cipher;
	uint8_t data[LONG_SIZE];
	size_t i;

	(void)state;
	seal_long(&cipher, data);
	assert_true(crypto_open(&cipher, long_iv, data, sizeof(data), long_tag));
	for (i = 0; i < sizeof(data); i++)
		assert_int_equal(data[i], pattern(i));
}

/* One bit of the message, of the tag or of the IV, anywhere. */
static void test_changed_message(void **state)
{
	static const size_t at[] = { 0, 15, 16, 63, 64, 4095, LONG_SIZE - 1 };
	uint8_t sealed[LONG_SIZE], data[LONG_SIZE], tag[IMG_TAG_SIZE], iv[IMG_IV_SIZE];
	struct crypto_cipher cipher;
	size_t i;

	(void)state;
	seal_long(&cipher, sealed);
	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		memcpy(data, sealed, sizeof(data));
		data[at[i]] ^= 0x10;
		assert_false(crypto_open(&cipher, long_iv, data, sizeof(data), long_tag));
	}
	for (i = 0; i < sizeof(tag); i++) {
		memcpy(data, sealed, sizeof(data));
		memcpy(tag, long_tag, sizeof(tag));
		tag[i] ^= 1;
		assert_false(crypto_open(&cipher, long_iv, data, sizeof(data), tag));
	}
	for (i = 0; i < sizeof(iv); i++) {
		memcpy(data, sealed, sizeof(data));
		memcpy(iv, long_iv, sizeof(iv));
		iv[i] ^= 0x80;
		assert_false(crypto_open(&cipher, iv, data, sizeof(data), long_tag));
	}
	memcpy(data, sealed, sizeof(data));
	assert_false(crypto_open(&cipher, long_iv, data, sizeof(data) - 1, long_tag));
}

/* RFC 4231, 4.2 to 4.5: their keys, padded with zeroes, which HMAC does, too (RFC 2104, 2). */
static const struct {
	const char *key, *data, *mac;
} hmac_case[] = {
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  "dddddddddddddddddddddddddddddddddddddddddddddddddddd"
	  "dddddddddddddddddddddddddddddddddddddddddddddddd",
	  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ "0102030405060708090a0b0c0d0e0f10111213141516171819",
	  "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
	  "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
	  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
};

/* However the message is divided into pieces. */
static void test_hmac(void **state)
{
	uint8_t data[64], expected[IMG_KEY_SIZE], mac[IMG_KEY_SIZE];
	size_t i, size, cut;

	(void)state;
	for (i = 0; i < sizeof(hmac_case) / sizeof(*hmac_case); i++) {
		uint8_t key[IMG_KEY_SIZE] = { 0 };

		bytes(hmac_case[i].key, key);
		size = bytes(hmac_case[i].data, data);
		bytes(hmac_case[i].mac, expected);
		for (cut = 0; cut <= size; cut++) {
			const struct img_bytes part[] = { { data, cut },
							  { data, 0 },
							  { data + cut, size - cut } };

			assert_true(crypto_hmac.mac(NULL, key, part, 3, mac));
			assert_memory_equal(mac, expected, sizeof(mac));
		}
	}
}

#define BOTH(test)                                                                                 \
	cmocka_unit_test_setup(test, with_instructions),                                           \
		cmocka_unit_test_setup(test, without_instructions)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host), BOTH(test_known_answers),	  BOTH(test_long_message),
		BOTH(test_changed_message),  cmocka_unit_test(test_hmac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
