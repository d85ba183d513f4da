// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fresh bytes for the restored kernel, whose random number generator is the
 * golden one's at every restore.  From every source there is, one over the
 * other: what is good in any of them stays good.  The kernel hashes them
 * again, so plain mixing is enough here.
 *
 *   EFI_RNG_PROTOCOL   where the firmware has it (UEFI 2.10, 37.5)
 *   RDRAND             where the processor has it
 *   always             TSC jitter over firmware calls, RTC, monotonic counter
 */
#include "loader.h"

#define JITTER_ROUNDS 256

static void mix(uint8_t seed[IMG_SEED_SIZE], const void *data, size_t size, uint64_t salt)
{
	struct {
		uint64_t salt, hash;
		uint8_t seed[IMG_SEED_SIZE];
	} block = { .salt = salt, .hash = img_port_xxh64(data, size) };
	uint64_t *word = (uint64_t *)seed;
	size_t i;

	memcpy(block.seed, seed, IMG_SEED_SIZE);
	for (i = 0; i < IMG_SEED_SIZE / 8; i++) {
		block.salt += i + 1;
		word[i] ^= img_port_xxh64(&block, sizeof(block));
	}
}

static void add_firmware_rng(uint8_t seed[IMG_SEED_SIZE])
{
	EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
	uint8_t bytes[IMG_SEED_SIZE];
	EFI_RNG_PROTOCOL *rng;
	size_t i;

	if (EFI_ERROR(BS->LocateProtocol(&guid, NULL, (void **)&rng)) ||
	    EFI_ERROR(rng->GetRNG(rng, NULL, sizeof(bytes), bytes)))
		return;
	for (i = 0; i < IMG_SEED_SIZE; i++)
		seed[i] ^= bytes[i];
}

static bool have_rdrand(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 30 & 1;
}

static void add_rdrand(uint8_t seed[IMG_SEED_SIZE])
{
	uint64_t *word = (uint64_t *)seed, value;
	uint8_t ok;
	size_t i;

	if (!have_rdrand())
		return;
	for (i = 0; i < IMG_SEED_SIZE / 8; i++) {
		__asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok));
		if (ok)
			word[i] ^= value;
	}
}

static void add_jitter(uint8_t seed[IMG_SEED_SIZE])
{
	struct {
		EFI_TIME time;
		UINT64 count;
		uint64_t tsc[JITTER_ROUNDS];
	} sample;
	size_t i;

	memset(&sample, 0, sizeof(sample));
	RT->GetTime(&sample.time, NULL);
	BS->GetNextMonotonicCount(&sample.count);
	for (i = 0; i < JITTER_ROUNDS; i++) {
		if (i % 32 == 0)
			BS->Stall(1);
		sample.tsc[i] = tsc();
	}
	mix(seed, &sample, sizeof(sample), tsc());
}

void gather_seed(uint8_t seed[IMG_SEED_SIZE])
{
	memset(seed, 0, IMG_SEED_SIZE);
	add_jitter(seed);
	add_rdrand(seed);
	add_firmware_rng(seed);
}
