// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * libFuzzer target for all that reads bytes from a disk.  The input is a slot:
 * header block, state block, then chunks and sections where the header says.
 * Checksums are made right first, or no input would get past them.
 *
 *   make fuzz SECONDS=60
 */
#include <stdlib.h>

#include "sample.h"

#define SLOT_SIZE (16u * IMG_BLOCK) /* small, for speed */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

/* Starts from a good slot: nothing but luck would invent one. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	if (size < IMG_BLOCK && max >= SLOT_SIZE) {
		struct sample s = sample_make_tiny();

		(void)seed;
		memcpy(data, s.partition + s.area.slot[0].offset, SLOT_SIZE);
		sample_free(&s);
		return SLOT_SIZE;
	}
	return LLVMFuzzerMutate(data, size, max);
}

static void put_csum(void *to, const void *data, size_t size)
{
	img_le64 csum = img_put64(img_port_xxh64(data, size));

	memcpy(to, &csum, sizeof(csum));
}

static void seal(uint8_t *slot)
{
	struct img_slot_disk *d = (struct img_slot_disk *)slot;

	memcpy(d->magic, IMG_SLOT_MAGIC, sizeof(d->magic));
	for (uint32_t i = 0; i < IMG_MAX_SECTIONS; i++) {
		uint64_t offset = img_get64(d->section[i].offset);
		uint64_t length = img_get64(d->section[i].size);

		if (img_get32(d->section[i].type) && offset <= SLOT_SIZE &&
		    length <= SLOT_SIZE - offset)
			put_csum(&d->section[i].csum, slot + offset, length);
	}
	put_csum(&d->csum, slot, 4088);
}

static void decode_chunks(const struct img_meta *meta, const uint8_t *slot)
{
	static uint64_t pages[IMG_CHUNK_SIZE / 8];

	for (uint64_t i = 0; i < meta->nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(meta, i);

		(void)img_chunk_check(&chunk, slot + chunk.offset);
		(void)img_chunk_decode(&chunk, slot + chunk.offset, pages);
	}
}

/* A machine with little memory, all of it free, and nothing in its fingerprint. */
static void decide(const struct img_meta *meta)
{
	static struct img_fp fp;
	static const struct img_memrange map[] = {
		{ 0, 0xa0, IMG_EFI_CONVENTIONAL, 0 },
		{ 0x100000, 0x1000, IMG_EFI_CONVENTIONAL, 0 },
		{ 0x1100000, 0x1000, IMG_EFI_BOOT_DATA, 0 },
	};
	static const struct img_range range[] = { { 0, 0xa0 }, { 0x100, 0x1000 } };
	const struct img_machine machine = { &fp, map, 3, 0 };
	const struct img_owned owned = { range, 2 };
	struct img_verdict verdict;
	struct img_range extent;
	struct img_pool pool;

	img_decide(meta, &machine, 16, &verdict);
	img_pool_init(&pool, meta, &owned);
	(void)img_pool_contiguous(&pool, 8, 0x800);
	do {
		extent = img_pool_next(&pool, 64);
	} while (extent.pages);
	for (uint64_t i = 0; i < meta->nr_stored && i < 10000; i++)
		if (img_meta_run(meta, img_meta_find_stored(meta, i)).kind != IMG_RUN_STORED)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) uint8_t slot[SLOT_SIZE];
	struct img_area area = { .nr_slots = 1, .slot = { { 0, SLOT_SIZE } } };
	struct img_slot header;
	struct img_state state;
	struct img_meta meta;
	uint8_t *sections;

	memset(slot, 0, sizeof(slot));
	memcpy(slot, data, size < SLOT_SIZE ? size : SLOT_SIZE);
	seal(slot);
	memcpy(area.uuid, ((struct img_slot_disk *)slot)->area_uuid, sizeof(area.uuid));
	img_state_decode(slot + IMG_BLOCK, area.uuid, &state);
	if (img_slot_decode(slot, &area, 0, &header, NULL) != IMG_OK)
		return 0;

	/* As large as it says and no larger, so that the sanitizer sees a step outside. */
	sections = malloc(header.meta_size + 1);
	if (!sections)
		return 0;
	memcpy(sections, slot + header.meta_offset, header.meta_size);
	if (img_meta_decode(&header, sections, &meta, NULL) == IMG_OK) {
		decode_chunks(&meta, slot);
		decide(&meta);
	}
	free(sections);
	return 0;
}
