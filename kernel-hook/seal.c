// SPDX-License-Identifier: GPL-2.0-only
/*
 * gcm(aes) may answer asynchronously (aesni, through crypto/simd.c), though in the workers' context
 * it does not.  Drivers of hardware are left out: they were asleep a moment ago, and keep copies of
 * a key where nobody wipes it.
 */
#include <linux/crypto.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/aead.h>
#include <crypto/hash.h>

#include "fault.h"
#include "held.h"
#include "key.h"
#include "lockdown.h"
#include "seal.h"
#include "variables.h"

#define SEAL_CIPHER "gcm(aes)"
#define SEAL_HASH   "hmac(sha256)"

/* What one worker needs at a time: the chunk's pages, then its tag. */
struct seal_job {
	struct aead_request *request;
	struct crypto_wait wait;
	struct scatterlist piece[IMG_CHUNK_PAGES + 1];
	u8 iv[IMG_IV_SIZE];
	u8 tag[IMG_TAG_SIZE];
};

static bool seal_hmac(void *ctx, const u8 key[IMG_KEY_SIZE], const struct img_bytes *part,
		      u32 parts, u8 ret_mac[IMG_KEY_SIZE])
{
	struct seal *seal = ctx;
	int error = crypto_shash_setkey(seal->hash, key, IMG_KEY_SIZE);
	u32 i;

	if (!error)
		error = crypto_shash_init(seal->hashing);
	for (i = 0; i < parts && !error; i++)
		error = crypto_shash_update(seal->hashing, part[i].data, part[i].size);
	if (!error)
		error = crypto_shash_final(seal->hashing, ret_mac);
	return !error;
}

static struct img_hmac seal_hmac_of(struct seal *seal)
{
	return (struct img_hmac){ .ctx = seal, .mac = seal_hmac };
}

/* The gate. */

/* Why images must be sealed; NULL: they need not. */
static const char *seal_demand(void)
{
	int secure = variables_secure_boot();

	if (secure)
		return secure > 0 ? "Secure Boot is on"
				  : "whether Secure Boot is on cannot be read";
	if (lockdown_forbids())
		return LOCKDOWN_ALONE;
	/* The loader wanted them sealed; after a restore, it may have failed to give a key. */
	return key_phys() ? "this boot began with a key" : NULL;
}

const char *seal_words(void)
{
	if (key_exists())
		return key_domain() == IMG_SEAL_SECURE ? "secure" : "open";
	return seal_demand() ? "no-key" : "none";
}

static void key_refused(const char *demand, struct report *report)
{
	report_open(report, IMG_E_GATE_SEAL_KEY, 0);
	report_detail(report, "%s", demand);
	report_detail(report, "%s", key_why_not());
	report_close(report, IMG_E_GATE_SEAL_KEY);
}

static int cipher_allocate(struct seal *seal)
{
	/* As for dm-crypt: a request must not depend on memory. */
	struct crypto_aead *cipher = crypto_alloc_aead(
		SEAL_CIPHER, 0, CRYPTO_ALG_KERN_DRIVER_ONLY | CRYPTO_ALG_ALLOCATES_MEMORY);

	if (IS_ERR(cipher))
		return PTR_ERR(cipher);
	seal->cipher = held(cipher);
	return crypto_aead_setauthsize(cipher, IMG_TAG_SIZE);
}

static size_t hashing_size(const struct seal *seal)
{
	return sizeof(*seal->hashing) + crypto_shash_descsize(seal->hash);
}

static int hash_allocate(struct seal *seal)
{
	struct crypto_shash *hash = crypto_alloc_shash(SEAL_HASH, 0, 0);

	if (IS_ERR(hash))
		return PTR_ERR(hash);
	seal->hash = held(hash);
	seal->hashing = held_kcalloc(1, hashing_size(seal));
	if (!seal->hashing)
		return -ENOMEM;
	seal->hashing->tfm = hash;
	return 0;
}

static int cipher_refused(const char *what, int error, struct report *report)
{
	if (!error)
		return 0;
	return report_obstacle(report, IMG_E_GATE_SEAL_CIPHER, 0, "%s: error %d", what, error);
}

static int seal_allocate(struct seal *seal, struct report *report)
{
	int error = cipher_refused(SEAL_CIPHER, cipher_allocate(seal), report);

	if (!error)
		error = cipher_refused(SEAL_HASH, hash_allocate(seal), report);
	if (error)
		return error;
	seal->section = held_pages(0);
	if (seal->section)
		return 0;
	return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for the seal");
}

void gate_seal(struct seal *seal, struct report *report)
{
	const char *demand;

	if (key_exists()) {
		seal->secure = key_domain() == IMG_SEAL_SECURE;
		seal->on = !seal_allocate(seal, report);
		return;
	}
	demand = seal_demand();
	if (demand)
		key_refused(demand, report);
}

static void job_release(struct seal_job *job)
{
	aead_request_free(unheld(job->request));
	held_kfree(job);
}

/* The functions that free what belongs to a key zero it. */
void seal_end(struct seal *seal)
{
	unsigned int i;

	for (i = 0; i < seal->jobs; i++)
		job_release(seal->job[i]);
	held_kfree(seal->job);
	seal->job = NULL;
	seal->jobs = 0;
	crypto_free_aead(unheld(seal->cipher));
	seal->cipher = NULL;
	if (seal->hashing)
		memzero_explicit(seal->hashing, hashing_size(seal));
	held_kfree(seal->hashing);
	seal->hashing = NULL;
	crypto_free_shash(unheld(seal->hash));
	seal->hash = NULL;
	img_wipe(&seal->keys, sizeof(seal->keys));
}

void seal_release(struct seal *seal)
{
	seal_end(seal);
	held_pages_free(seal->section, 0);
	seal->section = NULL;
	seal->on = false;
}

bool seal_passes_lockdown(const struct seal *seal)
{
	return seal->on && seal->secure;
}

u64 seal_floor(const struct seal *seal)
{
	return seal->on ? key_floor() : 0;
}

u64 seal_key_phys(const struct seal *seal)
{
	return seal->on ? key_phys() : 0;
}

/* Sealing. */

static struct seal_job *job_allocate(struct crypto_aead *cipher)
{
	struct seal_job *job = held_kcalloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->request = held(aead_request_alloc(cipher, GFP_KERNEL));
	if (!job->request) {
		job_release(job);
		return NULL;
	}
	crypto_init_wait(&job->wait);
	aead_request_set_callback(job->request,
				  CRYPTO_TFM_REQ_MAY_SLEEP | CRYPTO_TFM_REQ_MAY_BACKLOG,
				  crypto_req_done, &job->wait);
	aead_request_set_ad(job->request, 0);
	return job;
}

int seal_jobs(struct seal *seal, unsigned int jobs)
{
	if (!seal->on)
		return 0;
	seal->job = held_kcalloc(jobs, sizeof(*seal->job));
	if (!seal->job)
		return -ENOMEM;
	while (seal->jobs < jobs) {
		struct seal_job *job = job_allocate(seal->cipher);

		if (!job)
			return -ENOMEM;
		seal->job[seal->jobs++] = job;
	}
	return 0;
}

size_t seal_memory(const struct seal *seal)
{
	return array_size(seal->jobs, sizeof(**seal->job));
}

/* The keys of one image: of this key page, and of a salt that no other image has. */
static int keys_derive(struct seal *seal, const struct img_key_page *page,
		       const struct img_slot *slot)
{
	const struct img_hmac hmac = seal_hmac_of(seal);
	struct img_seal fresh = { .domain = page->domain };

	memcpy(fresh.nonce, page->nonce, sizeof(fresh.nonce));
	get_random_bytes(fresh.salt, sizeof(fresh.salt));
	*seal->section = img_seal_encode(&fresh);
	return img_seal_keys(&hmac, page->key, slot, fresh.salt, &seal->keys) ? 0 : -EIO;
}

int seal_begin(struct seal *seal, const struct img_slot *slot)
{
	struct img_key_page page;
	int error;

	if (!seal->on)
		return 0;
	/* A reboot that began before the freeze has wiped it, and zero would be a key, too. */
	error = key_copy(&page) ? keys_derive(seal, &page, slot) : -ENOKEY;
	img_wipe(&page, sizeof(page));
	if (!error)
		error = crypto_aead_setkey(seal->cipher, seal->keys.enc, IMG_KEY_SIZE);
	img_wipe(seal->keys.enc, sizeof(seal->keys.enc));
	return error;
}

/* The cipher puts the tag where the data end. */
static void job_describe(struct seal_job *job, const struct bio_vec *page, u32 size)
{
	unsigned int pages = DIV_ROUND_UP(size, PAGE_SIZE), i;

	sg_init_table(job->piece, pages + 1);
	for (i = 0; i < pages; i++)
		sg_set_page(&job->piece[i], page[i].bv_page,
			    min_t(u32, size - i * PAGE_SIZE, PAGE_SIZE), 0);
	sg_set_buf(&job->piece[pages], job->tag, IMG_TAG_SIZE);
}

int seal_chunk(struct seal *seal, unsigned int number_of_job, u64 number,
	       const struct bio_vec *page, const void *data, struct img_chunk *chunk)
{
	struct seal_job *job;
	int error;

	if (!seal->on || !chunk->size)
		return 0;
	job = seal->job[number_of_job];
	img_seal_iv(number, job->iv);
	job_describe(job, page, chunk->size);
	aead_request_set_crypt(job->request, job->piece, job->piece, chunk->size, job->iv);
	error = crypto_wait_req(crypto_aead_encrypt(job->request), &job->wait);
	if (!error)
		img_chunk_sum(chunk, data);
	return error;
}

void seal_tag(const struct seal *seal, unsigned int number_of_job, const struct img_chunk *chunk,
	      struct img_writer *writer)
{
	if (seal->on && chunk->size)
		img_writer_tag(writer, seal->job[number_of_job]->tag);
}

int seal_close(struct seal *seal, struct img_slot *slot, const void *const data[IMG_MAX_SECTIONS])
{
	const struct img_hmac hmac = seal_hmac_of(seal);
	int error = -EIO;
	void *header;

	if (!seal->on)
		return 0;
	header = held_pages(0);
	if (!header)
		return -ENOMEM;
	img_slot_encode(slot, header);
	if (img_seal_close(&hmac, &seal->keys, slot, data, header, seal->section))
		error = 0;
	held_pages_free(header, 0);
	return error;
}
