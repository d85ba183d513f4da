// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The seal: keys and MAC against known answers, every byte that the MAC covers, every row of the
 * decision.
 */
#include <stdlib.h>

#include "test.h"

static struct sample sample, plain;

static int setup(void **state)
{
	(void)state;
	sample = sample_make_tiny_sealed();
	plain = sample_make_tiny();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sample_free(&sample);
	sample_free(&plain);
	return 0;
}

/* A copy of slot A that a test may edit, with what its reader holds. */
struct copy {
	uint8_t *bytes;
	struct img_slot slot;
	struct img_seal seal;
	struct img_seal_keys keys;
	struct img_detail detail;
};

static uint8_t *meta_of(const struct copy *c)
{
	return c->bytes + c->slot.meta_offset;
}

/* Reads header and seal, and derives the keys from the firmware's secret. */
static enum img_reason copy_read(struct copy *c)
{
	struct sample_seal from = sample_secure;
	enum img_reason reason = img_slot_decode(c->bytes, &sample.area, 0, &c->slot, &c->detail);

	if (reason == IMG_OK)
		reason = img_seal_decode(&c->slot, meta_of(c), &c->seal, &c->detail);
	if (reason != IMG_OK)
		return reason;
	memcpy(from.nonce, c->seal.nonce, sizeof(from.nonce));
	memcpy(from.salt, c->seal.salt, sizeof(from.salt));
	sample_seal_keys(&from, &c->slot, &c->keys);
	return IMG_OK;
}

static enum img_reason copy_verify(struct copy *c)
{
	return img_seal_verify(&cipher_hmac, &c->keys, &c->slot, &c->seal, c->bytes, meta_of(c),
			       &c->detail);
}

static enum img_reason copy_read_and_verify(struct copy *c)
{
	enum img_reason reason = copy_read(c);

	return reason == IMG_OK ? copy_verify(c) : reason;
}

static struct copy copy_of(const struct sample *from)
{
	struct copy c = { .bytes = malloc(IMG_MIN_SLOT_SIZE) };

	assert_non_null(c.bytes);
	memcpy(c.bytes, from->partition + from->area.slot[0].offset, IMG_MIN_SLOT_SIZE);
	return c;
}

static struct copy copy_make(void)
{
	struct copy c = copy_of(&sample);

	assert_reason(IMG_OK, copy_read(&c));
	return c;
}

/* Puts every checksum right that does not depend on a key. */
static void resum(struct copy *c)
{
	struct img_slot_disk *header = (struct img_slot_disk *)c->bytes;

	for (uint32_t i = 0; i < c->slot.nr_sections; i++) {
		struct img_section *s = &c->slot.section[i];

		s->csum = img_port_xxh64(c->bytes + s->offset, s->size);
		header->section[i].csum = img_put64(s->csum);
	}
	resum_header(c->bytes);
}

static struct img_meta decode(struct copy *c)
{
	struct img_meta meta;

	assert_reason(IMG_OK, img_meta_decode(&c->slot, meta_of(c), &meta, NULL));
	return meta;
}

/* Known answers. */

/*
 * RFC 4231, test cases 1, 2 and 4; keys padded with zeroes, as HMAC itself pads a key that is
 * shorter than a block.
 */
static const struct {
	uint8_t key[IMG_KEY_SIZE];
	const char *data;
	uint8_t mac[IMG_KEY_SIZE];
} rfc4231[] = {
	{ { 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
	    0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b },
	  "Hi There",
	  { 0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf,
	    0xce, 0xaf, 0x0b, 0xf1, 0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83,
	    0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7 } },
	{ { 'J', 'e', 'f', 'e' },
	  "what do ya want for nothing?",
	  { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
	    0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
	    0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43 } },
	{ { 1,	2,  3,	4,  5,	6,  7,	8,  9,	10, 11, 12, 13,
	    14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25 },
	  "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
	  "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
	  "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd",
	  { 0x82, 0x55, 0x8a, 0x38, 0x9a, 0x44, 0x3c, 0x0e, 0xa4, 0xcc, 0x81,
	    0x98, 0x99, 0xf2, 0x08, 0x3a, 0x85, 0xf0, 0xfa, 0xa3, 0xe5, 0x78,
	    0xf8, 0x07, 0x7a, 0x2e, 0x3f, 0xf4, 0x67, 0x29, 0x66, 0x5b } },
};

/* However the data are cut into pieces. */
static void test_hmac(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rfc4231); i++)
		for (size_t cut = 0; cut <= strlen(rfc4231[i].data); cut++) {
			const char *data = rfc4231[i].data;
			const struct img_bytes part[] = { { data, cut },
							  { data + cut, strlen(data) - cut } };
			uint8_t mac[IMG_KEY_SIZE];

			assert_true(cipher_hmac.mac(NULL, rfc4231[i].key, part, 2, mac));
			assert_memory_equal(mac, rfc4231[i].mac, sizeof(mac));
		}
}

/*
 * Of sample_tiny_sealed, computed by Python's hmac and cryptography from docs/image-format.md:
 *
 *   h = lambda key, *parts: hmac.new(key, b"".join(parts), "sha256").digest()
 *   boot = h(secret, b"fastboot boot key 1", nonce)
 *   image = h(boot, b"fastboot image 1", image_uuid, area_uuid, salt)
 *   enc, mac = h(image, b"enc"), h(image, b"mac")
 *   seal = h(mac, header, *sections)
 *   tag = AESGCM(enc).encrypt(bytes(12), chunk, None)[-16:]
 */
static const uint8_t known_boot[] = {
	0xa1, 0x13, 0x16, 0x3a, 0x1f, 0x23, 0xbc, 0x35, 0x9b, 0x89, 0x90,
	0x60, 0x53, 0x5d, 0xf3, 0x0e, 0x3b, 0xbe, 0x92, 0x39, 0xcb, 0x2c,
	0xe6, 0x9a, 0x75, 0xee, 0xb9, 0xe5, 0xcf, 0x52, 0x36, 0x1c,
};
static const struct img_seal_keys known_keys = {
	.enc = { 0x6a, 0xfc, 0x17, 0x46, 0x9a, 0xcc, 0x15, 0x00, 0xd9, 0xeb, 0x1d,
		 0xa1, 0x19, 0x3a, 0x1e, 0x99, 0x29, 0x1b, 0xe8, 0xf5, 0x2e, 0x30,
		 0x52, 0xe2, 0xdc, 0xbd, 0x86, 0x5f, 0x50, 0x79, 0x3c, 0xef },
	.mac = { 0x9a, 0x72, 0xd7, 0xeb, 0xbc, 0x9c, 0xff, 0x9b, 0xff, 0x15, 0x75,
		 0x8b, 0xf5, 0x24, 0xcd, 0x96, 0xea, 0x2c, 0x82, 0x1c, 0x98, 0xbf,
		 0xe5, 0x2b, 0xb3, 0x00, 0x8d, 0x6d, 0x63, 0x5b, 0x02, 0xbd },
};
static const uint8_t known_seal[] = {
	0xa4, 0xcb, 0x41, 0x35, 0xf8, 0xff, 0x99, 0x3c, 0xd8, 0x09, 0x85,
	0xa7, 0x5a, 0x46, 0xc7, 0xc7, 0xeb, 0x62, 0x8e, 0xd6, 0xea, 0xf0,
	0x4d, 0x15, 0xda, 0x12, 0x29, 0x7b, 0x25, 0xaf, 0xba, 0xba,
};
static const uint8_t known_tag[] = {
	0x60, 0x1e, 0x53, 0x3a, 0x51, 0x67, 0x6d, 0x5e,
	0x65, 0xe2, 0xe9, 0xc4, 0x78, 0x81, 0x62, 0x83,
};

static void test_known_keys(void **state)
{
	struct copy c = copy_make();
	uint8_t boot[IMG_KEY_SIZE];

	(void)state;
	assert_true(
		img_seal_boot_key(&cipher_hmac, sample_secure.secret, sample_secure.nonce, boot));
	assert_memory_equal(boot, known_boot, sizeof(boot));
	assert_memory_equal(&c.keys, &known_keys, sizeof(c.keys));
	free(c.bytes);
}

static void test_known_seal(void **state)
{
	struct copy c = copy_make();
	struct img_meta meta;

	(void)state;
	assert_memory_equal(c.seal.mac, known_seal, sizeof(known_seal));
	assert_reason(IMG_OK, copy_verify(&c));
	meta = decode(&c);
	assert_memory_equal(meta.tag[0].tag, known_tag, sizeof(known_tag));
	assert_int_equal(meta.record.key_phys, 0x3f67f000);
	free(c.bytes);
}

static void test_iv(void **state)
{
	static const uint8_t want[IMG_IV_SIZE] = { 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01 };
	uint8_t iv[IMG_IV_SIZE];

	(void)state;
	memset(iv, 0xff, sizeof(iv));
	img_seal_iv(0x0123456789abcdefull, iv);
	assert_memory_equal(iv, want, sizeof(iv));
}

static void derive(const struct sample_seal *seal, const struct img_slot *slot,
		   struct img_seal_keys *ret_keys)
{
	sample_seal_keys(seal, slot, ret_keys);
	assert_memory_not_equal(ret_keys->enc, ret_keys->mac, IMG_KEY_SIZE);
}

/* Each byte of each input changes both keys; nothing else of the slot does. */
static void test_keys_depend_on_every_input(void **state)
{
	struct sample_seal seal = sample_secure;
	struct img_slot slot = { .generation = 1 };
	struct img_seal_keys keys, other;
	const struct {
		uint8_t *bytes;
		size_t size;
	} input[] = {
		{ seal.secret, sizeof(seal.secret) },
		{ seal.nonce, sizeof(seal.nonce) },
		{ seal.salt, sizeof(seal.salt) },
		{ slot.image_uuid, sizeof(slot.image_uuid) },
		{ slot.area_uuid, sizeof(slot.area_uuid) },
	};

	(void)state;
	derive(&seal, &slot, &keys);
	for (size_t i = 0; i < COUNT(input); i++)
		for (size_t j = 0; j < input[i].size; j++) {
			input[i].bytes[j] ^= 0x80;
			derive(&seal, &slot, &other);
			assert_memory_not_equal(keys.enc, other.enc, IMG_KEY_SIZE);
			assert_memory_not_equal(keys.mac, other.mac, IMG_KEY_SIZE);
			input[i].bytes[j] ^= 0x80;
		}
	slot.generation = 2;
	derive(&seal, &slot, &other);
	assert_memory_equal(&keys, &other, sizeof(keys));
}

/* What the MAC covers. */

static bool is_in(size_t at, size_t from, size_t size)
{
	return at >= from && at < from + size;
}

/*
 * One bit of every byte of the header, its checksum put right: either a rule of the format refuses
 * it, or the seal does.  Against the slot as it was decoded before, the seal alone must see it.
 */
static void test_every_byte_of_the_header(void **state)
{
	struct copy c = copy_make();
	const struct copy good = c;
	size_t csum = offsetof(struct img_slot_disk, section) +
		      7 * sizeof(struct img_section_disk) + offsetof(struct img_section_disk, csum);
	uint32_t unseen = 0;

	(void)state;
	assert_int_equal(good.slot.section[7].type, IMG_SEC_SEAL);
	for (size_t i = 0; i < IMG_BLOCK; i++) {
		bool free_byte = is_in(i, csum, 8) || is_in(i, IMG_BLOCK - 8, 8);

		c = good;
		c.bytes[i] ^= 0x04;
		assert_reason(free_byte ? IMG_OK : IMG_E_NOT_AUTHENTIC, copy_verify(&c));
		resum_header(c.bytes);
		if (!free_byte)
			assert_int_not_equal(copy_read_and_verify(&c), IMG_OK);
		c.bytes[i] ^= 0x04;
		resum_header(c.bytes);
		unseen += free_byte;
	}
	assert_int_equal(unseen, 16);
	assert_reason(IMG_OK, copy_read_and_verify(&c));
	free(c.bytes);
}

static void test_every_byte_of_the_sections(void **state)
{
	struct copy c = copy_make();
	uint32_t bytes = 0;

	(void)state;
	for (uint32_t i = 0; i < c.slot.nr_sections; i++) {
		struct img_section s = c.slot.section[i];

		for (uint64_t j = 0; j < s.size && s.type != IMG_SEC_SEAL; j++, bytes++) {
			c.bytes[s.offset + j] ^= 0x40;
			resum(&c);
			assert_refusal(IMG_E_NOT_AUTHENTIC, copy_read_and_verify(&c), &c.detail,
				       "seal", "mac");
			c.bytes[s.offset + j] ^= 0x40;
		}
	}
	assert_int_equal(bytes, 0x100 + 0x78 + 0x50 + 0x18 + 0x100 + 0x80 + 0x50 + 0x20);
	resum(&c);
	assert_reason(IMG_OK, copy_read_and_verify(&c));
	free(c.bytes);
}

#define FIELD(member)                                                                              \
	offsetof(struct img_seal_disk, member), sizeof(((struct img_seal_disk *)0)->member)

/* Each byte of each field of the seal itself, which the MAC does not cover. */
static const struct {
	size_t offset, size;
	enum img_reason reason;
	const char *field;
} seal_fields[] = {
	{ FIELD(version), IMG_E_INCOMPAT, "version" },
	{ FIELD(algorithm), IMG_E_INCOMPAT, "algorithm" },
	{ FIELD(domain), IMG_E_INCOMPAT, "domain" },
	{ FIELD(reserved0), IMG_E_RESERVED, "reserved" },
	{ FIELD(nonce), IMG_E_NOT_AUTHENTIC, "mac" },
	{ FIELD(salt), IMG_E_NOT_AUTHENTIC, "mac" },
	{ FIELD(mac), IMG_E_NOT_AUTHENTIC, "mac" },
	{ FIELD(reserved), IMG_E_RESERVED, "reserved" },
};

static void test_every_byte_of_the_seal(void **state)
{
	struct copy c = copy_make();
	uint8_t *seal = c.bytes + section_of(&c.slot, IMG_SEC_SEAL)->offset;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(seal_fields); i++) {
		assert_int_equal(seal_fields[i].offset, at);
		for (; at < seal_fields[i].offset + seal_fields[i].size; at++) {
			seal[at] ^= 0x10;
			resum(&c);
			assert_refusal(seal_fields[i].reason, copy_read_and_verify(&c), &c.detail,
				       "seal", seal_fields[i].field);
			seal[at] ^= 0x10;
		}
	}
	assert_int_equal(at, sizeof(struct img_seal_disk));
	free(c.bytes);
}

static void test_domains(void **state)
{
	static const struct {
		uint64_t domain;
		enum img_reason reason;
	} row[] = {
		{ 0, IMG_E_INCOMPAT }, { 1, IMG_OK },		{ 2, IMG_OK },
		{ 3, IMG_E_INCOMPAT }, { ~0u, IMG_E_INCOMPAT },
	};
	struct copy c = copy_make();
	size_t at =
		section_of(&c.slot, IMG_SEC_SEAL)->offset + offsetof(struct img_seal_disk, domain);

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		put_le(c.bytes + at, row[i].domain, 4);
		assert_reason(row[i].reason,
			      img_seal_decode(&c.slot, meta_of(&c), &c.seal, &c.detail));
		if (row[i].reason == IMG_OK)
			assert_int_equal(c.seal.domain, row[i].domain);
	}
	free(c.bytes);
}

/* An image of the other domain, taken at the same machine, has other keys. */
static void test_other_secret(void **state)
{
	struct copy c = copy_make();

	(void)state;
	sample_seal_keys(&sample_open_seal, &c.slot, &c.keys);
	assert_reason(IMG_E_NOT_AUTHENTIC, copy_verify(&c));
	free(c.bytes);
}

/* The chunk table's bytes moved to the front of the tags: the sections' bytes are the same in all.
 */
static void test_border_between_sections(void **state)
{
	struct copy c = copy_make();
	struct img_slot_disk *header = (struct img_slot_disk *)c.bytes;
	struct img_section table = *section_of(&c.slot, IMG_SEC_CHUNK_TABLE);
	struct img_section tags = *section_of(&c.slot, IMG_SEC_TAGS);

	(void)state;
	memmove(c.bytes + tags.offset + table.size, c.bytes + tags.offset, tags.size);
	memcpy(c.bytes + tags.offset, c.bytes + table.offset, table.size);
	header->section[6].size = img_put64(0);
	header->section[8].size = img_put64(table.size + tags.size);
	resum_header(c.bytes);
	assert_reason(IMG_OK, copy_read(&c));
	assert_reason(IMG_E_NOT_AUTHENTIC, copy_verify(&c));
	free(c.bytes);
}

/* Encode and decode. */

static void test_encode(void **state)
{
	struct copy c = copy_make();
	struct img_seal_disk disk = img_seal_encode(&c.seal);

	(void)state;
	assert_memory_equal(&disk, c.bytes + section_of(&c.slot, IMG_SEC_SEAL)->offset,
			    sizeof(disk));
	free(c.bytes);
}

static void test_unsealed_image(void **state)
{
	struct copy c = copy_of(&plain);
	const void *data[IMG_MAX_SECTIONS] = { NULL };
	struct img_seal_disk seal = img_seal_encode(&c.seal);

	(void)state;
	assert_refusal(IMG_E_SECTION_MISSING, copy_read(&c), &c.detail, "seal", NULL);
	assert_false(img_slot_is_sealed(&c.slot));
	assert_refusal(IMG_E_NOT_AUTHENTIC, copy_verify(&c), &c.detail, "seal", "mac");
	assert_false(img_seal_close(&cipher_hmac, &c.keys, &c.slot, data, c.bytes, &seal));
	assert_null(decode(&c).tag);
	free(c.bytes);
}

/* Closing again gives what the sample's writer has written. */
static void test_close(void **state)
{
	struct copy c = copy_make();
	uint8_t *at = c.bytes + section_of(&c.slot, IMG_SEC_SEAL)->offset;
	struct img_seal_disk seal = img_seal_encode(&c.seal);
	const void *data[IMG_MAX_SECTIONS];
	uint8_t header[IMG_BLOCK];

	(void)state;
	for (uint32_t i = 0; i < c.slot.nr_sections; i++)
		data[i] = c.bytes + c.slot.section[i].offset;
	memset(seal.mac, 0xee, sizeof(seal.mac));
	section_of(&c.slot, IMG_SEC_SEAL)->csum = 0x1234;
	img_slot_encode(&c.slot, header);
	assert_true(img_seal_close(&cipher_hmac, &c.keys, &c.slot, data, header, &seal));
	assert_memory_equal(&seal, at, sizeof(seal));
	img_slot_encode(&c.slot, header);
	assert_memory_equal(header, c.bytes, sizeof(header));
	free(c.bytes);
}

/* HMAC fails after `left` calls. */
static bool failing_mac(void *ctx, const uint8_t key[IMG_KEY_SIZE], const struct img_bytes *part,
			uint32_t parts, uint8_t ret_mac[IMG_KEY_SIZE])
{
	uint32_t *left = ctx;

	memset(ret_mac, 0x5a, IMG_KEY_SIZE);
	return *left && (*left)-- && cipher_hmac.mac(NULL, key, part, parts, ret_mac);
}

static void test_hmac_fails(void **state)
{
	static const struct img_seal_keys wiped;
	struct copy c = copy_make();
	const void *data[IMG_MAX_SECTIONS] = { NULL };
	struct img_seal_disk seal = img_seal_encode(&c.seal);
	uint32_t left = 0;
	const struct img_hmac hmac = { &left, failing_mac };
	struct img_seal_keys keys;
	uint8_t boot[IMG_KEY_SIZE];

	(void)state;
	assert_false(img_seal_boot_key(&hmac, known_boot, known_boot, boot));
	assert_memory_equal(boot, wiped.enc, sizeof(boot));
	for (uint32_t calls = 0; calls < 3; calls++) {
		left = calls;
		memset(&keys, 0x77, sizeof(keys));
		assert_false(img_seal_keys(&hmac, known_boot, &c.slot, known_boot, &keys));
		assert_memory_equal(&keys, &wiped, sizeof(keys));
	}
	left = 3;
	assert_true(img_seal_keys(&hmac, known_boot, &c.slot, known_boot, &keys));
	/* Even if the expected MAC is what the failing library left. */
	memset(c.seal.mac, 0x5a, sizeof(c.seal.mac));
	assert_reason(IMG_E_NOT_AUTHENTIC, img_seal_verify(&hmac, &c.keys, &c.slot, &c.seal,
							   c.bytes, meta_of(&c), NULL));
	assert_false(img_seal_close(&hmac, &c.keys, &c.slot, data, c.bytes, &seal));
	free(c.bytes);
}

static void test_wipe(void **state)
{
	uint8_t data[48];

	(void)state;
	memset(data, 0xaa, sizeof(data));
	img_wipe(data + 8, 32);
	for (size_t i = 0; i < sizeof(data); i++)
		assert_int_equal(data[i], is_in(i, 8, 32) ? 0 : 0xaa);
}

/* The headers and tables of sealed images. */

/* Removes an entry of the section table. */
static void drop_section(struct copy *c, uint32_t number)
{
	struct img_slot_disk *header = (struct img_slot_disk *)c->bytes;
	uint32_t nr = c->slot.nr_sections - 1;

	memmove(&header->section[number], &header->section[number + 1],
		(nr - number) * sizeof(header->section[0]));
	memset(&header->section[nr], 0, sizeof(header->section[0]));
	header->nr_sections = img_put32(nr);
	resum_header(c->bytes);
}

static void test_sections_of_the_seal(void **state)
{
	static const struct {
		bool sealed, seal, tags;
		enum img_reason reason;
		const char *object;
	} row[] = {
		{ true, true, true, IMG_OK, NULL },
		{ true, false, true, IMG_E_SECTION_MISSING, "seal" },
		{ true, true, false, IMG_E_SECTION_MISSING, "chunk tags" },
		{ true, false, false, IMG_E_SECTION_MISSING, "seal" },
		{ false, true, true, IMG_E_SECTION_TABLE, "seal" },
		{ false, false, true, IMG_E_SECTION_TABLE, "chunk tags" },
		{ false, true, false, IMG_E_SECTION_TABLE, "seal" },
		{ false, false, false, IMG_OK, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct copy c = copy_make();

		if (!row[i].tags)
			drop_section(&c, 8);
		c.slot.nr_sections -= !row[i].tags;
		if (!row[i].seal)
			drop_section(&c, 7);
		put_le(c.bytes + offsetof(struct img_slot_disk, incompat), row[i].sealed, 8);
		resum_header(c.bytes);
		assert_reason(row[i].reason,
			      img_slot_decode(c.bytes, &sample.area, 0, &c.slot, &c.detail));
		if (row[i].object)
			assert_string_equal(c.detail.object, row[i].object);
		free(c.bytes);
	}
}

static void test_sizes_of_the_seal(void **state)
{
	static const struct {
		uint32_t section;
		uint32_t entry_size;
		uint64_t size;
	} bad[] = {
		{ 7, 128, 0 },	 { 7, 128, 256 }, { 7, 64, 64 }, { 7, 64, 128 },
		{ 7, 136, 136 }, { 8, 16, 24 },	  { 8, 32, 32 }, { 8, 8, 32 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct copy c = copy_make();
		struct img_slot_disk *header = (struct img_slot_disk *)c.bytes;

		header->section[bad[i].section].entry_size = img_put32(bad[i].entry_size);
		header->section[bad[i].section].size = img_put64(bad[i].size);
		resum_header(c.bytes);
		assert_refusal(IMG_E_SECTION_TABLE,
			       img_slot_decode(c.bytes, &sample.area, 0, &c.slot, &c.detail),
			       &c.detail, "section", "entry_size");
		free(c.bytes);
	}
}

/* One tag too few or too many. */
static void test_number_of_tags(void **state)
{
	struct img_meta meta;

	(void)state;
	for (uint64_t nr = 0; nr < 5; nr++) {
		struct copy c = copy_make();
		struct img_section *s = section_of(&c.slot, IMG_SEC_TAGS);
		enum img_reason want = nr == 2 ? IMG_OK : IMG_E_CHUNK_COUNT;

		s->size = nr * sizeof(struct img_tag_disk);
		s->csum = img_port_xxh64(c.bytes + s->offset, s->size);
		assert_reason(want, img_meta_decode(&c.slot, meta_of(&c), &meta, &c.detail));
		if (want)
			assert_string_equal(c.detail.object, "chunk tags");
		free(c.bytes);
	}
}

static void test_key_page(void **state)
{
	static const struct {
		bool sealed;
		uint64_t address;
		enum img_reason reason;
	} row[] = {
		{ true, 0, IMG_OK },
		{ true, 0x3f67f000, IMG_OK },
		{ true, 0x3f67f001, IMG_E_RECORD_FIELD },
		{ true, 1ull << 52, IMG_E_RECORD_FIELD },
		{ true, (1ull << 52) - 4096, IMG_OK },
		/* In the index: its first page, a fill page; the page after it. */
		{ true, 0x100000, IMG_E_RECORD_FIELD },
		{ true, 0x123000, IMG_E_RECORD_FIELD },
		{ true, 0x124000, IMG_OK },
		{ false, 0, IMG_OK },
		{ false, 0x3f67f000, IMG_E_RESERVED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct copy c = copy_of(row[i].sealed ? &sample : &plain);
		struct img_section *s;
		struct img_meta meta;

		assert_reason(IMG_OK,
			      img_slot_decode(c.bytes, &sample.area, 0, &c.slot, &c.detail));
		s = section_of(&c.slot, IMG_SEC_RECORD);
		put_le(c.bytes + s->offset + offsetof(struct img_record_disk, key_phys),
		       row[i].address, 8);
		s->csum = img_port_xxh64(c.bytes + s->offset, s->size);
		assert_reason(row[i].reason,
			      img_meta_decode(&c.slot, meta_of(&c), &meta, &c.detail));
		if (row[i].reason)
			assert_string_equal(c.detail.field, "key_phys");
		free(c.bytes);
	}
}

/* Chunks. */

/* Copies a chunk's bytes and opens them as the chunk of that number. */
static bool open_chunk(const struct copy *c, const struct img_meta *meta, uint64_t i,
		       uint64_t number, uint8_t *to)
{
	struct img_chunk chunk = img_meta_chunk(meta, i);
	uint8_t iv[IMG_IV_SIZE];

	assert_reason(IMG_OK, img_chunk_check(&chunk, c->bytes + chunk.offset));
	memcpy(to, c->bytes + chunk.offset, chunk.size);
	img_seal_iv(number, iv);
	return cipher_open(c->keys.enc, iv, to, chunk.size, meta->tag[number].tag);
}

static void test_chunks(void **state)
{
	static const uint8_t zero[IMG_TAG_SIZE];
	struct copy c = copy_make();
	struct img_meta meta = decode(&c);
	struct img_chunk chunk = img_meta_chunk(&meta, 0);
	uint8_t *stored = malloc(chunk.size), page[IMG_PAGE_SIZE];
	uint64_t pages[2 * IMG_PAGE_SIZE / 8];

	(void)state;
	assert_non_null(stored);
	assert_int_equal(meta.nr_chunks, 2);
	/* Encrypted: LZ4 must not see these bytes. */
	assert_reason(IMG_E_CHUNK_DECODE, img_chunk_decode(&chunk, c.bytes + chunk.offset, pages));
	assert_true(open_chunk(&c, &meta, 0, 0, stored));
	assert_reason(IMG_OK, img_chunk_decode(&chunk, stored, pages));
	sample_page(0x101, CONTENT_TEXT, page);
	assert_memory_equal((uint8_t *)pages + IMG_PAGE_SIZE, page, sizeof(page));
	/* Under another number it does not open, nor with another key. */
	assert_false(open_chunk(&c, &meta, 0, 1, stored));
	c.keys.enc[0] ^= 1;
	assert_false(open_chunk(&c, &meta, 0, 0, stored));
	/* A fill chunk stores nothing. */
	assert_int_equal(img_meta_chunk(&meta, 1).kind, IMG_CHUNK_FILL);
	assert_memory_equal(meta.tag[1].tag, zero, sizeof(zero));
	free(stored);
	free(c.bytes);
}

/* The writer's side. */

struct bench {
	struct img_run_disk run[1];
	struct img_chunk_disk chunk[2];
	struct img_tag_disk tag[3]; /* the last is beyond the capacity */
	struct img_writer w;
};

static void bench_make(struct bench *b)
{
	img_writer_init(&b->w, IMG_MIN_SLOT_SIZE, b->run, 1, b->chunk, 2);
	memset(b->tag, 0xcc, sizeof(b->tag));
	img_writer_sealed(&b->w, b->tag);
	for (uint64_t pfn = 0; pfn < 3; pfn++)
		assert_reason(IMG_OK, img_writer_page(&b->w, pfn, IMG_RUN_STORED, 0));
}

static void test_writer_tags(void **state)
{
	static const struct img_tag_disk zero = { { 0 } }, one = { { 1, 2, 3 } };
	struct img_chunk chunk = { .kind = IMG_CHUNK_RAW, .pages = 1, .size = 4096 };
	struct bench b;

	(void)state;
	bench_make(&b);
	assert_reason(IMG_OK, img_writer_chunk(&b.w, &chunk));
	assert_memory_equal(&b.tag[0], &zero, sizeof(zero));
	img_writer_tag(&b.w, one.tag);
	chunk = (struct img_chunk){ .kind = IMG_CHUNK_FILL, .pages = 1 };
	assert_reason(IMG_OK, img_writer_chunk(&b.w, &chunk));
	assert_memory_equal(&b.tag[0], &one, sizeof(one));
	assert_memory_equal(&b.tag[1], &zero, sizeof(zero));
	assert_reason(IMG_E_INDEX_FULL, img_writer_chunk(&b.w, &chunk));
	for (size_t i = 0; i < sizeof(b.tag[2]); i++)
		assert_int_equal(b.tag[2].tag[i], 0xcc);
}

static void test_writer_finish(void **state)
{
	struct img_record_disk record = img_record_encode(&sample_tiny_sealed.record);
	struct img_seal_disk seal = img_seal_encode(&(struct img_seal){ .domain = IMG_SEAL_OPEN });
	const struct img_writer_sections in = { .record = &record, .seal = &seal };
	struct img_chunk chunk = { .kind = IMG_CHUNK_FILL, .pages = 3 };
	const void *data[IMG_MAX_SECTIONS];
	struct img_slot slot = { 0 };
	struct bench b;

	(void)state;
	bench_make(&b);
	assert_reason(IMG_OK, img_writer_chunk(&b.w, &chunk));
	assert_reason(IMG_OK, img_writer_finish(&b.w, &in, &slot, data));
	assert_true(img_slot_is_sealed(&slot));
	assert_int_equal(slot.nr_sections, 9);
	assert_ptr_equal(data[7], &seal);
	assert_ptr_equal(data[8], b.tag);
	assert_int_equal(slot.section[8].size, sizeof(struct img_tag_disk));
	/* The same writer's next image is not sealed, whatever the header said before. */
	b.w.tag = NULL;
	assert_reason(IMG_OK, img_writer_finish(&b.w, &in, &slot, data));
	assert_false(img_slot_is_sealed(&slot));
	assert_int_equal(slot.nr_sections, 7);
	assert_int_equal(slot.section[7].type, IMG_SEC_NONE);
}

/* The decision. */

#define NONE   0
#define SECURE IMG_SEAL_SECURE
#define OPEN   IMG_SEAL_OPEN

/* By the image's seal and the firmware alone: all that can be. */
static const struct {
	uint32_t domain;
	bool secure_boot, always;
	enum img_reason reason;
} trust_rows[] = {
	{ NONE, false, false, IMG_OK },
	{ NONE, false, true, IMG_E_UNSEALED },
	{ NONE, true, false, IMG_E_UNSEALED },
	{ NONE, true, true, IMG_E_UNSEALED },
	{ SECURE, false, false, IMG_E_SEALED },
	{ SECURE, false, true, IMG_E_SEALED },
	{ SECURE, true, false, IMG_OK },
	{ SECURE, true, true, IMG_OK },
	{ OPEN, false, false, IMG_E_SEALED },
	{ OPEN, false, true, IMG_OK },
	{ OPEN, true, false, IMG_E_NOT_AUTHENTIC },
	{ OPEN, true, true, IMG_E_NOT_AUTHENTIC },
};

/* By the history, for generation 7: of what passes the table above. */
static const struct {
	uint64_t floor, consumed;
	enum img_reason golden, once;
} history_rows[] = {
	{ 0, 0, IMG_OK, IMG_OK },
	{ 0, 6, IMG_OK, IMG_OK },
	{ 0, 7, IMG_OK, IMG_E_SLOT_CONSUMED },
	{ 0, 8, IMG_OK, IMG_E_SLOT_CONSUMED },
	{ 6, 6, IMG_OK, IMG_OK },
	{ 7, 0, IMG_OK, IMG_OK },
	{ 7, 7, IMG_OK, IMG_E_SLOT_CONSUMED },
	{ 8, 0, IMG_E_ROLLED_BACK, IMG_E_ROLLED_BACK },
	{ 8, 8, IMG_E_ROLLED_BACK, IMG_E_ROLLED_BACK },
	{ ~0ull, ~0ull, IMG_E_ROLLED_BACK, IMG_E_ROLLED_BACK },
};

static enum img_reason trust_wanted(size_t row, size_t past, enum img_mode mode)
{
	if (trust_rows[row].reason || trust_rows[row].domain == NONE)
		return trust_rows[row].reason;
	return mode == IMG_MODE_ONCE ? history_rows[past].once : history_rows[past].golden;
}

static void test_trust(void **state)
{
	const enum img_mode modes[] = { IMG_MODE_GOLDEN, IMG_MODE_ONCE };

	(void)state;
	for (size_t i = 0; i < COUNT(trust_rows) * COUNT(history_rows) * COUNT(modes); i++) {
		size_t row = i % COUNT(trust_rows);
		size_t past = i / COUNT(trust_rows) % COUNT(history_rows);
		enum img_mode mode = modes[i / COUNT(trust_rows) / COUNT(history_rows)];
		const struct img_seal seal = { .domain = trust_rows[row].domain };
		const struct img_slot slot = { .generation = 7, .mode = mode };
		const struct img_trust trust = {
			.secure_boot = trust_rows[row].secure_boot,
			.always = trust_rows[row].always,
			.history = { .floor = history_rows[past].floor,
				     .consumed = history_rows[past].consumed },
		};
		enum img_reason want = trust_wanted(row, past, mode);
		struct img_detail detail = { .object = NULL };

		assert_reason(want,
			      img_trust_decide(&slot, seal.domain ? &seal : NULL, &trust, &detail));
		if (want)
			assert_string_equal(detail.object, "seal");
	}
}

/* Without the history nobody knows which images have had their time; the domain comes first. */
static void test_trust_without_history(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(trust_rows); i++) {
		const struct img_seal seal = { .domain = trust_rows[i].domain };
		const struct img_slot slot = { .generation = 7, .mode = IMG_MODE_GOLDEN };
		const struct img_trust trust = { .secure_boot = trust_rows[i].secure_boot,
						 .always = trust_rows[i].always,
						 .history_lost = true };
		bool passes = seal.domain && trust_rows[i].reason == IMG_OK;

		assert_reason(passes ? IMG_E_HISTORY_LOST : trust_rows[i].reason,
			      img_trust_decide(&slot, seal.domain ? &seal : NULL, &trust, NULL));
	}
}

/* What accepting an image changes. */
static const struct {
	uint64_t floor, consumed; /* before */
	uint64_t generation, other;
	enum img_mode mode;
	uint64_t floor_after, consumed_after;
	bool changed;
} accept_rows[] = {
	/* The first image, alone or beside another. */
	{ 0, 0, 1, 0, IMG_MODE_GOLDEN, 1, 0, true },
	{ 0, 0, 5, 4, IMG_MODE_GOLDEN, 4, 0, true },
	{ 0, 0, 4, 5, IMG_MODE_GOLDEN, 4, 0, true },
	/* Again and again: nothing to write. */
	{ 4, 0, 5, 4, IMG_MODE_GOLDEN, 4, 0, false },
	{ 5, 0, 5, 0, IMG_MODE_GOLDEN, 5, 0, false },
	/* The older of the two: the younger may be chosen again. */
	{ 4, 0, 4, 5, IMG_MODE_GOLDEN, 4, 0, false },
	/* A new image in the other's place. */
	{ 4, 0, 6, 5, IMG_MODE_GOLDEN, 5, 0, true },
	/* Put back although it was below the floor: it does not hold the floor down. */
	{ 5, 0, 9, 4, IMG_MODE_GOLDEN, 9, 0, true },
	{ 5, 0, 9, 5, IMG_MODE_GOLDEN, 5, 0, false },
	/* One-shot images. */
	{ 0, 0, 7, 0, IMG_MODE_ONCE, 7, 7, true },
	{ 6, 0, 7, 6, IMG_MODE_ONCE, 6, 7, true },
	{ 6, 7, 9, 6, IMG_MODE_ONCE, 6, 9, true },
	{ 6, 9, 6, 9, IMG_MODE_GOLDEN, 6, 9, false },
	/* Never back. */
	{ 8, 0, 7, 6, IMG_MODE_GOLDEN, 8, 0, false },
	{ 6, 9, 8, 6, IMG_MODE_ONCE, 6, 9, false },
	{ 6, 9, ~0ull, 0, IMG_MODE_ONCE, ~0ull, ~0ull, true },
};

static void test_accept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(accept_rows); i++) {
		struct img_history history = { .version = IMG_HISTORY_VERSION,
					       .floor = accept_rows[i].floor,
					       .consumed = accept_rows[i].consumed };
		const struct img_slot slot = { .generation = accept_rows[i].generation,
					       .mode = accept_rows[i].mode };

		assert_int_equal(img_history_accept(&history, &slot, accept_rows[i].other),
				 accept_rows[i].changed);
		assert_true(history.floor == accept_rows[i].floor_after);
		assert_true(history.consumed == accept_rows[i].consumed_after);
		assert_int_equal(history.version, IMG_HISTORY_VERSION);
		assert_true(img_history_highest(&history) >= history.floor &&
			    img_history_highest(&history) >= history.consumed);
	}
}

/* Before only vetted kernels had keys, any kernel could have shown one to anybody. */
static void test_sealed_before_vetting(void **state)
{
	const struct img_slot slot = { .mode = IMG_MODE_GOLDEN, .generation = 3 };
	struct img_trust trust = { .secure_boot = true, .vetted = true };
	struct img_seal seal = { .domain = IMG_SEAL_SECURE };

	(void)state;
	assert_reason(IMG_E_NOT_AUTHENTIC, img_trust_decide(&slot, &seal, &trust, NULL));
	trust.history.flags = IMG_HISTORY_VETTED_ONLY;
	assert_reason(IMG_OK, img_trust_decide(&slot, &seal, &trust, NULL));
	/* The option alone does not decide what keys are worth. */
	trust.vetted = false;
	assert_reason(IMG_OK, img_trust_decide(&slot, &seal, &trust, NULL));
	seal.domain = IMG_SEAL_OPEN;
	trust = (struct img_trust){ .always = true, .vetted = true };
	assert_reason(IMG_OK, img_trust_decide(&slot, &seal, &trust, NULL));
}

/*
 * A one-shot image that was entered is not entered again, whatever follows it: the floor alone
 * would let it pass, as long as an older golden image is in the other slot.
 */
static void test_one_shot_image_put_back(void **state)
{
	const struct img_slot first = { .generation = 7, .mode = IMG_MODE_ONCE };
	const struct img_slot second = { .generation = 8, .mode = IMG_MODE_ONCE };
	const struct img_seal seal = { .domain = IMG_SEAL_SECURE };
	struct img_trust trust = { .secure_boot = true };

	(void)state;
	assert_reason(IMG_OK, img_trust_decide(&first, &seal, &trust, NULL));
	assert_true(img_history_accept(&trust.history, &first, 6));
	assert_reason(IMG_OK, img_trust_decide(&second, &seal, &trust, NULL));
	assert_true(img_history_accept(&trust.history, &second, 6));
	assert_int_equal(trust.history.floor, 6);
	assert_reason(IMG_E_SLOT_CONSUMED, img_trust_decide(&first, &seal, &trust, NULL));
	assert_reason(IMG_E_SLOT_CONSUMED, img_trust_decide(&second, &seal, &trust, NULL));
	/* The next image of this system, numbered as the key page says, is accepted. */
	assert_int_equal(img_history_highest(&trust.history), 8);
}

int run_seal_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_known_keys),
		cmocka_unit_test(test_known_seal),
		cmocka_unit_test(test_iv),
		cmocka_unit_test(test_keys_depend_on_every_input),
		cmocka_unit_test(test_every_byte_of_the_header),
		cmocka_unit_test(test_every_byte_of_the_sections),
		cmocka_unit_test(test_every_byte_of_the_seal),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_other_secret),
		cmocka_unit_test(test_border_between_sections),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_unsealed_image),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_hmac_fails),
		cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_sections_of_the_seal),
		cmocka_unit_test(test_sizes_of_the_seal),
		cmocka_unit_test(test_number_of_tags),
		cmocka_unit_test(test_key_page),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_writer_tags),
		cmocka_unit_test(test_writer_finish),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_trust_without_history),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_sealed_before_vetting),
		cmocka_unit_test(test_one_shot_image_put_back),
	};

	return cmocka_run_group_tests_name("seal", tests, setup, teardown);
}
