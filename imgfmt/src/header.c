// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Area header and slot header: from one block of raw bytes to host-order structures.  A header is
 * checked completely, in the order of the specification, before anything is returned;
 * docs/image-format.md numbers the rules in the order of this file.
 */
#include <imgfmt/reader.h>

#include "internal.h"

const struct img_section_kind img_section_kinds[IMG_SEC_KNOWN] = {
	[IMG_SEC_RECORD] = { "restore record", sizeof(struct img_record_disk), true },
	[IMG_SEC_FINGERPRINT] = { "fingerprint", sizeof(struct img_fp_disk), true },
	[IMG_SEC_RTMAP] = { "EFI runtime map", sizeof(struct img_rtmap_disk), true },
	[IMG_SEC_AUX] = { "auxiliary ranges", sizeof(struct img_aux_disk), true },
	[IMG_SEC_PROOFS] = { "proofs", sizeof(struct img_proof_disk), true },
	[IMG_SEC_PAGE_INDEX] = { "page index", sizeof(struct img_run_disk), true },
	[IMG_SEC_CHUNK_TABLE] = { "chunk table", sizeof(struct img_chunk_disk), true },
	[IMG_SEC_SIGNATURE] = { "signature", 0, false },
	[IMG_SEC_SEAL] = { "seal", sizeof(struct img_seal_disk), false },
	[IMG_SEC_TAGS] = { "chunk tags", sizeof(struct img_tag_disk), false },
};

struct header_kind {
	const char *object;
	const char *magic;
	enum img_reason bad_magic, bad_csum;
	uint64_t incompat; /* the bits known */
};

static const struct header_kind area_header = { "area header", IMG_AREA_MAGIC, IMG_E_AREA_MAGIC,
						IMG_E_AREA_CHECKSUM, IMG_AREA_INCOMPAT_KNOWN };

static const struct header_kind slot_header = { "slot header", IMG_SLOT_MAGIC, IMG_E_SLOT_MAGIC,
						IMG_E_SLOT_CHECKSUM, IMG_SLOT_INCOMPAT_KNOWN };

/* So that the sizes of a whole map can be added up. */
#define IMG_MAX_PIECE_END (1ull << 56)

/* A field that must be zero. */
struct reserved {
	const char *field;
	uint16_t offset;
	uint16_t size;
};

#define MEMBER(type, member) #member, offsetof(type, member), sizeof(((type *)NULL)->member)

static enum img_reason header_check(const struct header_kind *kind, const void *block,
				    uint64_t index, struct img_detail *detail)
{
	const struct img_header_prefix *prefix = block;
	const uint8_t *bytes = block;
	uint64_t csum = img_port_xxh64(block, IMG_HEADER_CSUM);
	uint64_t unknown, stored;
	img_le64 raw;

	if (memcmp(prefix->magic, kind->magic, sizeof(prefix->magic)))
		return IMG_REFUSE(detail, kind->bad_magic, .object = kind->object, .field = "magic",
				  .index = index);
	memcpy(&raw, bytes + IMG_HEADER_CSUM, sizeof(raw));
	stored = img_get64(raw);
	if (stored != csum)
		return IMG_REFUSE(detail, kind->bad_csum, .object = kind->object, .field = "csum",
				  .index = index, .golden = stored, .today = csum);
	if (img_get32(prefix->version) != IMG_VERSION)
		return IMG_REFUSE(detail, IMG_E_VERSION, .object = kind->object, .field = "version",
				  .index = index, .golden = img_get32(prefix->version),
				  .today = IMG_VERSION);
	unknown = img_get64(prefix->incompat) & ~kind->incompat;
	if (unknown)
		return IMG_REFUSE(detail, IMG_E_INCOMPAT, .object = kind->object,
				  .field = "incompat", .index = index, .golden = unknown);
	return IMG_OK;
}

static enum img_reason reserved_check(const struct reserved *table, size_t nr, const void *block,
				      const char *object, struct img_detail *detail)
{
	const uint8_t *bytes = block;

	for (size_t i = 0; i < nr; i++)
		if (!img_is_zero(bytes + table[i].offset, table[i].size))
			return IMG_REFUSE(detail, IMG_E_RESERVED, .object = object,
					  .field = table[i].field);
	return IMG_OK;
}

/* The area header. */

uint64_t img_area_header_offset(uint64_t partition_size)
{
	if (partition_size < IMG_MIN_SLOT_SIZE + IMG_BLOCK)
		return 0;
	return (partition_size & ~(uint64_t)(IMG_BLOCK - 1)) - IMG_BLOCK;
}

static enum img_reason area_refuse(struct img_detail *detail, const char *field, uint64_t index,
				   uint64_t value)
{
	return IMG_REFUSE(detail, IMG_E_AREA_BOUNDS, .object = area_header.object, .field = field,
			  .index = index, .golden = value);
}

static enum img_reason area_check_reserved(const struct img_area_disk *d, struct img_detail *detail)
{
	static const struct reserved table[] = {
		{ MEMBER(struct img_area_disk, reserved) },
	};

	return reserved_check(table, sizeof(table) / sizeof(table[0]), d, area_header.object,
			      detail);
}

static struct img_piece piece_parse(const struct img_piece_disk *d)
{
	struct img_piece piece = { .offset = img_get64(d->offset), .size = img_get64(d->size) };

	memcpy(piece.part_uuid, d->part_uuid, sizeof(piece.part_uuid));
	return piece;
}

static bool pieces_overlap(const struct img_piece *a, const struct img_piece *b)
{
	return !memcmp(a->part_uuid, b->part_uuid, sizeof(a->part_uuid)) &&
	       a->offset < b->offset + b->size && b->offset < a->offset + a->size;
}

static enum img_reason map_check_piece(const struct img_area_disk *d, uint32_t i,
				       struct img_detail *detail)
{
	const struct img_piece piece = piece_parse(&d->map[i]);

	if (img_is_zero(piece.part_uuid, sizeof(piece.part_uuid)))
		return area_refuse(detail, "map.part_uuid", i, 0);
	if (!img_is_block_multiple(piece.offset) || piece.offset > IMG_MAX_PIECE_END)
		return area_refuse(detail, "map.offset", i, piece.offset);
	if (!piece.size || !img_is_block_multiple(piece.size) ||
	    !img_fits(piece.offset, piece.size, IMG_MAX_PIECE_END))
		return area_refuse(detail, "map.size", i, piece.size);
	for (uint32_t j = 0; j < i; j++) {
		const struct img_piece other = piece_parse(&d->map[j]);

		if (pieces_overlap(&piece, &other))
			return area_refuse(detail, "map", i, piece.offset);
	}
	return IMG_OK;
}

/* *size: of the partition or map; 0 is replaced by what the map adds up to. */
static enum img_reason area_check_map(const struct img_area_disk *d, uint64_t *size,
				      struct img_detail *detail)
{
	bool mapped = img_get64(d->incompat) & IMG_AREA_INCOMPAT_MAPPED;
	uint32_t nr = img_get32(d->nr_map);
	enum img_reason reason = IMG_OK;
	uint64_t sum = 0;

	if (nr > IMG_MAX_MAP || mapped != (nr != 0))
		return area_refuse(detail, "nr_map", 0, nr);
	for (uint32_t i = 0; i < nr && reason == IMG_OK; i++) {
		reason = map_check_piece(d, i, detail);
		sum += img_get64(d->map[i].size);
	}
	if (reason != IMG_OK)
		return reason;
	if (!img_is_zero(&d->map[nr], (IMG_MAX_MAP - nr) * sizeof(d->map[0])))
		return IMG_REFUSE(detail, IMG_E_RESERVED, .object = area_header.object,
				  .field = "map", .index = nr);
	if (mapped && *size && (*size & ~(uint64_t)(IMG_BLOCK - 1)) != sum)
		return area_refuse(detail, "map.size", nr, sum);
	if (mapped)
		*size = sum;
	return IMG_OK;
}

/* The area ends with this block, and the block is at the partition's end. */
static enum img_reason area_check_extent(const struct img_area_disk *d, uint64_t header_offset,
					 struct img_detail *detail)
{
	uint64_t offset = img_get64(d->area_offset);

	if (img_get32(d->block_size) != IMG_BLOCK)
		return area_refuse(detail, "block_size", 0, img_get32(d->block_size));
	if (!header_offset || !img_is_block_multiple(offset) || offset > header_offset)
		return area_refuse(detail, "area_offset", 0, offset);
	if (img_get64(d->area_size) != header_offset + IMG_BLOCK - offset)
		return area_refuse(detail, "area_size", 0, img_get64(d->area_size));
	if (!img_get32(d->nr_slots) || img_get32(d->nr_slots) > IMG_MAX_SLOTS)
		return area_refuse(detail, "nr_slots", 0, img_get32(d->nr_slots));
	return IMG_OK;
}

static enum img_reason area_check_slots(const struct img_area_disk *d, uint64_t header_offset,
					struct img_detail *detail)
{
	uint64_t end = img_get64(d->area_offset);
	uint32_t nr = img_get32(d->nr_slots);

	for (uint32_t i = 0; i < nr; i++) {
		uint64_t offset = img_get64(d->slot[i].offset);
		uint64_t size = img_get64(d->slot[i].size);

		if (!img_is_block_multiple(offset) || offset < end)
			return area_refuse(detail, "slot.offset", i, offset);
		if (!img_is_block_multiple(size) || size < IMG_MIN_SLOT_SIZE ||
		    !img_fits(offset, size, header_offset))
			return area_refuse(detail, "slot.size", i, size);
		end = offset + size;
	}
	for (uint32_t i = nr; i < IMG_MAX_SLOTS; i++)
		if (!img_is_zero(&d->slot[i], sizeof(d->slot[i])))
			return IMG_REFUSE(detail, IMG_E_RESERVED, .object = area_header.object,
					  .field = "slot", .index = i);
	return IMG_OK;
}

static void area_parse(const struct img_area_disk *d, struct img_area *area)
{
	memset(area, 0, sizeof(*area));
	area->nr_map = img_get32(d->nr_map);
	for (uint32_t i = 0; i < area->nr_map; i++)
		area->map[i] = piece_parse(&d->map[i]);
	memcpy(area->uuid, d->area_uuid, sizeof(area->uuid));
	area->offset = img_get64(d->area_offset);
	area->size = img_get64(d->area_size);
	area->nr_slots = img_get32(d->nr_slots);
	area->created = img_get64(d->created);
	for (uint32_t i = 0; i < area->nr_slots; i++) {
		area->slot[i].offset = img_get64(d->slot[i].offset);
		area->slot[i].size = img_get64(d->slot[i].size);
	}
}

enum img_reason img_area_decode(const void *block, uint64_t size, struct img_area *ret_area,
				struct img_detail *detail)
{
	const struct img_area_disk *d = block;
	uint64_t header_offset;
	enum img_reason reason;

	reason = header_check(&area_header, block, 0, detail);
	if (reason == IMG_OK)
		reason = area_check_reserved(d, detail);
	if (reason == IMG_OK)
		reason = area_check_map(d, &size, detail);
	header_offset = img_area_header_offset(size);
	if (reason == IMG_OK)
		reason = area_check_extent(d, header_offset, detail);
	if (reason == IMG_OK)
		reason = area_check_slots(d, header_offset, detail);
	if (reason == IMG_OK)
		area_parse(d, ret_area);
	return reason;
}

uint64_t img_area_map_size(const struct img_area *area)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < area->nr_map; i++)
		size += area->map[i].size;
	return size;
}

struct img_location img_area_locate(const struct img_area *area, uint64_t offset)
{
	uint32_t i = 0;

	if (!area->nr_map)
		return (struct img_location){ .offset = offset, .run = ~0ull - offset };
	while (i + 1 < area->nr_map && offset >= area->map[i].size)
		offset -= area->map[i++].size;
	if (offset >= area->map[i].size)
		return (struct img_location){ .piece = i };
	return (struct img_location){ .piece = i,
				      .offset = area->map[i].offset + offset,
				      .run = area->map[i].size - offset };
}

/* The slot header. */

struct slot_check {
	const struct img_slot_disk *disk;
	const struct img_area *area;
	uint32_t slot;
	struct img_detail *detail;
};

static enum img_reason slot_refuse(const struct slot_check *c, enum img_reason reason,
				   const char *field, uint64_t value)
{
	return IMG_REFUSE(c->detail, reason, .object = slot_header.object, .field = field,
			  .index = c->slot, .golden = value);
}

static enum img_reason slot_check_empty(const struct slot_check *c)
{
	if (img_is_zero(c->disk, sizeof(*c->disk)))
		return slot_refuse(c, IMG_E_SLOT_EMPTY, NULL, 0);
	return IMG_OK;
}

static enum img_reason slot_check_header(const struct slot_check *c)
{
	return header_check(&slot_header, c->disk, c->slot, c->detail);
}

static enum img_reason slot_check_reserved(const struct slot_check *c)
{
	static const struct reserved table[] = {
		{ MEMBER(struct img_slot_disk, reserved0) },
		{ MEMBER(struct img_slot_disk, reserved1) },
		{ MEMBER(struct img_slot_disk, reserved2) },
	};

	return reserved_check(table, sizeof(table) / sizeof(table[0]), c->disk, slot_header.object,
			      c->detail);
}

static enum img_reason slot_check_identity(const struct slot_check *c)
{
	uint32_t mode = img_get32(c->disk->mode);

	if (memcmp(c->disk->area_uuid, c->area->uuid, sizeof(c->area->uuid)))
		return slot_refuse(c, IMG_E_SLOT_FOREIGN, "area_uuid", 0);
	if (mode != IMG_MODE_GOLDEN && mode != IMG_MODE_ONCE)
		return slot_refuse(c, IMG_E_SLOT_MODE, "mode", mode);
	return IMG_OK;
}

static enum img_reason slot_check_fields(const struct slot_check *c)
{
	const struct img_slot_disk *d = c->disk;
	const struct {
		const char *field;
		uint64_t value, min, max;
	} rule[] = {
		{ "generation", img_get64(d->generation), 1, ~0ull },
		{ "page_size", img_get32(d->page_size), IMG_PAGE_SIZE, IMG_PAGE_SIZE },
		{ "chunk_pages", img_get32(d->chunk_pages), IMG_CHUNK_PAGES, IMG_CHUNK_PAGES },
		{ "nr_pages", img_get64(d->nr_pages), 1, IMG_MAX_PFN },
		{ "nr_stored", img_get64(d->nr_stored), 0, img_get64(d->nr_pages) },
		{ "nr_sections", img_get32(d->nr_sections), 0, IMG_MAX_SECTIONS },
	};

	for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++)
		if (rule[i].value < rule[i].min || rule[i].value > rule[i].max)
			return slot_refuse(c, IMG_E_SLOT_FIELD, rule[i].field, rule[i].value);
	return IMG_OK;
}

/* Chunks follow the two header blocks, sections follow the chunks, all within the slot. */
static enum img_reason slot_check_extents(const struct slot_check *c)
{
	uint64_t slot_size = c->area->slot[c->slot].size;
	uint64_t data_size = img_get64(c->disk->data_size);
	uint64_t meta_offset = img_get64(c->disk->meta_offset);
	uint64_t meta_size = img_get64(c->disk->meta_size);

	if (!img_is_block_multiple(data_size) ||
	    !img_fits(IMG_SLOT_DATA_OFFSET, data_size, slot_size))
		return slot_refuse(c, IMG_E_SLOT_FIELD, "data_size", data_size);
	if (!img_is_block_multiple(meta_offset) || meta_offset < IMG_SLOT_DATA_OFFSET + data_size)
		return slot_refuse(c, IMG_E_SLOT_FIELD, "meta_offset", meta_offset);
	if (!img_is_block_multiple(meta_size) || meta_size > IMG_MAX_META_SIZE ||
	    !img_fits(meta_offset, meta_size, slot_size))
		return slot_refuse(c, IMG_E_SLOT_FIELD, "meta_size", meta_size);
	return IMG_OK;
}

static enum img_reason slot_check_texts(const struct slot_check *c)
{
	const struct img_slot_disk *d = c->disk;

	if (!img_text_is_padded(d->kernel_release, sizeof(d->kernel_release)))
		return slot_refuse(c, IMG_E_SLOT_FIELD, "kernel_release", 0);
	if (!img_text_is_padded(d->description, sizeof(d->description)))
		return slot_refuse(c, IMG_E_SLOT_FIELD, "description", 0);
	return IMG_OK;
}

static bool section_entries_fit(uint32_t type, uint32_t entry_size, uint64_t size)
{
	if (!entry_size || size % entry_size)
		return false;
	if (type >= IMG_SEC_KNOWN || !img_section_kinds[type].entry_size)
		return true;
	if ((type == IMG_SEC_RECORD || type == IMG_SEC_SEAL) && size != entry_size)
		return false;
	return entry_size == img_section_kinds[type].entry_size;
}

static enum img_reason section_refuse(const struct slot_check *c, const char *field, uint64_t index,
				      uint64_t value)
{
	return IMG_REFUSE(c->detail, IMG_E_SECTION_TABLE, .object = "section", .field = field,
			  .index = index, .golden = value);
}

/* Sections rise by type and by offset, so that none can occur twice or overlap. */
static enum img_reason slot_check_sections(const struct slot_check *c)
{
	uint64_t end = img_get64(c->disk->meta_offset);
	uint64_t limit = end + img_get64(c->disk->meta_size);
	uint32_t nr = img_get32(c->disk->nr_sections);
	uint32_t last = IMG_SEC_NONE;

	for (uint32_t i = 0; i < nr; i++) {
		const struct img_section_disk *s = &c->disk->section[i];
		uint32_t type = img_get32(s->type);
		uint64_t offset = img_get64(s->offset);
		uint64_t size = img_get64(s->size);

		if (type <= last)
			return section_refuse(c, "type", i, type);
		if (!section_entries_fit(type, img_get32(s->entry_size), size))
			return section_refuse(c, "entry_size", i, img_get32(s->entry_size));
		if (!img_is_block_multiple(offset) || offset < end)
			return section_refuse(c, "offset", i, offset);
		if (!img_fits(offset, size, limit))
			return section_refuse(c, "size", i, size);
		end = offset + ((size + IMG_BLOCK - 1) & ~(uint64_t)(IMG_BLOCK - 1));
		last = type;
	}
	if (!img_is_zero(&c->disk->section[nr],
			 (IMG_MAX_SECTIONS - nr) * sizeof(*c->disk->section)))
		return slot_refuse(c, IMG_E_RESERVED, "section", nr);
	return IMG_OK;
}

static bool has_section(const struct img_slot_disk *d, enum img_section_type type)
{
	for (uint32_t i = 0; i < img_get32(d->nr_sections); i++)
		if (img_get32(d->section[i].type) == (uint32_t)type)
			return true;
	return false;
}

/* A sealed image has both sections of a seal, any other has neither. */
static enum img_reason slot_check_seal(const struct slot_check *c)
{
	static const enum img_section_type of_seal[] = { IMG_SEC_SEAL, IMG_SEC_TAGS };
	bool sealed = img_get64(c->disk->incompat) & IMG_INCOMPAT_SEALED;

	for (size_t i = 0; i < sizeof(of_seal) / sizeof(of_seal[0]); i++)
		if (has_section(c->disk, of_seal[i]) != sealed)
			return IMG_REFUSE(c->detail,
					  sealed ? IMG_E_SECTION_MISSING : IMG_E_SECTION_TABLE,
					  .object = img_section_kinds[of_seal[i]].name,
					  .field = "incompat", .index = of_seal[i]);
	return IMG_OK;
}

static struct img_section section_parse(const struct img_section_disk *d)
{
	return (struct img_section){
		.type = (enum img_section_type)img_get32(d->type),
		.entry_size = img_get32(d->entry_size),
		.offset = img_get64(d->offset),
		.size = img_get64(d->size),
		.csum = img_get64(d->csum),
	};
}

static void slot_parse(const struct img_slot_disk *d, struct img_slot *slot)
{
	memset(slot, 0, sizeof(*slot));
	slot->mode = (enum img_mode)img_get32(d->mode);
	memcpy(slot->area_uuid, d->area_uuid, sizeof(slot->area_uuid));
	memcpy(slot->image_uuid, d->image_uuid, sizeof(slot->image_uuid));
	slot->compat = img_get64(d->compat);
	slot->incompat = img_get64(d->incompat);
	slot->generation = img_get64(d->generation);
	slot->created = img_get64(d->created);
	slot->nr_pages = img_get64(d->nr_pages);
	slot->nr_stored = img_get64(d->nr_stored);
	slot->data_size = img_get64(d->data_size);
	slot->meta_offset = img_get64(d->meta_offset);
	slot->meta_size = img_get64(d->meta_size);
	slot->nr_sections = img_get32(d->nr_sections);
	for (uint32_t i = 0; i < slot->nr_sections; i++)
		slot->section[i] = section_parse(&d->section[i]);
	memcpy(slot->kernel_release, d->kernel_release, sizeof(d->kernel_release));
	memcpy(slot->description, d->description, sizeof(d->description));
}

enum img_reason img_slot_decode(const void *block, const struct img_area *area, uint32_t slot,
				struct img_slot *ret_slot, struct img_detail *detail)
{
	static enum img_reason (*const step[])(const struct slot_check *) = {
		slot_check_empty,    slot_check_header,	  slot_check_reserved,
		slot_check_identity, slot_check_fields,	  slot_check_extents,
		slot_check_texts,    slot_check_sections, slot_check_seal,
	};
	const struct slot_check c = { block, area, slot, detail };

	for (size_t i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		enum img_reason reason = step[i](&c);

		if (reason != IMG_OK)
			return reason;
	}
	slot_parse(block, ret_slot);
	return IMG_OK;
}

/* The choice between slots. */

static int first_valid(const enum img_reason reason[], const uint64_t rank[], uint32_t nr_slots)
{
	int best = -1;

	for (uint32_t i = 0; i < nr_slots; i++)
		if (reason[i] == IMG_OK && (best < 0 || rank[i] > rank[best]))
			best = (int)i;
	return best;
}

static enum img_reason most_specific(const enum img_reason reason[], uint32_t nr_slots)
{
	for (uint32_t i = 0; i < nr_slots; i++)
		if (reason[i] != IMG_E_SLOT_EMPTY)
			return reason[i];
	return IMG_E_SLOT_EMPTY;
}

int img_slot_choose(const enum img_reason reason[], const uint64_t rank[], uint32_t nr_slots,
		    int wanted, enum img_reason *ret_reason)
{
	int best;

	if (wanted < 0) {
		best = first_valid(reason, rank, nr_slots);
		if (best < 0)
			*ret_reason = most_specific(reason, nr_slots);
		return best;
	}
	if ((uint32_t)wanted < nr_slots && reason[wanted] == IMG_OK)
		return wanted;
	*ret_reason = (uint32_t)wanted < nr_slots ? reason[wanted] : IMG_E_SLOT_EMPTY;
	return -1;
}
