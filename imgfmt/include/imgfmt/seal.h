/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The seal: what makes an image unforgeable and unreadable (docs/secure-boot.md).  Here are the
 * keys' derivation, what the MAC covers, and the decision; the cryptography is the host's library.
 *
 *   boot key  = HMAC(secret, "fastboot boot key 1" || nonce)
 *   image key = HMAC(boot key, "fastboot image 1" || image UUID || area UUID || salt)
 *   enc, mac  = HMAC(image key, "enc"), HMAC(image key, "mac")
 *
 * HMAC is HMAC-SHA256 (RFC 2104); the labels have no NUL.  A chunk's stored bytes are AES-256-GCM
 * under `enc`, with img_seal_iv() and without additional data; its tag is in the section of tags.
 * The MAC under `mac` covers, in this order: the slot header, with its checksum and the seal
 * section's taken for zero, and the bytes of every section but the seal, in the table's order.
 *
 * Reader: img_seal_decode, img_trust_decide, img_seal_verify, then img_meta_decode.
 * Writer: img_seal_keys; per chunk, encrypt, img_chunk_sum, img_writer_tag; img_seal_close.
 */
#ifndef IMGFMT_SEAL_H
#define IMGFMT_SEAL_H

#include "handoff.h"
#include "reader.h"

struct img_bytes {
	const void *data;
	size_t size;
};

/*
 * HMAC-SHA256 by the host's library: of `parts` pieces, one after the other.  False: it failed, and
 * ret_mac is undefined.
 */
struct img_hmac {
	void *ctx;
	bool (*mac)(void *ctx, const uint8_t key[IMG_KEY_SIZE], const struct img_bytes *part,
		    uint32_t parts, uint8_t ret_mac[IMG_KEY_SIZE]);
};

struct img_seal {
	enum img_seal_domain domain;
	uint8_t nonce[IMG_KEY_SIZE];
	uint8_t salt[IMG_KEY_SIZE];
	uint8_t mac[IMG_KEY_SIZE];
};

/* To be wiped with img_wipe() on every path. */
struct img_seal_keys {
	uint8_t enc[IMG_KEY_SIZE];
	uint8_t mac[IMG_KEY_SIZE];
};

/* What the loader knows of the firmware before it looks at an image. */
struct img_trust {
	bool secure_boot; /* on, not in setup mode, and shim verifies */
	bool always;	  /* images must be sealed without it, too */
	bool vetted;	  /* the loader starts the kernel of a normal boot itself */
	struct img_history history;
	bool history_lost; /* it exists, and cannot be read: `history` is a new machine's */
};

static inline bool img_slot_is_sealed(const struct img_slot *slot)
{
	return slot->incompat & IMG_INCOMPAT_SEALED;
}

/* Zeroes memory; compilers do not leave it out. */
void img_wipe(void *data, size_t size);

/* False: HMAC failed; the result is wiped. */
bool img_seal_boot_key(const struct img_hmac *hmac, const uint8_t secret[IMG_KEY_SIZE],
		       const uint8_t nonce[IMG_KEY_SIZE], uint8_t ret_key[IMG_KEY_SIZE]);
bool img_seal_keys(const struct img_hmac *hmac, const uint8_t boot_key[IMG_KEY_SIZE],
		   const struct img_slot *slot, const uint8_t salt[IMG_KEY_SIZE],
		   struct img_seal_keys *ret_keys);

/* The IV of a chunk, by its number in the chunk table: never the same twice under one key. */
void img_seal_iv(uint64_t chunk, uint8_t ret_iv[IMG_IV_SIZE]);

/*
 * The seal of a sealed image.  meta: slot->meta_size bytes, as for img_meta_decode.  INCOMPAT: of a
 * later version; RESERVED; SECTION_MISSING: not sealed.
 */
enum img_reason img_seal_decode(const struct img_slot *slot, const void *meta,
				struct img_seal *ret_seal, struct img_detail *detail);

/* seal->mac as given. */
struct img_seal_disk img_seal_encode(const struct img_seal *seal);

/*
 * May this image be looked at here and now?  seal: NULL if the image has none.  UNSEALED, SEALED,
 * NOT_AUTHENTIC (sealed while Secure Boot was off, or when any kernel could have the key and now
 * only vetted ones may), HISTORY_LOST, ROLLED_BACK; SLOT_CONSUMED: a one-shot image not younger
 * than the last one that was entered, whatever its slot's state says.  Only after IMG_OK for a
 * sealed image may the secret of its domain be used, and the image must then be verified.
 */
enum img_reason img_trust_decide(const struct img_slot *slot, const struct img_seal *seal,
				 const struct img_trust *trust, struct img_detail *detail);

/*
 * Is every byte of the header and the sections what the owner of the key wrote?  header: the
 * IMG_BLOCK bytes that `slot` was decoded from.  In constant time.  NOT_AUTHENTIC, also if HMAC
 * fails.
 */
enum img_reason img_seal_verify(const struct img_hmac *hmac, const struct img_seal_keys *keys,
				const struct img_slot *slot, const struct img_seal *seal,
				const void *header, const void *meta, struct img_detail *detail);

/*
 * What the loader remembers once it has accepted an image: no image older than the two that can be
 * chosen now, and no one-shot image twice.  other: the generation of the sealed image in the other
 * slot, which nobody has authenticated; 0: none.  True: *history has changed and must be written
 * before the jump.
 */
bool img_history_accept(struct img_history *history, const struct img_slot *slot, uint64_t other);

/* For the key page: an image must be numbered above this, or a later start would refuse it. */
static inline uint64_t img_history_highest(const struct img_history *history)
{
	return history->floor > history->consumed ? history->floor : history->consumed;
}

/*
 * Closes the seal of an image that img_writer_finish has laid out: writes the MAC into *seal, which
 * is the data of its section, and the section's checksum into *slot, whose header must be encoded
 * again.  data: of every section.  header: the IMG_BLOCK bytes of img_slot_encode(slot).  False:
 * HMAC failed, or the writer was not told to seal.
 */
bool img_seal_close(const struct img_hmac *hmac, const struct img_seal_keys *keys,
		    struct img_slot *slot, const void *const data[IMG_MAX_SECTIONS],
		    const void *header, struct img_seal_disk *seal);

#endif
