// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The sections: each field of each table, each rule.  Rows edit the bytes of a good image, the
 * checksum of the edited section is corrected, and the reader must name exactly the violated rule.
 */
#include <stdlib.h>

#include "test.h"

static struct sample sample;
static struct img_slot good;

static int setup(void **state)
{
	struct img_detail detail;

	(void)state;
	sample = sample_make_full();
	return img_slot_decode(sample.partition + sample.area.slot[1].offset, &sample.area, 1,
			       &good, &detail);
}

static int teardown(void **state)
{
	(void)state;
	sample_free(&sample);
	return 0;
}

/* A copy of the sections that a test may edit. */
struct copy {
	struct img_slot slot;
	uint8_t *meta;
};

static struct copy copy_make(void)
{
	struct copy c = { .slot = good, .meta = malloc(good.meta_size) };

	assert_non_null(c.meta);
	memcpy(c.meta, sample.partition + sample.area.slot[1].offset + good.meta_offset,
	       good.meta_size);
	return c;
}

static uint8_t *bytes_of(struct copy *c, uint32_t type)
{
	return c->meta + (section_of(&c->slot, type)->offset - c->slot.meta_offset);
}

static void resum_section(struct copy *c, uint32_t type)
{
	struct img_section *s = section_of(&c->slot, type);

	s->csum = img_port_xxh64(bytes_of(c, type), s->size);
}

static void edit(struct copy *c, uint32_t type, size_t offset, uint64_t value, size_t width)
{
	put_le(bytes_of(c, type) + offset, value, width);
	resum_section(c, type);
}

static void test_round_trip(void **state)
{
	struct copy c = copy_make();
	struct img_meta m;

	(void)state;
	assert_reason(IMG_OK, img_meta_decode(&c.slot, c.meta, &m, NULL));
	assert_int_equal(m.nr_runs, 6);
	assert_int_equal(m.nr_chunks, 5);
	assert_int_equal(m.nr_fp, sample_full.nr_fp);
	assert_int_equal(m.nr_rtmap, sample_full.nr_rtmap);
	assert_int_equal(m.nr_aux, sample_full.nr_aux);
	assert_int_equal(m.nr_proofs, sample_full.nr_proofs);
	assert_memory_equal(&m.record, &sample_full.record, sizeof(m.record));
	for (uint32_t i = 0; i < m.nr_fp; i++) {
		struct img_fp_item item = img_meta_fp(&m, i);

		assert_memory_equal(&item, &sample_full.fp[i], sizeof(item));
	}
	for (uint32_t i = 0; i < m.nr_rtmap; i++) {
		struct img_rtregion r = img_meta_rtregion(&m, i);

		assert_int_equal(r.type, sample_full.rtmap[i].type);
		assert_int_equal(r.phys, sample_full.rtmap[i].phys);
		assert_int_equal(r.virt, sample_full.rtmap[i].virt);
		assert_int_equal(r.pages, sample_full.rtmap[i].pages);
		assert_int_equal(r.attribute, sample_full.rtmap[i].attribute);
	}
	assert_int_equal(img_meta_aux(&m, 0).pfn, sample_full.aux[0].pfn);
	for (uint32_t i = 0; i < m.nr_proofs; i++) {
		struct img_proof proof = img_meta_proof(&m, i);
		const struct img_proof *want = &sample_full.proof[i];

		assert_memory_equal(proof.part_uuid, want->part_uuid, 16);
		assert_int_equal(proof.kind, want->kind);
		assert_int_equal(proof.flags, want->flags);
		assert_int_equal(proof.offset, want->offset);
		assert_int_equal(proof.size, want->size);
		assert_true(proof.digest == want->digest);
	}
	free(c.meta);
}

static void test_chunk_kinds(void **state)
{
	static const enum img_chunk_kind kind[] = {
		IMG_CHUNK_LZ4, IMG_CHUNK_RAW, IMG_CHUNK_FILL, IMG_CHUNK_LZ4, IMG_CHUNK_LZ4,
	};
	struct copy c = copy_make();
	struct img_meta m;

	(void)state;
	assert_reason(IMG_OK, img_meta_decode(&c.slot, c.meta, &m, NULL));
	for (uint32_t i = 0; i < COUNT(kind); i++)
		assert_int_equal(img_meta_chunk(&m, i).kind, kind[i]);
	free(c.meta);
}

struct row {
	uint32_t section;
	size_t offset, width;
	uint64_t value;
	enum img_reason reason;
	const char *object, *field;
};

#define RECORD(member)	 IMG_SEC_RECORD, offsetof(struct img_record_disk, member)
#define FP(i, member)	 IMG_SEC_FINGERPRINT, 24u * (i) + offsetof(struct img_fp_disk, member)
#define MAP(i, member)	 IMG_SEC_RTMAP, 40u * (i) + offsetof(struct img_rtmap_disk, member)
#define AUX(member)	 IMG_SEC_AUX, offsetof(struct img_aux_disk, member)
#define PROOF(i, member) IMG_SEC_PROOFS, 64u * (i) + offsetof(struct img_proof_disk, member)
#define RUN(i, member)	 IMG_SEC_PAGE_INDEX, 32u * (i) + offsetof(struct img_run_disk, member)
#define CHUNK(i, member) IMG_SEC_CHUNK_TABLE, 40u * (i) + offsetof(struct img_chunk_disk, member)

#define BAD_RECORD IMG_E_RECORD_FIELD, "restore record"
#define BAD_MAP	   IMG_E_RTMAP_BOUNDS, "runtime region"
#define BAD_AUX	   IMG_E_AUX_BOUNDS, "auxiliary range"
#define BAD_PROOF  IMG_E_PROOF_BOUNDS, "proof"
#define BAD_CHUNK  IMG_E_CHUNK_BOUNDS, "chunk"

static const struct row rows[] = {
	{ RECORD(jump_address), 8, 0x0000800000000000ull | 0x10, BAD_RECORD, "jump_address" },
	{ RECORD(jump_address), 8, 0xffff7fff81c00010ull, BAD_RECORD, "jump_address" },
	{ RECORD(jump_address), 8, 0xffffffff81d00010ull, BAD_RECORD, "jump_address" },
	{ RECORD(jump_address_phys), 8, 1ull << 52 | 0x10, BAD_RECORD, "jump_address_phys" },
	{ RECORD(jump_address_phys), 8, 0x3c00020, BAD_RECORD, "jump_address" },
	{ RECORD(cr3), 8, 0x2610001, BAD_RECORD, "cr3" },
	{ RECORD(cr3), 8, 1ull << 63 | 0x2610000, BAD_RECORD, "cr3" },
	{ RECORD(arch_magic), 8, IMG_ARCH_MAGIC - 1, IMG_E_RECORD_ARCH, "restore record",
	  "arch_magic" },
	{ RECORD(cr0), 8, 0x33, BAD_RECORD, "cr0" },
	{ RECORD(cr0), 8, 0x80050032, BAD_RECORD, "cr0" },
	{ RECORD(cr4), 8, 0, BAD_RECORD, "cr4" },
	{ RECORD(cr4), 8, 0x16f0, BAD_RECORD, "paging_levels" },
	{ RECORD(efer), 8, 0x100, BAD_RECORD, "efer" },
	{ RECORD(paging_levels), 4, 5, BAD_RECORD, "paging_levels" },
	{ RECORD(paging_levels), 4, 3, BAD_RECORD, "paging_levels" },
	{ RECORD(reserved0), 4, 1, IMG_E_RESERVED, "restore record", "reserved" },
	{ RECORD(reserved[143]), 1, 1, IMG_E_RESERVED, "restore record", "reserved" },
	{ RECORD(handoff_phys), 8, 0x123001, BAD_RECORD, "handoff_phys" },
	{ RECORD(handoff_phys), 8, 0x200000, BAD_RECORD, "handoff_phys" },
	{ RECORD(handoff_phys), 8, 0x10012c000, BAD_RECORD, "handoff_phys" },
	{ RECORD(efi_runtime), 8, 1ull << 47, BAD_RECORD, "efi_runtime" },

	{ FP(1, field), 4, 1, IMG_E_FP_ORDER, "fingerprint item", NULL },
	{ FP(0, field), 4, 9, IMG_E_FP_ORDER, "fingerprint item", NULL },
	{ FP(3, field), 4, 2, IMG_E_FP_ORDER, "fingerprint item", NULL },

	{ MAP(0, reserved0), 4, 1, IMG_E_RESERVED, "runtime region", "reserved0" },
	{ MAP(0, phys), 8, 0x3f680001, BAD_MAP, "phys" },
	{ MAP(0, phys), 8, 1ull << 52, BAD_MAP, "phys" },
	{ MAP(1, phys), 8, 0x3f683000, BAD_MAP, "phys" },
	{ MAP(0, pages), 8, 0, BAD_MAP, "pages" },
	{ MAP(0, pages), 8, 1ull << 40, BAD_MAP, "pages" },
	{ MAP(0, pages), 8, ~0ull, BAD_MAP, "pages" },
	{ MAP(0, pages), 8, 5, BAD_MAP, "phys" },
	{ MAP(0, virt), 8, 0x800, BAD_MAP, "virt" },
	{ MAP(0, virt), 8, ~0ull << 12, BAD_MAP, "virt" },
	{ MAP(0, attribute), 8, 0xf, BAD_MAP, "attribute" },

	{ AUX(reserved0), 4, 1, IMG_E_RESERVED, "auxiliary range", "reserved0" },
	{ AUX(kind), 4, 2, BAD_AUX, "kind" },
	{ AUX(pages), 8, 0, BAD_AUX, "pages" },
	{ AUX(pages), 8, ~0ull, BAD_AUX, "pages" },
	{ AUX(pages), 8, 256, BAD_AUX, "pages" },
	{ AUX(pfn), 8, 0xff, BAD_AUX, "pages" },
	{ AUX(pfn), 8, 0x200000, BAD_AUX, "pages" },
	{ AUX(pfn), 8, IMG_MAX_PFN, BAD_AUX, "pages" },

	{ PROOF(0, reserved0), 4, 1, IMG_E_RESERVED, "proof", "reserved" },
	{ PROOF(3, reserved[15]), 1, 1, IMG_E_RESERVED, "proof", "reserved" },
	{ PROOF(1, kind), 4, 0, IMG_E_PROOF_KIND, "proof", "kind" },
	{ PROOF(1, kind), 4, 3, IMG_E_PROOF_KIND, "proof", "kind" },
	{ PROOF(1, kind), 4, 15, IMG_E_PROOF_KIND, "proof", "kind" },
	{ PROOF(1, kind), 4, 27, IMG_E_PROOF_KIND, "proof", "kind" },
	{ PROOF(1, kind), 4, ~0u, IMG_E_PROOF_KIND, "proof", "kind" },
	{ PROOF(1, flags), 4, 2, IMG_E_PROOF_KIND, "proof", "flags" },
	{ PROOF(1, flags), 4, 1u << 31, IMG_E_PROOF_KIND, "proof", "flags" },
	{ PROOF(1, size), 4, 0, BAD_PROOF, "size" },
	{ PROOF(1, size), 4, 511, BAD_PROOF, "size" },
	{ PROOF(1, size), 4, IMG_PROOF_MAX_SIZE + 512, BAD_PROOF, "size" },
	{ PROOF(1, size), 4, ~0u << 9, BAD_PROOF, "size" },
	{ PROOF(1, offset), 8, 256, BAD_PROOF, "offset" },
	{ PROOF(1, offset), 8, 1ull << 63, BAD_PROOF, "offset" },
	{ PROOF(1, offset), 8, (1ull << 63) - 2048, BAD_PROOF, "offset" },
	{ PROOF(1, offset), 8, ~0ull << 9, BAD_PROOF, "offset" },

	{ RUN(0, kind), 4, 2, IMG_E_INDEX_BOUNDS, "page run", "kind" },
	{ RUN(0, pages), 4, 0, IMG_E_INDEX_BOUNDS, "page run", "pages" },
	{ RUN(5, pfn), 8, IMG_MAX_PFN - 299, IMG_E_INDEX_BOUNDS, "page run", "pages" },
	{ RUN(5, pfn), 8, ~0ull, IMG_E_INDEX_BOUNDS, "page run", "pages" },
	{ RUN(1, pfn), 8, 0x1ff, IMG_E_INDEX_ORDER, "page run", "pfn" },
	{ RUN(0, pfn), 8, 0x300, IMG_E_INDEX_ORDER, "page run", "pfn" },
	{ RUN(0, first), 8, 1, IMG_E_INDEX_COUNT, "page run", "first" },
	{ RUN(3, first), 8, 298, IMG_E_INDEX_COUNT, "page run", "first" },
	{ RUN(0, pages), 4, 255, IMG_E_INDEX_COUNT, "page run", "first" },
	{ RUN(0, fill), 8, 1, IMG_E_RESERVED, "page run", "fill" },
	{ RUN(2, pages), 4, 299, IMG_E_INDEX_COUNT, "slot header", "nr_pages" },
	{ RUN(5, pages), 4, 301, IMG_E_INDEX_COUNT, "slot header", "nr_pages" },

	{ CHUNK(0, kind), 2, 0, IMG_E_CHUNK_KIND, "chunk", "kind" },
	{ CHUNK(0, kind), 2, 4, IMG_E_CHUNK_KIND, "chunk", "kind" },
	{ CHUNK(0, pages), 2, 0, BAD_CHUNK, "pages" },
	{ CHUNK(0, pages), 2, 257, BAD_CHUNK, "pages" },
	{ CHUNK(0, size), 4, 0, BAD_CHUNK, "size" },
	{ CHUNK(0, size), 4, IMG_CHUNK_SIZE + 1, BAD_CHUNK, "size" },
	{ CHUNK(1, size), 4, 4096, BAD_CHUNK, "size" },
	{ CHUNK(2, size), 4, 1, BAD_CHUNK, "size" },
	{ CHUNK(0, offset), 8, 4096, BAD_CHUNK, "offset" },
	{ CHUNK(0, offset), 8, 8193, BAD_CHUNK, "offset" },
	{ CHUNK(1, offset), 8, 8192, BAD_CHUNK, "offset" },
	{ CHUNK(4, offset), 8, 1ull << 40, BAD_CHUNK, "offset" },
	{ CHUNK(4, offset), 8, ~0ull << 12, BAD_CHUNK, "offset" },
	{ CHUNK(0, size), 4, 9000, BAD_CHUNK, "offset" },
	{ CHUNK(1, first), 8, 255, IMG_E_CHUNK_COUNT, "chunk", "first" },
	{ CHUNK(0, fill), 8, 1, IMG_E_RESERVED, "chunk", "fill" },
	{ CHUNK(4, pages), 2, 53, IMG_E_CHUNK_COUNT, "chunk table", "pages" },
	{ CHUNK(4, pages), 2, 55, IMG_E_CHUNK_COUNT, "chunk table", "pages" },
};

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct copy c = copy_make();
		struct img_meta m = { .nr_pages = 77 };
		struct img_detail detail;

		edit(&c, r->section, r->offset, r->value, r->width);
		assert_refusal(r->reason, img_meta_decode(&c.slot, c.meta, &m, &detail), &detail,
			       r->object, r->field);
		assert_int_equal(m.nr_pages, 77);
		free(c.meta);
	}
}

/* Values just on the right side of a bound. */
static void test_bounds_taken(void **state)
{
	static const struct row taken[] = {
		{ FP(1, index), 4, ~0u, IMG_OK, NULL, NULL },
		{ MAP(0, virt), 8, ~0ull << 14, IMG_OK, NULL, NULL },
		{ MAP(1, virt), 8, 0, IMG_OK, NULL, NULL },
		{ MAP(1, pages), 8, 0x100200, IMG_OK, NULL, NULL },
		{ MAP(1, phys), 8, 0x3f685000, IMG_OK, NULL, NULL },
		{ AUX(pages), 8, 255, IMG_OK, NULL, NULL },
		{ AUX(pfn), 8, 0x100, IMG_OK, NULL, NULL },
		{ AUX(pfn), 8, 0x10012b, IMG_OK, NULL, NULL },
		{ RECORD(handoff_phys), 8, 0x10012b000, IMG_OK, NULL, NULL },
		{ RECORD(efi_runtime), 8, (1ull << 47) - 1, IMG_OK, NULL, NULL },
		{ PROOF(1, offset), 8, (1ull << 63) - 4096, IMG_OK, NULL, NULL },
		{ PROOF(1, size), 4, IMG_PROOF_MAX_SIZE, IMG_OK, NULL, NULL },
		{ PROOF(1, flags), 4, IMG_PROOF_WHOLE_DISK, IMG_OK, NULL, NULL },
		{ PROOF(1, kind), 4, IMG_PROOF_ISO9660_SUPER, IMG_OK, NULL, NULL },
		{ PROOF(1, kind), 4, IMG_PROOF_SWAP, IMG_OK, NULL, NULL },
		{ PROOF(1, kind), 4, IMG_PROOF_PLACE, IMG_OK, NULL, NULL },
		{ PROOF(1, kind), 4, IMG_PROOF_IDENTITY, IMG_OK, NULL, NULL },
		{ RUN(5, pfn), 8, IMG_MAX_PFN - 300, IMG_OK, NULL, NULL },
		{ RUN(1, pfn), 8, 0x200, IMG_OK, NULL, NULL },
		{ RUN(2, fill), 8, ~0ull, IMG_OK, NULL, NULL },
		{ CHUNK(4, size), 4, 2 * 4096, IMG_OK, NULL, NULL },
		{ CHUNK(2, fill), 8, ~0ull, IMG_OK, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++) {
		const struct row *r = &taken[i];
		struct copy c = copy_make();
		struct img_meta m;

		if (r->section == IMG_SEC_CHUNK_TABLE)
			c.slot.data_size = c.slot.meta_offset - IMG_SLOT_DATA_OFFSET + IMG_BLOCK;
		edit(&c, r->section, r->offset, r->value, r->width);
		assert_reason(IMG_OK, img_meta_decode(&c.slot, c.meta, &m, NULL));
		free(c.meta);
	}
}

/* A chunk that LZ4 did not shrink is allowed, as are ranges that touch. */
static void test_unusual_but_valid(void **state)
{
	struct copy c = copy_make();
	struct img_meta m;

	(void)state;
	edit(&c, CHUNK(1, kind), IMG_CHUNK_LZ4, 2);
	section_of(&c.slot, IMG_SEC_AUX)->size *= 2;
	memcpy(bytes_of(&c, IMG_SEC_AUX) + 24, bytes_of(&c, IMG_SEC_AUX), 24);
	edit(&c, IMG_SEC_AUX, 24, 0x102, 8);
	assert_reason(IMG_OK, img_meta_decode(&c.slot, c.meta, &m, NULL));
	assert_int_equal(m.nr_aux, 2);
	/* One range over two runs. */
	edit(&c, RUN(1, pfn), 0x200, 8);
	edit(&c, IMG_SEC_AUX, 24, 0x1f0, 8);
	edit(&c, IMG_SEC_AUX, 32, 0x20, 8);
	assert_reason(IMG_OK, img_meta_decode(&c.slot, c.meta, &m, NULL));
	free(c.meta);
}

/*
 * Five-level paging: the same record is valid once CR4 says so, and more addresses are canonical.
 */
static void test_five_levels(void **state)
{
	struct copy c = copy_make();
	struct img_meta m;

	(void)state;
	edit(&c, RECORD(cr4), 0x16f0, 8);
	edit(&c, RECORD(paging_levels), 5, 4);
	edit(&c, RECORD(jump_address), 0x0080000000000010ull, 8);
	edit(&c, RECORD(efi_runtime), 0, 8);
	assert_reason(IMG_OK, img_meta_decode(&c.slot, c.meta, &m, NULL));
	edit(&c, RECORD(jump_address), 0x0100000000000010ull, 8);
	assert_reason(IMG_E_RECORD_FIELD, img_meta_decode(&c.slot, c.meta, &m, NULL));
	free(c.meta);
}

/* Counts of the header against the index and the chunks. */
static void test_header_counts(void **state)
{
	struct copy c = copy_make();
	struct img_meta m;
	struct img_detail detail;

	(void)state;
	c.slot.nr_pages++;
	assert_refusal(IMG_E_INDEX_COUNT, img_meta_decode(&c.slot, c.meta, &m, &detail), &detail,
		       "slot header", "nr_pages");
	c.slot.nr_pages--;
	c.slot.nr_stored--;
	assert_refusal(IMG_E_INDEX_COUNT, img_meta_decode(&c.slot, c.meta, &m, &detail), &detail,
		       "slot header", "nr_stored");
	c.slot.nr_stored++;
	c.slot.data_size -= IMG_BLOCK;
	assert_refusal(IMG_E_CHUNK_BOUNDS, img_meta_decode(&c.slot, c.meta, &m, &detail), &detail,
		       "chunk", "offset");
	free(c.meta);
}

static void test_damaged_sections(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < good.nr_sections; i++) {
		struct copy c = copy_make();
		struct img_section *s = &c.slot.section[i];
		struct img_meta m;
		struct img_detail detail;

		c.meta[s->offset - good.meta_offset + s->size - 1] ^= 0x80;
		assert_reason(IMG_E_SECTION_CHECKSUM,
			      img_meta_decode(&c.slot, c.meta, &m, &detail));
		assert_int_equal(detail.index, i);
		assert_int_equal(detail.golden, s->csum);
		free(c.meta);
	}
}

/* Damage in a section unknown to the reader is damage all the same. */
static void test_damaged_unknown_section(void **state)
{
	struct copy c = copy_make();
	struct img_section *s = &c.slot.section[c.slot.nr_sections++];
	struct img_meta m;
	struct img_detail detail;

	(void)state;
	*s = *section_of(&c.slot, IMG_SEC_RECORD);
	s->type = (enum img_section_type)(IMG_SEC_TAGS + 1);
	s->csum++;
	assert_refusal(IMG_E_SECTION_CHECKSUM, img_meta_decode(&c.slot, c.meta, &m, &detail),
		       &detail, "section", "csum");
	s->csum--;
	assert_reason(IMG_OK, img_meta_decode(&c.slot, c.meta, &m, &detail));
	free(c.meta);
}

static void test_missing_sections(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < good.nr_sections; i++) {
		struct copy c = copy_make();
		uint32_t type = c.slot.section[i].type;
		struct img_meta m;
		struct img_detail detail;

		c.slot.section[i].type = 1000;
		assert_reason(IMG_E_SECTION_MISSING, img_meta_decode(&c.slot, c.meta, &m, &detail));
		assert_int_equal(detail.index, type);
		free(c.meta);
	}
}

/* An image must contain proofs of the disks, but not an unlimited number. */
static void test_proof_count(void **state)
{
	struct copy c = copy_make();
	struct img_section *s = section_of(&c.slot, IMG_SEC_PROOFS);
	const uint8_t *first;
	struct img_meta m;
	struct img_detail detail;

	(void)state;
	s->size = 0;
	resum_section(&c, IMG_SEC_PROOFS);
	assert_refusal(IMG_E_PROOF_BOUNDS, img_meta_decode(&c.slot, c.meta, &m, &detail), &detail,
		       "proof", "count");
	assert_int_equal(detail.golden, 0);

	/*
	 * As the last section after all others, with the greatest number of entries, and one more.
	 */
	c.slot.meta_size += 5 * IMG_BLOCK;
	c.meta = realloc(c.meta, c.slot.meta_size);
	assert_non_null(c.meta);
	first = c.meta + (s->offset - c.slot.meta_offset);
	s->offset = c.slot.meta_offset + good.meta_size;
	for (uint64_t i = 0; i < IMG_MAX_PROOFS + 1; i++)
		memcpy(c.meta + good.meta_size + 64 * i, first, 64);
	s->size = IMG_MAX_PROOFS * 64;
	resum_section(&c, IMG_SEC_PROOFS);
	assert_reason(IMG_OK, img_meta_decode(&c.slot, c.meta, &m, &detail));
	assert_int_equal(m.nr_proofs, IMG_MAX_PROOFS);
	s->size += 64;
	resum_section(&c, IMG_SEC_PROOFS);
	assert_refusal(IMG_E_PROOF_BOUNDS, img_meta_decode(&c.slot, c.meta, &m, &detail), &detail,
		       "proof", "count");
	assert_int_equal(detail.golden, IMG_MAX_PROOFS + 1);
	free(c.meta);
}

/* A second auxiliary range that overlaps the first, or is where the index has a hole. */
static void test_aux_order(void **state)
{
	struct copy c = copy_make();
	struct img_meta m;
	struct img_detail detail;

	(void)state;
	section_of(&c.slot, IMG_SEC_AUX)->size *= 2;
	memcpy(bytes_of(&c, IMG_SEC_AUX) + 24, bytes_of(&c, IMG_SEC_AUX), 24);
	resum_section(&c, IMG_SEC_AUX);
	assert_refusal(IMG_E_AUX_BOUNDS, img_meta_decode(&c.slot, c.meta, &m, &detail), &detail,
		       "auxiliary range", "pfn");
	assert_int_equal(detail.index, 1);
	edit(&c, IMG_SEC_AUX, 24, 0x4ff, 8);
	edit(&c, IMG_SEC_AUX, 32, 2, 8);
	assert_reason(IMG_OK, img_meta_decode(&c.slot, c.meta, &m, &detail));
	edit(&c, IMG_SEC_AUX, 32, 0x200, 8);
	assert_refusal(IMG_E_AUX_BOUNDS, img_meta_decode(&c.slot, c.meta, &m, &detail), &detail,
		       "auxiliary range", "pages");
	free(c.meta);
}

/* Both searches against a walk over everything. */
static void test_searches(void **state)
{
	struct copy c = copy_make();
	struct img_meta m;
	uint64_t ordinal = 0;

	(void)state;
	assert_reason(IMG_OK, img_meta_decode(&c.slot, c.meta, &m, NULL));
	for (uint64_t i = 0; i < m.nr_runs; i++) {
		struct img_run run = img_meta_run(&m, i);

		for (uint64_t j = 0; run.kind == IMG_RUN_STORED && j < run.pages; j++)
			assert_int_equal(img_meta_find_stored(&m, ordinal++), i);
	}
	assert_int_equal(ordinal, m.nr_stored);
	for (uint64_t pfn = 0; pfn < 0x100200; pfn += pfn < 0x900 || pfn > 0xfff00 ? 1 : 97) {
		uint64_t i = 0;

		while (i < m.nr_runs && img_meta_run(&m, i).pfn + img_meta_run(&m, i).pages <= pfn)
			i++;
		assert_int_equal(img_meta_find_pfn(&m, pfn), i);
	}
	free(c.meta);
}

/*
 * Random bytes in random places, checksums corrected: the reader must neither accept what breaks an
 * accessor nor touch a byte outside (the sanitizers detect it).
 */
static void test_random_edits(void **state)
{
	uint32_t accepted = 0;

	(void)state;
	srand(7);
	for (int i = 0; i < 20000; i++) {
		struct copy c = copy_make();
		struct img_section *s = &c.slot.section[(uint32_t)rand() % c.slot.nr_sections];
		struct img_meta m;

		for (int j = 0; j < 1 + i % 3; j++)
			c.meta[s->offset - c.slot.meta_offset + (uint64_t)rand() % s->size] =
				(uint8_t)rand();
		s->csum = img_port_xxh64(c.meta + (s->offset - c.slot.meta_offset), s->size);
		if (img_meta_decode(&c.slot, c.meta, &m, NULL) == IMG_OK) {
			accepted++;
			for (uint64_t k = 0; k < m.nr_stored; k += 13)
				assert_int_equal(img_meta_run(&m, img_meta_find_stored(&m, k)).kind,
						 IMG_RUN_STORED);
		}
		free(c.meta);
	}
	assert_true(accepted > 0 && accepted < 20000);
}

int run_sections_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_chunk_kinds),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_five_levels),
		cmocka_unit_test(test_header_counts),
		cmocka_unit_test(test_damaged_sections),
		cmocka_unit_test(test_missing_sections),
		cmocka_unit_test(test_proof_count),
		cmocka_unit_test(test_aux_order),
		cmocka_unit_test(test_searches),
		cmocka_unit_test(test_random_edits),
		cmocka_unit_test(test_bounds_taken),
		cmocka_unit_test(test_unusual_but_valid),
		cmocka_unit_test(test_damaged_unknown_section),
	};

	return cmocka_run_group_tests_name("sections", tests, setup, teardown);
}
