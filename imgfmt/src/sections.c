// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The sections: one buffer holds them all.  They are validated once and completely, then read
 * through accessors that need no checks (entries.c).  The steps below are in the order of the
 * specification's rules.
 */
#include <imgfmt/proof.h>
#include <imgfmt/reader.h>

#include "internal.h"

#define PHYS_MASK     (IMG_MAX_PFN * IMG_PAGE_SIZE - 1)
#define NOT_PAGE_PHYS (~PHYS_MASK | (IMG_PAGE_SIZE - 1))
#define LARGE_PAGE    (2ull << 20)
#define PROOF_LIMIT   (1ull << 63) /* so that signed offsets of a host can hold any */

#define CR0_PE		 (1ull << 0)
#define CR0_PG		 (1ull << 31)
#define CR4_PAE		 (1ull << 5)
#define CR4_LA57	 (1ull << 12)
#define EFER_LME	 (1ull << 8)
#define EFER_LMA	 (1ull << 10)
#define EFI_ATTR_RUNTIME (1ull << 63)

struct meta_check {
	const struct img_slot *slot;
	const uint8_t *bytes; /* slot->meta_size of them */
	const struct img_record_disk *record;
	struct img_meta meta;
	struct img_detail *detail;
};

static const char *section_name(uint32_t type)
{
	return type < IMG_SEC_KNOWN ? img_section_kinds[type].name : "section";
}

/* An entry of a table violates a rule. */
static enum img_reason refuse(const struct meta_check *c, enum img_reason reason,
			      struct img_detail what)
{
	return img_refuse(c->detail, reason, what);
}

#define REFUSE(c, reason, ...) refuse((c), (reason), (struct img_detail){ __VA_ARGS__ })

static enum img_reason check_checksums(struct meta_check *c)
{
	for (uint32_t i = 0; i < c->slot->nr_sections; i++) {
		const struct img_section *s = &c->slot->section[i];
		const uint8_t *data = c->bytes + (s->offset - c->slot->meta_offset);
		uint64_t csum = img_port_xxh64(data, (size_t)s->size);

		if (csum != s->csum)
			return REFUSE(c, IMG_E_SECTION_CHECKSUM, .object = section_name(s->type),
				      .field = "csum", .index = i, .golden = s->csum,
				      .today = csum);
	}
	return IMG_OK;
}

/* Entries of a section, or NULL with *ret_nr 0. */
static const void *find_section(const struct meta_check *c, enum img_section_type type,
				uint64_t *ret_nr)
{
	*ret_nr = 0;
	for (uint32_t i = 0; i < c->slot->nr_sections; i++) {
		const struct img_section *s = &c->slot->section[i];

		if (s->type != type)
			continue;
		*ret_nr = s->size / s->entry_size;
		return c->bytes + (s->offset - c->slot->meta_offset);
	}
	return NULL;
}

static enum img_reason check_present(struct meta_check *c)
{
	uint64_t nr;

	for (uint32_t type = 0; type < IMG_SEC_KNOWN; type++)
		if (img_section_kinds[type].required &&
		    !find_section(c, (enum img_section_type)type, &nr))
			return REFUSE(c, IMG_E_SECTION_MISSING, .object = section_name(type),
				      .index = type);

	c->record = find_section(c, IMG_SEC_RECORD, &nr);
	c->meta.fp = find_section(c, IMG_SEC_FINGERPRINT, &c->meta.nr_fp);
	c->meta.rtmap = find_section(c, IMG_SEC_RTMAP, &c->meta.nr_rtmap);
	c->meta.aux = find_section(c, IMG_SEC_AUX, &c->meta.nr_aux);
	c->meta.proof = find_section(c, IMG_SEC_PROOFS, &c->meta.nr_proofs);
	c->meta.run = find_section(c, IMG_SEC_PAGE_INDEX, &c->meta.nr_runs);
	c->meta.chunk = find_section(c, IMG_SEC_CHUNK_TABLE, &c->meta.nr_chunks);
	c->meta.tag = find_section(c, IMG_SEC_TAGS, &nr);
	if (c->meta.tag && nr != c->meta.nr_chunks)
		return REFUSE(c, IMG_E_CHUNK_COUNT, .object = section_name(IMG_SEC_TAGS),
			      .golden = nr, .today = c->meta.nr_chunks);
	c->meta.nr_pages = c->slot->nr_pages;
	c->meta.nr_stored = c->slot->nr_stored;
	return IMG_OK;
}

/* The restore record. */

static void record_parse(const struct img_record_disk *d, struct img_record *record)
{
	record->jump_address = img_get64(d->jump_address);
	record->jump_address_phys = img_get64(d->jump_address_phys);
	record->cr3 = img_get64(d->cr3);
	record->arch_magic = img_get64(d->arch_magic);
	record->cr0 = img_get64(d->cr0);
	record->cr4 = img_get64(d->cr4);
	record->efer = img_get64(d->efer);
	record->paging_levels = img_get32(d->paging_levels);
	record->handoff_phys = img_get64(d->handoff_phys);
	record->efi_runtime = img_get64(d->efi_runtime);
	record->ram_bytes = img_get64(d->ram_bytes);
	record->key_phys = img_get64(d->key_phys);
	memcpy(record->e820_digest, d->e820_digest, sizeof(record->e820_digest));
}

static enum img_reason record_refuse(const struct meta_check *c, const char *field, uint64_t value)
{
	return REFUSE(c, IMG_E_RECORD_FIELD, .object = section_name(IMG_SEC_RECORD), .field = field,
		      .golden = value);
}

/* Bits that must be set and bits that must be clear, whatever else a field says. */
static enum img_reason record_check_bits(const struct meta_check *c)
{
	const struct img_record *r = &c->meta.record;
	const struct {
		const char *field;
		uint64_t value, set, clear;
	} rule[] = {
		{ "jump_address_phys", r->jump_address_phys, 0, ~PHYS_MASK },
		{ "cr3", r->cr3, 0, NOT_PAGE_PHYS },
		{ "cr0", r->cr0, CR0_PE | CR0_PG, 0 },
		{ "cr4", r->cr4, CR4_PAE, 0 },
		{ "efer", r->efer, EFER_LME | EFER_LMA, 0 },
		{ "handoff_phys", r->handoff_phys, 0, NOT_PAGE_PHYS },
		{ "key_phys", r->key_phys, 0, NOT_PAGE_PHYS },
	};

	for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++)
		if ((rule[i].value & rule[i].set) != rule[i].set || (rule[i].value & rule[i].clear))
			return record_refuse(c, rule[i].field, rule[i].value);
	return IMG_OK;
}

/* The upper bits repeat the highest translated one. */
static bool is_canonical(uint64_t virt, uint32_t paging_levels)
{
	uint64_t upper = virt >> (paging_levels == 5 ? 56 : 47);

	return !upper || upper == ~0ull >> (paging_levels == 5 ? 56 : 47);
}

/* Fields compared with each other. */
static enum img_reason record_check_paging(const struct meta_check *c)
{
	const struct img_record *r = &c->meta.record;

	if (r->paging_levels != (r->cr4 & CR4_LA57 ? 5 : 4))
		return record_refuse(c, "paging_levels", r->paging_levels);
	/* The loader maps both with one large page. */
	if (!is_canonical(r->jump_address, r->paging_levels) ||
	    (r->jump_address ^ r->jump_address_phys) & (LARGE_PAGE - 1))
		return record_refuse(c, "jump_address", r->jump_address);
	if (!is_canonical(r->efi_runtime, r->paging_levels))
		return record_refuse(c, "efi_runtime", r->efi_runtime);
	return IMG_OK;
}

static enum img_reason check_record(struct meta_check *c)
{
	const struct img_record_disk *d = c->record;
	enum img_reason reason;

	if (img_get32(d->reserved0) || !img_is_zero(d->reserved, sizeof(d->reserved)))
		return REFUSE(c, IMG_E_RESERVED, .object = section_name(IMG_SEC_RECORD),
			      .field = "reserved");
	if (!c->meta.tag && img_get64(d->key_phys))
		return REFUSE(c, IMG_E_RESERVED, .object = section_name(IMG_SEC_RECORD),
			      .field = "key_phys");
	record_parse(d, &c->meta.record);
	if (c->meta.record.arch_magic != IMG_ARCH_MAGIC)
		return REFUSE(c, IMG_E_RECORD_ARCH, .object = section_name(IMG_SEC_RECORD),
			      .field = "arch_magic", .golden = c->meta.record.arch_magic,
			      .today = IMG_ARCH_MAGIC);
	reason = record_check_bits(c);
	if (reason == IMG_OK)
		reason = record_check_paging(c);
	return reason;
}

/* Fingerprint, runtime map, auxiliary ranges, proofs. */

static uint64_t fp_key(const struct img_fp_disk *d)
{
	return (uint64_t)img_get32(d->field) << 32 | img_get32(d->index);
}

static enum img_reason check_fingerprint(struct meta_check *c)
{
	for (uint64_t i = 1; i < c->meta.nr_fp; i++)
		if (fp_key(&c->meta.fp[i]) <= fp_key(&c->meta.fp[i - 1]))
			return REFUSE(c, IMG_E_FP_ORDER, .object = "fingerprint item", .index = i,
				      .golden = fp_key(&c->meta.fp[i]));
	return IMG_OK;
}

static enum img_reason rtregion_check(const struct meta_check *c, uint64_t i, uint64_t end)
{
	const struct img_rtregion r = img_meta_rtregion(&c->meta, i);
	const char *bad = NULL;

	if (img_get32(c->meta.rtmap[i].reserved0))
		return REFUSE(c, IMG_E_RESERVED, .object = "runtime region", .field = "reserved0",
			      .index = i);
	if (r.phys & NOT_PAGE_PHYS || r.phys < end)
		bad = "phys";
	else if (!r.pages || !img_fits(r.phys / IMG_PAGE_SIZE, r.pages, IMG_MAX_PFN))
		bad = "pages";
	else if (r.virt & (IMG_PAGE_SIZE - 1) || r.virt + (r.pages * IMG_PAGE_SIZE - 1) < r.virt)
		bad = "virt";
	else if (!(r.attribute & EFI_ATTR_RUNTIME))
		bad = "attribute";
	if (bad)
		return REFUSE(c, IMG_E_RTMAP_BOUNDS, .object = "runtime region", .field = bad,
			      .index = i, .golden = r.phys);
	return IMG_OK;
}

static enum img_reason check_rtmap(struct meta_check *c)
{
	uint64_t end = 0;

	for (uint64_t i = 0; i < c->meta.nr_rtmap; i++) {
		enum img_reason reason = rtregion_check(c, i, end);
		struct img_rtregion region;

		if (reason != IMG_OK)
			return reason;
		region = img_meta_rtregion(&c->meta, i);
		end = region.phys + region.pages * IMG_PAGE_SIZE;
	}
	return IMG_OK;
}

static enum img_reason aux_refuse(const struct meta_check *c, const char *field, uint64_t i)
{
	return REFUSE(c, IMG_E_AUX_BOUNDS, .object = "auxiliary range", .field = field, .index = i,
		      .golden = img_get64(c->meta.aux[i].pfn));
}

static enum img_reason check_aux(struct meta_check *c)
{
	uint64_t end = 0;

	for (uint64_t i = 0; i < c->meta.nr_aux; i++) {
		const struct img_aux aux = img_meta_aux(&c->meta, i);

		if (img_get32(c->meta.aux[i].reserved0))
			return REFUSE(c, IMG_E_RESERVED, .object = "auxiliary range",
				      .field = "reserved0", .index = i);
		if (aux.kind != IMG_AUX_BOOT_SERVICES)
			return aux_refuse(c, "kind", i);
		if (aux.pfn < end)
			return aux_refuse(c, "pfn", i);
		if (!aux.pages || !img_fits(aux.pfn, aux.pages, IMG_MAX_PFN))
			return aux_refuse(c, "pages", i);
		end = aux.pfn + aux.pages;
	}
	return IMG_OK;
}

static enum img_reason proof_refuse(const struct meta_check *c, enum img_reason reason,
				    const char *field, uint64_t i, uint64_t value)
{
	return REFUSE(c, reason, .object = "proof", .field = field, .index = i, .golden = value);
}

static enum img_reason proof_check(const struct meta_check *c, uint64_t i)
{
	const struct img_proof_disk *d = &c->meta.proof[i];
	const struct img_proof proof = img_meta_proof(&c->meta, i);

	if (img_get32(d->reserved0) || !img_is_zero(d->reserved, sizeof(d->reserved)))
		return proof_refuse(c, IMG_E_RESERVED, "reserved", i, 0);
	/* A proof that this program cannot check must not be skipped. */
	if (img_proof_kind_reason(proof.kind) == IMG_E_PROOF_KIND)
		return proof_refuse(c, IMG_E_PROOF_KIND, "kind", i, proof.kind);
	if (proof.flags & ~IMG_PROOF_WHOLE_DISK)
		return proof_refuse(c, IMG_E_PROOF_KIND, "flags", i, proof.flags);
	if (!proof.size || proof.size % IMG_PROOF_ALIGN || proof.size > IMG_PROOF_MAX_SIZE)
		return proof_refuse(c, IMG_E_PROOF_BOUNDS, "size", i, proof.size);
	if (proof.offset % IMG_PROOF_ALIGN || !img_fits(proof.offset, proof.size, PROOF_LIMIT))
		return proof_refuse(c, IMG_E_PROOF_BOUNDS, "offset", i, proof.offset);
	return IMG_OK;
}

/* An image without proofs of the disks cannot be restored safely. */
static enum img_reason check_proofs(struct meta_check *c)
{
	if (!c->meta.nr_proofs || c->meta.nr_proofs > IMG_MAX_PROOFS)
		return proof_refuse(c, IMG_E_PROOF_BOUNDS, "count", 0, c->meta.nr_proofs);
	for (uint64_t i = 0; i < c->meta.nr_proofs; i++) {
		enum img_reason reason = proof_check(c, i);

		if (reason != IMG_OK)
			return reason;
	}
	return IMG_OK;
}

/* The page index. */

/* Position of the walk over runs. */
struct index_position {
	uint64_t pfn;	 /* end of the last run */
	uint64_t pages;	 /* in the runs so far */
	uint64_t stored; /* of them stored */
};

static enum img_reason run_refuse(const struct meta_check *c, enum img_reason reason,
				  const char *field, uint64_t i)
{
	return REFUSE(c, reason, .object = "page run", .field = field, .index = i,
		      .golden = img_get64(c->meta.run[i].pfn));
}

static enum img_reason run_check(const struct meta_check *c, uint64_t i,
				 const struct index_position *at)
{
	const struct img_run run = img_meta_run(&c->meta, i);

	if (run.kind != IMG_RUN_STORED && run.kind != IMG_RUN_FILL)
		return run_refuse(c, IMG_E_INDEX_BOUNDS, "kind", i);
	if (!run.pages || !img_fits(run.pfn, run.pages, IMG_MAX_PFN))
		return run_refuse(c, IMG_E_INDEX_BOUNDS, "pages", i);
	if (run.pfn < at->pfn)
		return run_refuse(c, IMG_E_INDEX_ORDER, "pfn", i);
	if (run.first != at->stored)
		return run_refuse(c, IMG_E_INDEX_COUNT, "first", i);
	if (run.kind == IMG_RUN_STORED && run.fill)
		return run_refuse(c, IMG_E_RESERVED, "fill", i);
	return IMG_OK;
}

static enum img_reason index_total(const struct meta_check *c, const char *field, uint64_t header,
				   uint64_t index)
{
	return REFUSE(c, IMG_E_INDEX_COUNT, .object = "slot header", .field = field,
		      .golden = header, .today = index);
}

static enum img_reason check_index(struct meta_check *c)
{
	struct index_position at = { 0, 0, 0 };

	for (uint64_t i = 0; i < c->meta.nr_runs; i++) {
		enum img_reason reason = run_check(c, i, &at);
		struct img_run run;

		if (reason != IMG_OK)
			return reason;
		run = img_meta_run(&c->meta, i);
		at.pfn = run.pfn + run.pages;
		at.pages += run.pages;
		at.stored += run.kind == IMG_RUN_STORED ? run.pages : 0;
	}
	if (at.pages != c->slot->nr_pages)
		return index_total(c, "nr_pages", c->slot->nr_pages, at.pages);
	if (at.stored != c->slot->nr_stored)
		return index_total(c, "nr_stored", c->slot->nr_stored, at.stored);
	return IMG_OK;
}

/* The chunk table. */

static enum img_reason chunk_refuse(const struct meta_check *c, enum img_reason reason,
				    const char *field, uint64_t i)
{
	return REFUSE(c, reason, .object = "chunk", .field = field, .index = i,
		      .golden = img_get64(c->meta.chunk[i].offset));
}

static bool chunk_size_is_good(const struct img_chunk *chunk)
{
	uint32_t size = chunk->pages * IMG_PAGE_SIZE;

	switch (chunk->kind) {
	case IMG_CHUNK_LZ4:
		return chunk->size && chunk->size <= size;
	case IMG_CHUNK_RAW:
		return chunk->size == size;
	case IMG_CHUNK_FILL:
		return !chunk->size;
	}
	return false;
}

static bool chunk_kind_is_known(enum img_chunk_kind kind)
{
	return kind == IMG_CHUNK_LZ4 || kind == IMG_CHUNK_RAW || kind == IMG_CHUNK_FILL;
}

/* position: end of the previous chunk, in whole blocks; first: stored pages so far. */
static enum img_reason chunk_entry_check(const struct meta_check *c, uint64_t i, uint64_t position,
					 uint64_t first)
{
	const struct img_chunk chunk = img_meta_chunk(&c->meta, i);
	uint64_t limit = IMG_SLOT_DATA_OFFSET + c->slot->data_size;

	if (!chunk_kind_is_known(chunk.kind))
		return chunk_refuse(c, IMG_E_CHUNK_KIND, "kind", i);
	if (!chunk.pages || chunk.pages > IMG_CHUNK_PAGES)
		return chunk_refuse(c, IMG_E_CHUNK_BOUNDS, "pages", i);
	if (!chunk_size_is_good(&chunk))
		return chunk_refuse(c, IMG_E_CHUNK_BOUNDS, "size", i);
	if (!img_is_block_multiple(chunk.offset) || chunk.offset < position ||
	    !img_fits(chunk.offset, chunk.size, limit))
		return chunk_refuse(c, IMG_E_CHUNK_BOUNDS, "offset", i);
	if (chunk.first != first)
		return chunk_refuse(c, IMG_E_CHUNK_COUNT, "first", i);
	if (chunk.kind != IMG_CHUNK_FILL && chunk.fill)
		return chunk_refuse(c, IMG_E_RESERVED, "fill", i);
	return IMG_OK;
}

static enum img_reason check_chunks(struct meta_check *c)
{
	uint64_t position = IMG_SLOT_DATA_OFFSET;
	uint64_t first = 0;

	for (uint64_t i = 0; i < c->meta.nr_chunks; i++) {
		enum img_reason reason = chunk_entry_check(c, i, position, first);
		struct img_chunk chunk;

		if (reason != IMG_OK)
			return reason;
		chunk = img_meta_chunk(&c->meta, i);
		position = chunk.offset + ((chunk.size + IMG_BLOCK - 1) & ~(IMG_BLOCK - 1));
		first += chunk.pages;
	}
	if (first != c->slot->nr_stored)
		return REFUSE(c, IMG_E_CHUNK_COUNT, .object = "chunk table", .field = "pages",
			      .golden = first, .today = c->slot->nr_stored);
	return IMG_OK;
}

/* What other sections say about pages must hold for the index. */

static bool index_holds(const struct img_meta *meta, uint64_t pfn, uint64_t pages)
{
	uint64_t end = pfn + pages;

	for (uint64_t i = img_meta_find_pfn(meta, pfn); pfn < end; i++) {
		struct img_run run;

		if (i == meta->nr_runs)
			return false;
		run = img_meta_run(meta, i);
		if (run.pfn > pfn)
			return false;
		pfn = run.pfn + run.pages;
	}
	return true;
}

static enum img_reason check_references(struct meta_check *c)
{
	uint64_t handoff = c->meta.record.handoff_phys;
	uint64_t key = c->meta.record.key_phys;

	if (!index_holds(&c->meta, handoff / IMG_PAGE_SIZE, 1))
		return record_refuse(c, "handoff_phys", handoff);
	/* The key of the boot that took the image must not be in it. */
	if (key && index_holds(&c->meta, key / IMG_PAGE_SIZE, 1))
		return record_refuse(c, "key_phys", key);
	for (uint64_t i = 0; i < c->meta.nr_aux; i++) {
		const struct img_aux aux = img_meta_aux(&c->meta, i);

		if (!index_holds(&c->meta, aux.pfn, aux.pages))
			return aux_refuse(c, "pages", i);
	}
	return IMG_OK;
}

enum img_reason img_meta_decode(const struct img_slot *slot, const void *meta,
				struct img_meta *ret_meta, struct img_detail *detail)
{
	static enum img_reason (*const step[])(struct meta_check *) = {
		check_checksums, check_present, check_record, check_fingerprint, check_rtmap,
		check_aux,	 check_proofs,	check_index,  check_chunks,	 check_references,
	};
	struct meta_check c = { .slot = slot, .bytes = meta, .detail = detail };

	for (size_t i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		enum img_reason reason = step[i](&c);

		if (reason != IMG_OK)
			return reason;
	}
	*ret_meta = c.meta;
	return IMG_OK;
}
