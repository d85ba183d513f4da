/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The validating reader.  The caller reads the blocks and owns every buffer;
 * nothing here allocates, logs or keeps state.  A decode function returns
 * IMG_OK, or the reason, with `ret_` untouched and `detail` (may be NULL)
 * filled in.
 *
 *   area header -> img_area_decode
 *   slot header -> img_slot_decode
 *   slot state  -> img_state_decode, img_state_check
 *   the seal    -> seal.h, before img_meta_decode
 *   sections    -> img_meta_decode, once, over one buffer with all of them
 *   a chunk     -> img_chunk_check, img_chunk_decode, in any order, on any processor
 *
 * After img_meta_decode every accessor below is safe for every index in range.
 */
#ifndef IMGFMT_READER_H
#define IMGFMT_READER_H

#include "format.h"
#include "reasons.h"

struct img_extent {
	uint64_t offset;
	uint64_t size;
};

/* Consecutive bytes of a partition. */
struct img_piece {
	uint8_t part_uuid[16]; /* as a GPT stores it */
	uint64_t offset;
	uint64_t size;
};

struct img_area {
	uint8_t uuid[16];
	uint64_t offset; /* bytes of the partition or map */
	uint64_t size;
	uint32_t nr_slots;
	struct img_extent slot[IMG_MAX_SLOTS];
	uint64_t created;
	uint32_t nr_map; /* 0: the area is a partition, and nothing names it */
	struct img_piece map[IMG_MAX_MAP];
};

/* Where a byte of the area is. */
struct img_location {
	uint32_t piece;	 /* of the map; 0 without one */
	uint64_t offset; /* bytes of its partition */
	uint64_t run;	 /* so many bytes follow there */
};

struct img_section {
	enum img_section_type type;
	uint32_t entry_size;
	uint64_t offset; /* slot bytes */
	uint64_t size;
	uint64_t csum;
};

struct img_slot {
	enum img_mode mode;
	uint8_t area_uuid[16];
	uint8_t image_uuid[16];
	uint64_t compat;
	uint64_t incompat; /* IMG_INCOMPAT_SEALED */
	uint64_t generation;
	uint64_t created;
	uint64_t nr_pages;
	uint64_t nr_stored;
	uint64_t data_size;
	uint64_t meta_offset;
	uint64_t meta_size;
	uint32_t nr_sections;
	struct img_section section[IMG_MAX_SECTIONS];
	char kernel_release[65]; /* NUL terminated */
	char description[129];
};

struct img_state {
	bool valid; /* the state exists and is of this image; otherwise all is zero */
	uint64_t restores;
	uint32_t attempts;
	bool consumed;
	uint64_t rank;	       /* 0: the header's generation counts */
	char description[129]; /* NUL terminated; empty: the header's */
};

struct img_record {
	uint64_t jump_address;
	uint64_t jump_address_phys;
	uint64_t cr3;
	uint64_t arch_magic;
	uint64_t cr0;
	uint64_t cr4;
	uint64_t efer;
	uint32_t paging_levels;
	uint64_t handoff_phys;
	uint64_t efi_runtime;
	uint64_t ram_bytes;
	uint64_t key_phys; /* 0: none */
	uint8_t e820_digest[16];
};

struct img_fp_item {
	uint32_t field;
	uint32_t index;
	uint64_t value[2];
};

struct img_rtregion {
	uint32_t type;
	uint64_t phys;
	uint64_t virt;
	uint64_t pages;
	uint64_t attribute;
};

struct img_aux {
	uint64_t pfn;
	uint64_t pages;
	uint32_t kind;
};

struct img_proof {
	uint8_t part_uuid[16]; /* zero: the image's own partition */
	enum img_proof_kind kind;
	uint32_t flags;
	uint64_t offset; /* bytes */
	uint32_t size;
	uint64_t digest;
};

struct img_run {
	uint64_t pfn;
	uint32_t pages;
	enum img_run_kind kind;
	uint64_t first; /* stored pages before this run */
	uint64_t fill;
};

struct img_chunk {
	uint64_t offset; /* slot bytes */
	uint32_t size;
	enum img_chunk_kind kind;
	uint32_t pages;
	uint64_t first; /* stored pages before this chunk */
	uint64_t csum;
	uint64_t fill;
};

/* Validated sections; points into the caller's buffer, which must outlive it. */
struct img_meta {
	struct img_record record;
	const struct img_fp_disk *fp;
	const struct img_rtmap_disk *rtmap;
	const struct img_aux_disk *aux;
	const struct img_proof_disk *proof;
	const struct img_run_disk *run;
	const struct img_chunk_disk *chunk;
	const struct img_tag_disk *tag; /* nr_chunks of them; NULL: not sealed */
	uint64_t nr_fp, nr_rtmap, nr_aux, nr_proofs, nr_runs, nr_chunks;
	uint64_t nr_pages, nr_stored;
};

/* Partition bytes of the area header for a partition of that size; 0 if it is too small. */
uint64_t img_area_header_offset(uint64_t partition_size);

/*
 * block: IMG_BLOCK bytes read from img_area_header_offset(size).  size: bytes of the partition, or
 * of the logical volume or file that the map describes; 0: unknown, which only a mapped area
 * allows. ret_area: large.
 */
enum img_reason img_area_decode(const void *block, uint64_t size, struct img_area *ret_area,
				struct img_detail *detail);

/* The bytes that the map describes; 0 without one. */
uint64_t img_area_map_size(const struct img_area *area);

/* offset: within the area's partition or map.  Without a map `run` is endless. */
struct img_location img_area_locate(const struct img_area *area, uint64_t offset);

/* block: IMG_BLOCK bytes from the start of area->slot[slot].  An all-zero block is SLOT_EMPTY. */
enum img_reason img_slot_decode(const void *block, const struct img_area *area, uint32_t slot,
				struct img_slot *ret_slot, struct img_detail *detail);

/* sector: the first 512 bytes of the block after the slot header.  Unreadable: not valid. */
void img_state_decode(const void *sector, const uint8_t image_uuid[16],
		      struct img_state *ret_state);

/* sector: 512 bytes, overwritten. */
void img_state_encode(const struct img_state *state, const uint8_t image_uuid[16], void *sector);

/*
 * May the image be entered again?  SLOT_QUARANTINED after IMG_MAX_ATTEMPTS attempts; for a one-shot
 * image SLOT_CONSUMED, or STATE_DAMAGED if the state is unreadable.
 */
enum img_reason img_state_check(const struct img_slot *slot, const struct img_state *state,
				uint32_t number, struct img_detail *detail);

/* The state that must be durable before the image is entered. */
struct img_state img_state_entered(const struct img_slot *slot, const struct img_state *state);

/* The number by which images are compared: the generation, or the rank of a promotion. */
uint64_t img_slot_rank(const struct img_slot *slot, const struct img_state *state);

/*
 * The generation of a new image, or the rank of a promotion: one above the `highest` in use.
 * SLOT_FIELD: no higher number exists.
 */
enum img_reason img_rank_above(uint64_t highest, uint64_t *ret_rank, struct img_detail *detail);

/* The description of the image: the state's, or else the header's.  Points into either. */
const char *img_slot_description(const struct img_slot *slot, const struct img_state *state);

/*
 * Which slot to restore: `wanted` (0, 1) or -1 for the valid one of the highest rank.  reason[i]:
 * the result of img_slot_decode, and then of img_state_check, for slot i; rank[i]: img_slot_rank.
 * Returns the slot's number, or -1 with *ret_reason the most specific refusal (any damage before
 * SLOT_EMPTY).
 */
int img_slot_choose(const enum img_reason reason[], const uint64_t rank[], uint32_t nr_slots,
		    int wanted, enum img_reason *ret_reason);

/* meta: slot->meta_size bytes from slot->meta_offset of the slot. */
enum img_reason img_meta_decode(const struct img_slot *slot, const void *meta,
				struct img_meta *ret_meta, struct img_detail *detail);

struct img_fp_item img_meta_fp(const struct img_meta *meta, uint64_t i);
struct img_rtregion img_meta_rtregion(const struct img_meta *meta, uint64_t i);
struct img_aux img_meta_aux(const struct img_meta *meta, uint64_t i);
struct img_proof img_meta_proof(const struct img_meta *meta, uint64_t i);
struct img_run img_meta_run(const struct img_meta *meta, uint64_t i);
struct img_chunk img_meta_chunk(const struct img_meta *meta, uint64_t i);

/* The run that holds stored page number `ordinal`, which must be < nr_stored.  O(log runs). */
uint64_t img_meta_find_stored(const struct img_meta *meta, uint64_t ordinal);

/* The first run that ends after pfn; nr_runs if none.  O(log runs). */
uint64_t img_meta_find_pfn(const struct img_meta *meta, uint64_t pfn);

/* stored: chunk->size bytes.  Checksum only. */
enum img_reason img_chunk_check(const struct img_chunk *chunk, const void *stored);

/* out: chunk->pages * IMG_PAGE_SIZE bytes, 8-byte aligned.  Does not check the checksum. */
enum img_reason img_chunk_decode(const struct img_chunk *chunk, const void *stored, void *out);

/* Sets chunk->csum to that of the stored bytes. */
void img_chunk_sum(struct img_chunk *chunk, const void *stored);

/* Fills `pages` pages at `out` with a 64-bit word. */
void img_fill_pages(void *out, uint64_t word, uint64_t pages);

#endif
