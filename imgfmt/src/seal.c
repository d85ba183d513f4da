// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The seal: keys, MAC and decision.  Nothing here knows an algorithm; HMAC comes from the caller.
 */
#include <imgfmt/seal.h>

#include "internal.h"

#define LABEL(text) ((struct img_bytes){ text, sizeof(text) - 1 })

void img_wipe(void *data, size_t size)
{
	memset(data, 0, size);
	__asm__ volatile("" : : "r"(data) : "memory");
}

/* A key derived from another; wiped if HMAC fails. */
static bool derive(const struct img_hmac *hmac, const uint8_t key[IMG_KEY_SIZE],
		   const struct img_bytes *part, uint32_t parts, uint8_t ret_key[IMG_KEY_SIZE])
{
	bool done = hmac->mac(hmac->ctx, key, part, parts, ret_key);

	if (!done)
		img_wipe(ret_key, IMG_KEY_SIZE);
	return done;
}

bool img_seal_boot_key(const struct img_hmac *hmac, const uint8_t secret[IMG_KEY_SIZE],
		       const uint8_t nonce[IMG_KEY_SIZE], uint8_t ret_key[IMG_KEY_SIZE])
{
	const struct img_bytes part[] = { LABEL("fastboot boot key 1"), { nonce, IMG_KEY_SIZE } };

	return derive(hmac, secret, part, 2, ret_key);
}

bool img_seal_keys(const struct img_hmac *hmac, const uint8_t boot_key[IMG_KEY_SIZE],
		   const struct img_slot *slot, const uint8_t salt[IMG_KEY_SIZE],
		   struct img_seal_keys *ret_keys)
{
	const struct img_bytes image[] = { LABEL("fastboot image 1"),
					   { slot->image_uuid, sizeof(slot->image_uuid) },
					   { slot->area_uuid, sizeof(slot->area_uuid) },
					   { salt, IMG_KEY_SIZE } };
	const struct img_bytes enc = LABEL("enc"), mac = LABEL("mac");
	uint8_t key[IMG_KEY_SIZE];
	bool done = derive(hmac, boot_key, image, 4, key) &&
		    derive(hmac, key, &enc, 1, ret_keys->enc) &&
		    derive(hmac, key, &mac, 1, ret_keys->mac);

	img_wipe(key, sizeof(key));
	if (!done)
		img_wipe(ret_keys, sizeof(*ret_keys));
	return done;
}

void img_seal_iv(uint64_t chunk, uint8_t ret_iv[IMG_IV_SIZE])
{
	img_le64 number = img_put64(chunk);

	memset(ret_iv, 0, IMG_IV_SIZE);
	memcpy(ret_iv, &number, sizeof(number));
}

/* The number of the seal's section in the table; nr_sections if the image is not sealed. */
static uint32_t seal_section(const struct img_slot *slot)
{
	uint32_t i = 0;

	while (i < slot->nr_sections && slot->section[i].type != IMG_SEC_SEAL)
		i++;
	return i;
}

static enum img_reason seal_refuse(struct img_detail *detail, enum img_reason reason,
				   const char *field, uint64_t golden, uint64_t today)
{
	return IMG_REFUSE(detail, reason, .object = "seal", .field = field, .golden = golden,
			  .today = today);
}

enum img_reason img_seal_decode(const struct img_slot *slot, const void *meta,
				struct img_seal *ret_seal, struct img_detail *detail)
{
	uint32_t number = seal_section(slot), domain;
	const struct img_seal_disk *d;

	if (number == slot->nr_sections)
		return seal_refuse(detail, IMG_E_SECTION_MISSING, NULL, 0, 0);
	d = (const void *)((const uint8_t *)meta +
			   (slot->section[number].offset - slot->meta_offset));
	domain = img_get32(d->domain);
	if (img_get32(d->version) != IMG_SEAL_VERSION)
		return seal_refuse(detail, IMG_E_INCOMPAT, "version", img_get32(d->version),
				   IMG_SEAL_VERSION);
	if (img_get32(d->algorithm) != IMG_SEAL_AES256_GCM)
		return seal_refuse(detail, IMG_E_INCOMPAT, "algorithm", img_get32(d->algorithm),
				   IMG_SEAL_AES256_GCM);
	if (domain != IMG_SEAL_SECURE && domain != IMG_SEAL_OPEN)
		return seal_refuse(detail, IMG_E_INCOMPAT, "domain", domain, 0);
	if (img_get32(d->reserved0) || !img_is_zero(d->reserved, sizeof(d->reserved)))
		return seal_refuse(detail, IMG_E_RESERVED, "reserved", 0, 0);
	ret_seal->domain = (enum img_seal_domain)domain;
	memcpy(ret_seal->nonce, d->nonce, sizeof(d->nonce));
	memcpy(ret_seal->salt, d->salt, sizeof(d->salt));
	memcpy(ret_seal->mac, d->mac, sizeof(d->mac));
	return IMG_OK;
}

struct img_seal_disk img_seal_encode(const struct img_seal *seal)
{
	struct img_seal_disk d = {
		.version = img_put32(IMG_SEAL_VERSION),
		.algorithm = img_put32(IMG_SEAL_AES256_GCM),
		.domain = img_put32((uint32_t)seal->domain),
	};

	memcpy(d.nonce, seal->nonce, sizeof(d.nonce));
	memcpy(d.salt, seal->salt, sizeof(d.salt));
	memcpy(d.mac, seal->mac, sizeof(d.mac));
	return d;
}

/* What this start of the firmware says about this kind of seal. */
static enum img_reason domain_decide(const struct img_seal *seal, const struct img_trust *trust,
				     struct img_detail *detail)
{
	bool secure = trust->secure_boot;

	if (!seal)
		return secure || trust->always ? seal_refuse(detail, IMG_E_UNSEALED, NULL, 0, 0)
					       : IMG_OK;
	if (seal->domain == IMG_SEAL_SECURE && !secure)
		return seal_refuse(detail, IMG_E_SEALED, "domain", seal->domain, IMG_SEAL_OPEN);
	if (seal->domain == IMG_SEAL_OPEN && secure)
		return seal_refuse(detail, IMG_E_NOT_AUTHENTIC, "domain", seal->domain,
				   IMG_SEAL_SECURE);
	if (seal->domain == IMG_SEAL_OPEN && !trust->always)
		return seal_refuse(detail, IMG_E_SEALED, "seal=always", 0, 0);
	if (seal->domain == IMG_SEAL_SECURE && trust->vetted &&
	    !(trust->history.flags & IMG_HISTORY_VETTED_ONLY))
		return seal_refuse(detail, IMG_E_NOT_AUTHENTIC, "kernel=", 0, 0);
	return IMG_OK;
}

enum img_reason img_trust_decide(const struct img_slot *slot, const struct img_seal *seal,
				 const struct img_trust *trust, struct img_detail *detail)
{
	enum img_reason reason = domain_decide(seal, trust, detail);

	if (reason != IMG_OK || !seal)
		return reason;
	if (trust->history_lost)
		return seal_refuse(detail, IMG_E_HISTORY_LOST, NULL, 0, 0);
	if (slot->generation < trust->history.floor)
		return seal_refuse(detail, IMG_E_ROLLED_BACK, "generation", slot->generation,
				   trust->history.floor);
	if (slot->mode == IMG_MODE_ONCE && slot->generation <= trust->history.consumed)
		return seal_refuse(detail, IMG_E_SLOT_CONSUMED, "generation", slot->generation,
				   trust->history.consumed);
	return IMG_OK;
}

/* Header and sections as the MAC sees them. */
struct covered {
	struct img_bytes part[4 + IMG_MAX_SECTIONS];
	uint32_t parts;
};

static void cover(struct covered *c, const void *data, size_t size)
{
	c->part[c->parts++] = (struct img_bytes){ data, size };
}

/*
 * The header, with both checksums that depend on the MAC taken for zero.  seal: the number of the
 * seal's section.
 */
static void cover_header(struct covered *c, uint32_t seal, const void *header)
{
	static const img_le64 zero;
	const uint8_t *bytes = header;
	size_t csum = offsetof(struct img_slot_disk, section) +
		      seal * sizeof(struct img_section_disk) +
		      offsetof(struct img_section_disk, csum);
	size_t after = csum + sizeof(zero);

	cover(c, bytes, csum);
	cover(c, &zero, sizeof(zero));
	cover(c, bytes + after, IMG_HEADER_CSUM - after);
	cover(c, &zero, sizeof(zero));
}

static bool is_equal(const uint8_t a[IMG_KEY_SIZE], const uint8_t b[IMG_KEY_SIZE])
{
	volatile uint8_t differ = 0;

	for (uint32_t i = 0; i < IMG_KEY_SIZE; i++)
		differ = differ | (uint8_t)(a[i] ^ b[i]);
	return !differ;
}

enum img_reason img_seal_verify(const struct img_hmac *hmac, const struct img_seal_keys *keys,
				const struct img_slot *slot, const struct img_seal *seal,
				const void *header, const void *meta, struct img_detail *detail)
{
	uint32_t number = seal_section(slot);
	struct covered c = { .parts = 0 };
	uint8_t mac[IMG_KEY_SIZE];
	bool good = number < slot->nr_sections;

	if (good)
		cover_header(&c, number, header);
	for (uint32_t i = 0; i < slot->nr_sections; i++) {
		const struct img_section *s = &slot->section[i];

		if (i != number)
			cover(&c, (const uint8_t *)meta + (s->offset - slot->meta_offset),
			      (size_t)s->size);
	}
	good = good && hmac->mac(hmac->ctx, keys->mac, c.part, c.parts, mac) &&
	       is_equal(mac, seal->mac);
	/* Whoever reads it later could put it into the image that he forged. */
	img_wipe(mac, sizeof(mac));
	return good ? IMG_OK : seal_refuse(detail, IMG_E_NOT_AUTHENTIC, "mac", 0, 0);
}

bool img_history_accept(struct img_history *history, const struct img_slot *slot, uint64_t other)
{
	uint64_t floor = slot->generation;
	bool changed;

	/* One below the floor cannot be chosen, so it must not hold the floor down. */
	if (other && other >= history->floor && other < floor)
		floor = other;
	changed = floor > history->floor;
	if (changed)
		history->floor = floor;
	if (slot->mode == IMG_MODE_ONCE && slot->generation > history->consumed) {
		history->consumed = slot->generation;
		changed = true;
	}
	return changed;
}

bool img_seal_close(const struct img_hmac *hmac, const struct img_seal_keys *keys,
		    struct img_slot *slot, const void *const data[IMG_MAX_SECTIONS],
		    const void *header, struct img_seal_disk *seal)
{
	uint32_t number = seal_section(slot);
	struct covered c = { .parts = 0 };

	if (number == slot->nr_sections)
		return false;
	cover_header(&c, number, header);
	for (uint32_t i = 0; i < slot->nr_sections; i++)
		if (i != number)
			cover(&c, data[i], (size_t)slot->section[i].size);
	if (!hmac->mac(hmac->ctx, keys->mac, c.part, c.parts, seal->mac))
		return false;
	slot->section[number].csum = img_port_xxh64(seal, sizeof(*seal));
	return true;
}
