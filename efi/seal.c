// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order is the promise: whether the image may be used at all, then the machine's secret, then
 * the MAC over exactly the bytes that are in memory and that everything after it uses.
 */
#include "seal.h"

#include "alloc.h"
#include "crypto.h"
#include "keypage.h"
#include "loader.h"
#include "secret.h"
#include "trust.h"

static struct crypto_cipher cipher; /* its parts refer to each other: it stays here */

static enum img_reason verify(struct loader *l, const struct img_seal *seal, const void *header,
			      const void *meta)
{
	struct img_seal_keys keys;
	enum img_reason reason = IMG_E_NOT_AUTHENTIC;

	if (secret_image_keys(&l->slot, seal, &keys))
		reason = img_seal_verify(&crypto_hmac, &keys, &l->slot, seal, header, meta,
					 &l->detail);
	else
		l->detail = (struct img_detail){ .object = "seal", .field = "secret" };
	if (reason == IMG_OK) {
		crypto_cipher_init(keys.enc, &cipher);
		l->cipher = &cipher;
	}
	img_wipe(&keys, sizeof(keys));
	return reason;
}

enum img_reason seal_check(struct loader *l, const void *header, const void *meta)
{
	bool sealed = img_slot_is_sealed(&l->slot);
	enum img_reason reason = IMG_OK;
	struct img_seal seal;

	if (sealed)
		reason = img_seal_decode(&l->slot, meta, &seal, &l->detail);
	if (reason == IMG_OK)
		reason = img_trust_decide(&l->slot, sealed ? &seal : NULL, &l->trust, &l->detail);
	if (reason == IMG_OK && sealed)
		reason = verify(l, &seal, header, meta);
	return reason;
}

void seal_forget(struct loader *l)
{
	if (l->cipher)
		img_wipe(&cipher, sizeof(cipher));
	l->cipher = NULL;
}

/*
 * The page is reserved memory in the saved kernel's map.  In today's it may be RAM.  EDK II however
 * keeps ranges for each type of memory that a system must preserve, and its map says reserved for
 * what is free in them (MdeModulePkg, Core/Dxe/Mem/Page.c); it gives such a page for that type
 * only.
 */
static bool is_free(struct loader *l, uint64_t phys)
{
	return img_memmap_is_ram(l->map.range, l->map.nr, phys) ||
	       alloc_reserved(&l->memory, phys / IMG_PAGE_SIZE);
}

void seal_hand_over(struct loader *l)
{
	uint64_t phys = l->meta.record.key_phys;

	if (phys && is_free(l, phys) && secret_boot_key(&l->trust, &l->handoff, &l->handoff.key))
		keypage_announce(phys);
}
