/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The decision: from the image and today's machine to a placement plan or a refusal.  Pure
 * functions: the loader calls them, and so can a host test, a fuzzer or a simulation.
 *
 * Restoring claims the firmware's free memory in whole ranges.  Every page of today is then of one
 * kind:
 *
 *   owned   conventional memory that the loader has claimed; a page of the image
 *           that belongs here is decoded straight to its place
 *   busy    boot-services or loader memory: free once boot services are gone,
 *           so a page of the image that belongs here is staged in an owned page
 *           that the image does not need, and copied after the exit
 *   other   runtime services, ACPI, MMIO, holes: an image page here is a refusal
 */
#ifndef IMGFMT_PLAN_H
#define IMGFMT_PLAN_H

#include "fingerprint.h"
#include "proof.h"
#include "reader.h"

/* UEFI 2.10, 7.2: EFI_MEMORY_TYPE values used here. */
enum img_efi_type {
	IMG_EFI_LOADER_CODE = 1,
	IMG_EFI_LOADER_DATA = 2,
	IMG_EFI_BOOT_CODE = 3,
	IMG_EFI_BOOT_DATA = 4,
	IMG_EFI_RUNTIME_CODE = 5,
	IMG_EFI_RUNTIME_DATA = 6,
	IMG_EFI_CONVENTIONAL = 7,
};
#define IMG_EFI_ATTR_RUNTIME (1ull << 63)

struct img_memrange {
	uint64_t phys;
	uint64_t pages;
	uint32_t type; /* EFI_MEMORY_TYPE */
	uint64_t attribute;
};

struct img_machine {
	const struct img_fp *fp;
	const struct img_memrange *map; /* sorted by phys, disjoint */
	uint64_t nr_map;
	uint64_t runtime_services; /* physical address of the EFI_RUNTIME_SERVICES table */
	const struct img_proof_probe *proofs;
};

struct img_verdict {
	enum img_reason reason; /* IMG_OK: restore */
	struct img_detail detail;
	uint64_t pages_free;  /* image pages that are conventional memory today */
	uint64_t pages_busy;  /* image pages to stage, at least */
	uint64_t pages_spare; /* conventional pages that the image does not need */
};

/* The loader's own needs besides the image: buffers, scratch, tables, lists; 64 MiB is plenty. */
#define IMG_SPARE_PAGES ((64u << 20) / IMG_PAGE_SIZE)

/* Sorts a memory map by phys (in place, no recursion). */
void img_memmap_sort(struct img_memrange *map, uint64_t nr);

/* RAM as the kernel counts it in its e820 "System RAM": types 1-4 and 7.  Bytes. */
uint64_t img_memmap_ram(const struct img_memrange *map, uint64_t nr);

/* Is the page at phys RAM in that sense, so that nobody uses it once boot services are gone? */
bool img_memmap_is_ram(const struct img_memrange *map, uint64_t nr, uint64_t phys);

/*
 * In this order: fingerprint, proofs, EFI runtime map, runtime services table, every page of the
 * index, room for staging.  Nothing is modified.  spare_needed: pages the loader needs for itself.
 */
void img_decide(const struct img_meta *meta, const struct img_machine *machine,
		uint64_t spare_needed, struct img_verdict *ret_verdict);

/* Today's physical address of the saved efi.runtime; 0 if it is in none of its regions. */
uint64_t img_runtime_phys(const struct img_meta *meta);

/* A set of page ranges, sorted, disjoint: the memory that the loader owns. */
struct img_range {
	uint64_t pfn;
	uint64_t pages;
};
struct img_owned {
	const struct img_range *range;
	uint64_t nr;
};

/* Length of the first piece of [pfn, pfn+pages) that is wholly owned or wholly not. */
uint64_t img_owned_span(const struct img_owned *owned, uint64_t pfn, uint64_t pages,
			bool *ret_owned);

/*
 * The pool: owned pages that the image does not need, handed out by rising address, never given
 * back.  Contents undefined.
 */
struct img_pool {
	const struct img_meta *meta;
	const struct img_owned *owned;
	uint64_t range; /* position: index into owned */
	uint64_t pfn;	/* position: next candidate page */
};
void img_pool_init(struct img_pool *pool, const struct img_meta *meta,
		   const struct img_owned *owned);
/* Next free extent, at most `want` pages long, without skipping any; pages 0: exhausted. */
struct img_range img_pool_next(struct img_pool *pool, uint64_t want);
/*
 * First extent of exactly `want` pages wholly below `limit_pfn`; scans from the start of what is
 * left, skips what is too short (lost to the pool).  pages 0: none, and the pool is unchanged.
 */
struct img_range img_pool_contiguous(struct img_pool *pool, uint64_t want, uint64_t limit_pfn);

#endif
