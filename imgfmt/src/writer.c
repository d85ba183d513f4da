// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The writer's bookkeeping: which pages, which chunks, where the sections go.  It never touches
 * page contents and does no I/O.
 */
#include <imgfmt/writer.h>

#include "internal.h"

#define MAX_RUN_PAGES 0xffffffffu

void img_writer_init(struct img_writer *w, uint64_t slot_size, struct img_run_disk *run,
		     uint64_t run_capacity, struct img_chunk_disk *chunk, uint64_t chunk_capacity)
{
	*w = (struct img_writer){
		.slot_size = slot_size,
		.run = run,
		.run_capacity = run_capacity,
		.chunk = chunk,
		.chunk_capacity = chunk_capacity,
		.position = IMG_SLOT_DATA_OFFSET,
	};
}

/* End of the last run: the least pfn that may come next. */
static uint64_t index_end(const struct img_writer *w)
{
	const struct img_run_disk *last;

	if (!w->nr_runs)
		return 0;
	last = &w->run[w->nr_runs - 1];
	return img_get64(last->pfn) + img_get32(last->pages);
}

static bool extends_last(const struct img_writer *w, uint64_t pfn, enum img_run_kind kind,
			 uint64_t fill)
{
	const struct img_run_disk *last;

	if (!w->nr_runs || pfn != index_end(w))
		return false;
	last = &w->run[w->nr_runs - 1];
	return img_get32(last->kind) == (uint32_t)kind && img_get64(last->fill) == fill &&
	       img_get32(last->pages) < MAX_RUN_PAGES;
}

enum img_reason img_writer_page(struct img_writer *w, uint64_t pfn, enum img_run_kind kind,
				uint64_t fill)
{
	fill = kind == IMG_RUN_FILL ? fill : 0;
	if (pfn >= IMG_MAX_PFN)
		return IMG_E_INDEX_BOUNDS;
	if (pfn < index_end(w))
		return IMG_E_INDEX_ORDER;

	if (extends_last(w, pfn, kind, fill)) {
		struct img_run_disk *last = &w->run[w->nr_runs - 1];

		last->pages = img_put32(img_get32(last->pages) + 1);
	} else if (img_writer_has_room(w, 1)) {
		w->run[w->nr_runs++] = (struct img_run_disk){
			.pfn = img_put64(pfn),
			.pages = img_put32(1),
			.kind = img_put32((uint32_t)kind),
			.first = img_put64(w->nr_stored),
			.fill = img_put64(fill),
		};
	} else {
		return IMG_E_INDEX_FULL;
	}
	w->nr_pages++;
	w->nr_stored += kind == IMG_RUN_STORED;
	return IMG_OK;
}

enum img_reason img_writer_index(struct img_writer *w, const struct img_meta *meta)
{
	if (meta->nr_runs > w->run_capacity)
		return IMG_E_INDEX_FULL;
	memcpy(w->run, meta->run, (size_t)meta->nr_runs * sizeof(*w->run));
	w->nr_runs = meta->nr_runs;
	w->nr_pages = meta->nr_pages;
	w->nr_stored = meta->nr_stored;
	return IMG_OK;
}

enum img_reason img_writer_chunk(struct img_writer *w, struct img_chunk *chunk)
{
	if (!chunk->pages || chunk->pages > IMG_CHUNK_PAGES ||
	    chunk->pages > w->nr_stored - w->nr_chunked)
		return IMG_E_CHUNK_COUNT;
	if (w->nr_chunks == w->chunk_capacity)
		return IMG_E_INDEX_FULL;
	if (!img_fits(w->position, img_block_align(chunk->size), w->slot_size))
		return IMG_E_SLOT_FULL;

	chunk->offset = w->position;
	chunk->first = w->nr_chunked;
	w->chunk[w->nr_chunks++] = (struct img_chunk_disk){
		.offset = img_put64(chunk->offset),
		.size = img_put32(chunk->size),
		.kind = img_put16((uint16_t)chunk->kind),
		.pages = img_put16((uint16_t)chunk->pages),
		.first = img_put64(chunk->first),
		.csum = img_put64(chunk->csum),
		.fill = img_put64(chunk->fill),
	};
	if (w->tag)
		w->tag[w->nr_chunks - 1] = (struct img_tag_disk){ { 0 } };
	w->position += img_block_align(chunk->size);
	w->nr_chunked += chunk->pages;
	return IMG_OK;
}

void img_writer_sealed(struct img_writer *w, struct img_tag_disk *tag)
{
	w->tag = tag;
}

void img_writer_tag(struct img_writer *w, const uint8_t tag[IMG_TAG_SIZE])
{
	memcpy(w->tag[w->nr_chunks - 1].tag, tag, IMG_TAG_SIZE);
}

/* One section to lay out. */
struct section_in {
	enum img_section_type type;
	const void *data;
	uint32_t entry_size;
	uint64_t nr;
};

/* Appends a section at *position; false if it does not fit. */
static bool add_section(const struct section_in *in, uint64_t slot_size, uint64_t *position,
			struct img_slot *slot, const void **ret_data)
{
	struct img_section *s = &slot->section[slot->nr_sections];
	uint64_t size = in->nr * in->entry_size;

	if (size > IMG_MAX_META_SIZE || !img_fits(*position, img_block_align(size), slot_size))
		return false;
	*s = (struct img_section){
		.type = in->type,
		.entry_size = in->entry_size,
		.offset = *position,
		.size = size,
		.csum = img_port_xxh64(in->data, (size_t)size),
	};
	*ret_data = in->data;
	*position += img_block_align(size);
	slot->nr_sections++;
	return true;
}

enum img_reason img_writer_finish(struct img_writer *w, const struct img_writer_sections *in,
				  struct img_slot *slot, const void *data[IMG_MAX_SECTIONS])
{
	const struct section_in sections[] = {
		{ IMG_SEC_RECORD, in->record, sizeof(*in->record), 1 },
		{ IMG_SEC_FINGERPRINT, in->fp, sizeof(*in->fp), in->nr_fp },
		{ IMG_SEC_RTMAP, in->rtmap, sizeof(*in->rtmap), in->nr_rtmap },
		{ IMG_SEC_AUX, in->aux, sizeof(*in->aux), in->nr_aux },
		{ IMG_SEC_PROOFS, in->proof, sizeof(*in->proof), in->nr_proofs },
		{ IMG_SEC_PAGE_INDEX, w->run, sizeof(*w->run), w->nr_runs },
		{ IMG_SEC_CHUNK_TABLE, w->chunk, sizeof(*w->chunk), w->nr_chunks },
		{ IMG_SEC_SEAL, in->seal, sizeof(*in->seal), 1 },
		{ IMG_SEC_TAGS, w->tag, sizeof(*w->tag), w->nr_chunks },
	};
	size_t nr = sizeof(sections) / sizeof(sections[0]);
	uint64_t position = w->position;

	if (w->nr_chunked != w->nr_stored)
		return IMG_E_INDEX_COUNT;
	memset(slot->section, 0, sizeof(slot->section));
	slot->nr_sections = 0;
	slot->incompat = w->tag ? IMG_INCOMPAT_SEALED : 0;
	for (size_t i = 0; i < (w->tag ? nr : nr - 2); i++)
		if (!add_section(&sections[i], w->slot_size, &position, slot, &data[i]))
			return IMG_E_SLOT_FULL;

	slot->nr_pages = w->nr_pages;
	slot->nr_stored = w->nr_stored;
	slot->data_size = w->position - IMG_SLOT_DATA_OFFSET;
	slot->meta_offset = w->position;
	slot->meta_size = position - w->position;
	return slot->meta_size <= IMG_MAX_META_SIZE ? IMG_OK : IMG_E_INDEX_FULL;
}

/* Disk forms. */

struct img_record_disk img_record_encode(const struct img_record *record)
{
	struct img_record_disk d = {
		.jump_address = img_put64(record->jump_address),
		.jump_address_phys = img_put64(record->jump_address_phys),
		.cr3 = img_put64(record->cr3),
		.arch_magic = img_put64(record->arch_magic),
		.cr0 = img_put64(record->cr0),
		.cr4 = img_put64(record->cr4),
		.efer = img_put64(record->efer),
		.paging_levels = img_put32(record->paging_levels),
		.handoff_phys = img_put64(record->handoff_phys),
		.efi_runtime = img_put64(record->efi_runtime),
		.ram_bytes = img_put64(record->ram_bytes),
		.key_phys = img_put64(record->key_phys),
	};

	memcpy(d.e820_digest, record->e820_digest, sizeof(d.e820_digest));
	return d;
}

struct img_fp_disk img_fp_encode(const struct img_fp_item *item)
{
	return (struct img_fp_disk){
		.field = img_put32(item->field),
		.index = img_put32(item->index),
		.value = { img_put64(item->value[0]), img_put64(item->value[1]) },
	};
}

struct img_rtmap_disk img_rtregion_encode(const struct img_rtregion *region)
{
	return (struct img_rtmap_disk){
		.type = img_put32(region->type),
		.phys = img_put64(region->phys),
		.virt = img_put64(region->virt),
		.pages = img_put64(region->pages),
		.attribute = img_put64(region->attribute),
	};
}

struct img_aux_disk img_aux_encode(const struct img_aux *aux)
{
	return (struct img_aux_disk){
		.pfn = img_put64(aux->pfn),
		.pages = img_put64(aux->pages),
		.kind = img_put32(aux->kind),
	};
}

struct img_proof_disk img_proof_encode(const struct img_proof *proof)
{
	struct img_proof_disk d = {
		.kind = img_put32((uint32_t)proof->kind),
		.flags = img_put32(proof->flags),
		.offset = img_put64(proof->offset),
		.size = img_put32(proof->size),
		.digest = img_put64(proof->digest),
	};

	memcpy(d.part_uuid, proof->part_uuid, sizeof(d.part_uuid));
	return d;
}

static struct img_section_disk section_encode(const struct img_section *section)
{
	return (struct img_section_disk){
		.type = img_put32((uint32_t)section->type),
		.entry_size = img_put32(section->entry_size),
		.offset = img_put64(section->offset),
		.size = img_put64(section->size),
		.csum = img_put64(section->csum),
	};
}

static img_le64 block_csum(const void *block)
{
	return img_put64(img_port_xxh64(block, IMG_HEADER_CSUM));
}

void img_slot_encode(const struct img_slot *slot, void *block)
{
	struct img_slot_disk *d = block;

	memset(d, 0, sizeof(*d));
	memcpy(d->magic, IMG_SLOT_MAGIC, sizeof(d->magic));
	d->version = img_put32(IMG_VERSION);
	d->mode = img_put32((uint32_t)slot->mode);
	d->compat = img_put64(slot->compat);
	d->incompat = img_put64(slot->incompat);
	memcpy(d->area_uuid, slot->area_uuid, sizeof(d->area_uuid));
	memcpy(d->image_uuid, slot->image_uuid, sizeof(d->image_uuid));
	d->generation = img_put64(slot->generation);
	d->created = img_put64(slot->created);
	d->page_size = img_put32(IMG_PAGE_SIZE);
	d->chunk_pages = img_put32(IMG_CHUNK_PAGES);
	d->nr_pages = img_put64(slot->nr_pages);
	d->nr_stored = img_put64(slot->nr_stored);
	d->data_size = img_put64(slot->data_size);
	d->meta_offset = img_put64(slot->meta_offset);
	d->meta_size = img_put64(slot->meta_size);
	d->nr_sections = img_put32(slot->nr_sections);
	img_text_put(d->kernel_release, slot->kernel_release, sizeof(d->kernel_release));
	img_text_put(d->description, slot->description, sizeof(d->description));
	for (uint32_t i = 0; i < slot->nr_sections; i++)
		d->section[i] = section_encode(&slot->section[i]);
	d->csum = block_csum(d);
}

void img_area_encode(const struct img_area *area, void *block)
{
	struct img_area_disk *d = block;

	memset(d, 0, sizeof(*d));
	memcpy(d->magic, IMG_AREA_MAGIC, sizeof(d->magic));
	d->version = img_put32(IMG_VERSION);
	d->block_size = img_put32(IMG_BLOCK);
	memcpy(d->area_uuid, area->uuid, sizeof(d->area_uuid));
	d->area_offset = img_put64(area->offset);
	d->area_size = img_put64(area->size);
	d->nr_slots = img_put32(area->nr_slots);
	for (uint32_t i = 0; i < area->nr_slots; i++) {
		d->slot[i].offset = img_put64(area->slot[i].offset);
		d->slot[i].size = img_put64(area->slot[i].size);
	}
	d->created = img_put64(area->created);
	if (area->nr_map)
		d->incompat = img_put64(IMG_AREA_INCOMPAT_MAPPED);
	d->nr_map = img_put32(area->nr_map);
	for (uint32_t i = 0; i < area->nr_map; i++) {
		memcpy(d->map[i].part_uuid, area->map[i].part_uuid, sizeof(d->map[i].part_uuid));
		d->map[i].offset = img_put64(area->map[i].offset);
		d->map[i].size = img_put64(area->map[i].size);
	}
	d->csum = block_csum(d);
}

enum img_reason img_area_layout(uint64_t partition_size, uint64_t swap_size, uint32_t nr_slots,
				struct img_area *ret_area)
{
	uint64_t header = img_area_header_offset(partition_size);
	uint64_t offset = img_block_align(swap_size);
	uint64_t slot_size;

	if (!nr_slots || nr_slots > IMG_MAX_SLOTS || swap_size > header)
		return IMG_E_AREA_BOUNDS;
	slot_size = ((header - offset) / nr_slots) & ~(uint64_t)(IMG_BLOCK - 1);
	if (slot_size < IMG_MIN_SLOT_SIZE)
		return IMG_E_AREA_BOUNDS;
	memset(ret_area, 0, sizeof(*ret_area));
	ret_area->offset = offset;
	ret_area->size = header + IMG_BLOCK - offset;
	ret_area->nr_slots = nr_slots;
	for (uint32_t i = 0; i < nr_slots; i++)
		ret_area->slot[i] = (struct img_extent){ offset + i * slot_size, slot_size };
	return IMG_OK;
}
