// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A secret is in a variable for boot services, which no system can read, change or remove.  It can
 * have made one of that name before the loader first ran, but not with these attributes (UEFI 2.10,
 * 8.2: a system sets only variables that it can access, too).
 */
#include "secret.h"

#include "crypto.h"
#include "seed.h"
#include "trust.h"
#include "variables.h"

static const CHAR16 *name_of(enum img_seal_domain domain)
{
	return domain == IMG_SEAL_SECURE ? VARIABLES_SECRET : VARIABLES_OPEN_SECRET;
}

static enum variables_answer find(enum img_seal_domain domain, uint8_t ret_secret[IMG_KEY_SIZE])
{
	return variables_look(name_of(domain), VARIABLES_HIDDEN, ret_secret, IMG_KEY_SIZE);
}

static bool make(enum img_seal_domain domain, const struct img_handoff *handoff,
		 uint8_t ret_secret[IMG_KEY_SIZE])
{
	variables_remove(name_of(domain));
	return seed_key(handoff, ret_secret) &&
	       variables_write(name_of(domain), VARIABLES_HIDDEN, ret_secret, IMG_KEY_SIZE);
}

/* One that cannot be read today stays: images that it sealed may be restored tomorrow. */
static bool find_or_make(enum img_seal_domain domain, const struct img_handoff *handoff,
			 uint8_t ret_secret[IMG_KEY_SIZE])
{
	enum variables_answer said = find(domain, ret_secret);

	return said == VARIABLES_READ ||
	       (said != VARIABLES_FAILED && make(domain, handoff, ret_secret));
}

bool secret_renew(enum img_seal_domain domain, const struct img_handoff *handoff)
{
	uint8_t secret[IMG_KEY_SIZE];
	bool made = make(domain, handoff, secret);

	img_wipe(secret, sizeof(secret));
	return made;
}

bool secret_image_keys(const struct img_slot *slot, const struct img_seal *seal,
		       struct img_seal_keys *ret_keys)
{
	uint8_t secret[IMG_KEY_SIZE], boot_key[IMG_KEY_SIZE];
	bool done = find(seal->domain, secret) == VARIABLES_READ &&
		    img_seal_boot_key(&crypto_hmac, secret, seal->nonce, boot_key) &&
		    img_seal_keys(&crypto_hmac, boot_key, slot, seal->salt, ret_keys);

	img_wipe(secret, sizeof(secret));
	img_wipe(boot_key, sizeof(boot_key));
	return done;
}

bool secret_boot_key(const struct img_trust *trust, const struct img_handoff *handoff,
		     struct img_key_page *ret_page)
{
	struct img_key_page page = {
		.magic = IMG_KEY_MAGIC,
		.version = IMG_KEY_VERSION,
		.domain = trust_domain(trust),
		.floor = img_history_highest(&trust->history),
	};
	uint8_t secret[IMG_KEY_SIZE];
	bool done = find_or_make(page.domain, handoff, secret) && seed_key(handoff, page.nonce) &&
		    img_seal_boot_key(&crypto_hmac, secret, page.nonce, page.key);

	img_wipe(secret, sizeof(secret));
	if (done)
		*ret_page = page;
	else
		memset(ret_page, 0, sizeof(*ret_page));
	img_wipe(&page, sizeof(page));
	return done;
}
