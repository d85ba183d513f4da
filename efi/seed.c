// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fresh bytes for the restored kernel, whose random number generator has the same
 * saved state at every restore.  All available sources are combined by XOR, so one
 * good source suffices.  The kernel hashes the bytes again, so plain mixing is
 * enough for it; a key is drawn from them by HMAC (RFC 5869, 2.2).
 *
 *   EFI_RNG_PROTOCOL   where the firmware has it (UEFI 2.10, 37.5)
 *   RDRAND             where the processor has it
 *   always             TSC jitter over firmware calls, RTC, monotonic counter,
 *                      and the handoff page: this start's time stamps, and the
 *                      number of restores, which never repeats
 */
#include "seed.h"

#include "base.h"
#include "crypto.h"

#define SEED_WORDS    (IMG_SEED_SIZE / 8)
#define JITTER_ROUNDS 32 /* stalls of 1 us, for each word */

/* Intel SDM 1, 7.3.17.1: this many tries before RDRAND counts as broken. */
#define RDRAND_TRIES 10

static void add_firmware_rng(uint64_t seed[SEED_WORDS])
{
	EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
	uint64_t bytes[SEED_WORDS];
	EFI_RNG_PROTOCOL *rng;
	size_t i;

	if (EFI_ERROR(BS->LocateProtocol(&guid, NULL, (void **)&rng)) ||
	    EFI_ERROR(rng->GetRNG(rng, NULL, sizeof(bytes), (UINT8 *)bytes)))
		return;
	for (i = 0; i < SEED_WORDS; i++)
		seed[i] ^= bytes[i];
	img_wipe(bytes, sizeof(bytes));
}

static bool have_rdrand(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 30 & 1;
}

static uint64_t rdrand(void)
{
	uint64_t value;
	uint8_t ok;
	int try;

	for (try = 0; try < RDRAND_TRIES; try++) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok) : : "cc");
		if (ok)
			return value;
	}
	return 0;
}

static void add_rdrand(uint64_t seed[SEED_WORDS])
{
	size_t i;

	if (!have_rdrand())
		return;
	for (i = 0; i < SEED_WORDS; i++)
		seed[i] ^= rdrand();
}

/* Each word digests its own samples, so that the seed is not limited to the 64 bits of one digest.
 */
static void add_jitter(uint64_t seed[SEED_WORDS], const struct img_handoff *handoff)
{
	struct {
		struct img_handoff handoff;
		EFI_TIME time;
		UINT64 count;
		uint64_t word;
		uint64_t tsc[JITTER_ROUNDS];
	} sample;
	size_t i, round;

	memset(&sample, 0, sizeof(sample));
	sample.handoff = *handoff;
	RT->GetTime(&sample.time, NULL);
	for (i = 0; i < SEED_WORDS; i++) {
		sample.word = i;
		BS->GetNextMonotonicCount(&sample.count);
		for (round = 0; round < JITTER_ROUNDS; round++) {
			BS->Stall(1);
			sample.tsc[round] ^= tsc();
		}
		seed[i] ^= img_port_xxh64(&sample, sizeof(sample));
	}
	img_wipe(&sample, sizeof(sample));
}

void seed_gather(const struct img_handoff *handoff, uint8_t ret_seed[IMG_SEED_SIZE])
{
	uint64_t seed[SEED_WORDS] = { 0 };

	add_jitter(seed, handoff);
	add_rdrand(seed);
	add_firmware_rng(seed);
	memcpy(ret_seed, seed, sizeof(seed));
	img_wipe(seed, sizeof(seed));
}

bool seed_key(const struct img_handoff *handoff, uint8_t ret_key[IMG_KEY_SIZE])
{
	uint8_t seed[IMG_SEED_SIZE];
	const struct img_bytes rest = { seed + IMG_KEY_SIZE, sizeof(seed) - IMG_KEY_SIZE };
	bool done;

	seed_gather(handoff, seed);
	done = crypto_hmac.mac(crypto_hmac.ctx, seed, &rest, 1, ret_key);
	img_wipe(seed, sizeof(seed));
	return done;
}
