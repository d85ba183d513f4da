/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sealing an image: imgfmt/seal.h with the kernel's cryptography.
 *
 *	gate_seal	must images be sealed, and can they be?  everything that this takes
 *	seal_jobs	memory to encrypt so many chunks at a time
 *	seal_begin	once memory has been copied: the keys
 *	seal_chunk	from any worker: encrypts
 *	seal_tag	in the order of the chunks: what proves one
 *	seal_close	the MAC
 *	seal_end	before the tasks continue: no trace of a key is left
 *
 * All of these but gate_seal do nothing if images are not sealed.  Process context, may sleep.
 */
#ifndef HOOK_SEAL_H
#define HOOK_SEAL_H

#include <linux/bvec.h>
#include <linux/types.h>
#include <imgfmt/imgfmt.h>

#include "report.h"

struct crypto_aead;
struct crypto_shash;
struct seal_job;
struct shash_desc;

struct seal {
	bool on;
	bool secure; /* with a key of Secure Boot's; also after the copy, when another boot's is
			there */
	struct crypto_aead *cipher;
	struct crypto_shash *hash;
	struct shash_desc *hashing;
	struct seal_job **job;
	unsigned int jobs;
	struct img_seal_disk *section; /* zero after it, up to a whole block */
	struct img_seal_keys keys;     /* between seal_begin and seal_end */
};

/* What this boot does with its images, as fastboot/seal in sysfs says it. */
const char *seal_words(void);

/*
 * Obstacles: no key, though Secure Boot or lockdown want images sealed; or no cipher.  seal:
 * zeroed. Without an obstacle, seal->on is decided, and everything but the jobs' memory is
 * allocated.
 */
void gate_seal(struct seal *seal, struct report *report);
void seal_release(struct seal *seal);

/* Must lockdown be passed, and may it be? */
bool seal_passes_lockdown(const struct seal *seal);

/* New images have a greater generation than this. */
u64 seal_floor(const struct seal *seal);

/* Where the loader of a restore finds the key page; 0: not sealed. */
u64 seal_key_phys(const struct seal *seal);

/* 0 or a negative errno; seal_end frees them. */
int seal_jobs(struct seal *seal, unsigned int jobs);

/* Bytes that seal_jobs() has taken. */
size_t seal_memory(const struct seal *seal);

/* slot: its UUIDs are those of the image.  0 or a negative errno. */
int seal_begin(struct seal *seal, const struct img_slot *slot);

/*
 * Encrypts a chunk where it is, data, which these pages hold, and makes its checksum that of the
 * result.  job: below seal_jobs(), in use by nobody else.  number: the chunk's, in the image.  0 or
 * a negative errno: the data are then neither.
 */
int seal_chunk(struct seal *seal, unsigned int job, u64 number, const struct bio_vec *page,
	       const void *data, struct img_chunk *chunk);

/* After img_writer_chunk: the tag of the chunk that this job has encrypted. */
void seal_tag(const struct seal *seal, unsigned int job, const struct img_chunk *chunk,
	      struct img_writer *writer);

/*
 * After img_writer_finish: see img_seal_close.  Changes the slot header, which is to be encoded
 * after it.
 */
int seal_close(struct seal *seal, struct img_slot *slot, const void *const data[IMG_MAX_SECTIONS]);

void seal_end(struct seal *seal);

#endif
