/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The handoff page: a zeroed page of the saved kernel that the loader fills in after it has placed
 * the image.  The kernel wipes `seed` once used.  In memory only, native integers.  TSC stamps are
 * raw RDTSC values of the boot processor, 0 if a stage did not happen.
 */
#ifndef IMGFMT_HANDOFF_H
#define IMGFMT_HANDOFF_H

#include "imgfmt_port.h"

#define IMG_HANDOFF_MAGIC   0x464642444e414846ull /* "FHANDBFF" */
#define IMG_HANDOFF_VERSION 1u
#define IMG_SEED_SIZE	    64u

/*
 * X(symbol, number, key, stage, when), in the order of time.  key: the figure is loader_<key>_us in
 * the module's timings, "" for the time that all others count from; stage: the stage that ends with
 * this stamp, in readable words, "" if it overlaps the next.
 */
#define IMG_STAMPS(X)                                                                              \
	X(ENTRY, 0, "", "", "loader entered")                                                      \
	X(FOUND, 1, "found", "disks, area, headers", "area found, headers read")                   \
	X(META, 2, "meta", "sections", "sections read and validated")                              \
	X(DECIDED, 3, "decided", "checks of machine and disks", "machine compared, plan made")     \
	X(CLAIMED, 4, "claimed", "claim memory", "memory claimed")                                 \
	X(READ, 5, "read", "", "last chunk read")                                                  \
	X(DECODED, 6, "decoded", "read, verify, decode, place",                                    \
	  "last chunk verified, decoded and placed")                                               \
	X(RECORDED, 10, "recorded", "record the attempt", "the attempt is on the disk")            \
	X(EXIT, 7, "exit", "exit boot services", "ExitBootServices returned")                      \
	X(RUNTIME, 8, "runtime", "runtime services", "SetVirtualAddressMap returned")              \
	X(JUMP, 9, "jump", "copy the rest, jump", "all copied, about to jump")

enum img_stamp {
#define IMG_STAMP_ENUM(sym, number, key, stage, when) IMG_STAMP_##sym = number,
	/* clang-format off */
	IMG_STAMPS(IMG_STAMP_ENUM)
#undef IMG_STAMP_ENUM
	IMG_STAMP_COUNT = 16
	/* clang-format on */
};

/* The cost of the work on chunks, in TSC ticks summed over all processors. */
struct img_work {
	uint64_t read;		/* waiting for the disk or in its driver, with nothing else to do */
	uint64_t verify;	/* checksums, and opening sealed chunks */
	uint64_t decode;	/* LZ4 */
	uint64_t place;		/* copies to the pages' places, and constant pages */
	uint64_t bytes_read;	/* whole blocks */
	uint64_t bytes_decoded; /* by LZ4, as pages */
};

/*
 * The key page: what the loader leaves for the module of this boot (docs/secure-boot.md).  A page
 * of EfiReservedMemoryType before a normal boot, whose address is in IMG_KEY_PAGE_VARIABLE; a part
 * of the handoff before a restore, from where the saved kernel moves it to the page it knew.
 */
#define IMG_KEY_MAGIC	0x31475059454b4246ull /* "FBKEYPG1" */
#define IMG_KEY_VERSION 1u

struct img_key_page {
	uint64_t magic; /* IMG_KEY_MAGIC; 0: no key */
	uint32_t version;
	uint32_t domain; /* enum img_seal_domain */
	uint64_t floor;	 /* a new image is numbered above it: img_history_highest() */
	uint8_t nonce[32];
	uint8_t key[32]; /* HMAC-SHA256(secret, "fastboot boot key 1" || nonce) */
};

struct img_handoff {
	uint64_t magic; /* 0 as saved; set by the loader */
	uint32_t version;
	uint32_t slot;
	uint64_t generation;
	uint64_t restores; /* this one included */
	uint64_t tsc_hz;   /* of the stamps, as measured by the loader; 0: unknown */
	uint32_t workers;  /* processors that decoded */
	uint32_t flags;	   /* 0 */
	uint64_t bytes_read;
	uint64_t pages_direct;
	uint64_t pages_staged;
	uint64_t svam_status; /* EFI_STATUS of SetVirtualAddressMap */
	uint8_t seed[IMG_SEED_SIZE];
	uint64_t stamp[IMG_STAMP_COUNT];
	uint32_t attempts; /* since the image was last called good, this one included */
	uint32_t reserved0;
	struct img_work work;	 /* of this restore */
	struct img_work probe;	 /* of the option `probe`, each step alone; 0 without it */
	uint64_t probe_elapsed;	 /* TSC ticks of the probe from beginning to end */
	struct img_key_page key; /* of this start; wiped by the kernel like the seed */
};

/*
 * Why a restored kernel did not continue, in an EFI variable for the loader's next start
 * (docs/loader.md, "The kernel's refusal").
 */
#define IMG_REFUSAL_MAGIC 0x3153554645524246ull /* "FBREFUS1" */

struct img_refusal {
	uint64_t magic;
	uint64_t generation;   /* of the image */
	uint8_t area_uuid[16]; /* of the area that holds the image */
	char code[32];	       /* img_reason_code(), with its NUL */
	uint8_t part_uuid[16]; /* a partition of the disk in question; zero: the image's */
};

/*
 * What only the loader may remember, in a variable that no system can see or change: which images
 * have had their time, and who may have a key.
 */
#define IMG_HISTORY_VERSION 1u

/* A key is for a kernel that the loader itself starts, and for no other. */
#define IMG_HISTORY_VETTED_ONLY 1u

struct img_history {
	uint32_t version;
	uint32_t flags;
	uint64_t floor;	   /* the least generation that is accepted */
	uint64_t consumed; /* greatest generation of a one-shot image that was entered; 0: none */
	uint64_t reserved1;
};

static_assert(sizeof(struct img_history) == 32, "history");
static_assert(sizeof(struct img_refusal) == 80, "refusal");
static_assert(sizeof(struct img_handoff) <= 4096, "one page");
static_assert(offsetof(struct img_handoff, seed) == 80, "seed");
static_assert(offsetof(struct img_handoff, stamp) == 144, "stamp");
static_assert(offsetof(struct img_handoff, attempts) == 272, "attempts");
static_assert(offsetof(struct img_handoff, work) == 280, "work");
static_assert(offsetof(struct img_handoff, probe_elapsed) == 376, "probe_elapsed");
static_assert(sizeof(struct img_key_page) == 88, "key page");
static_assert(offsetof(struct img_handoff, key) == 384, "key");

#endif
