// SPDX-License-Identifier: GPL-2.0-or-later
/* Today's memory map of the firmware. */
#include "memmap.h"

#include "alloc.h"

/* Descriptors that may appear between sizing the map and reading it. */
#define MAP_SLACK 64

static void convert_map(struct memmap *map, const uint8_t *raw, UINTN size, UINTN step)
{
	UINTN i;

	map->nr = size / step;
	for (i = 0; i < map->nr; i++) {
		const EFI_MEMORY_DESCRIPTOR *d = (const void *)(raw + i * step);

		map->range[i] = (struct img_memrange){
			.phys = d->PhysicalStart,
			.pages = d->NumberOfPages,
			.type = d->Type,
			.attribute = d->Attribute,
		};
	}
	img_memmap_sort(map->range, map->nr);
}

/* Allocates the buffers first, so that the map includes them. */
enum img_reason memmap_read(struct memory *memory, struct memmap *ret_map)
{
	UINTN size = 0, key, step = sizeof(EFI_MEMORY_DESCRIPTOR);
	UINT32 version;
	void *raw;

	BS->GetMemoryMap(&size, NULL, &key, &step, &version);
	size += MAP_SLACK * step;
	raw = alloc_pages(memory, size);
	ret_map->range = alloc_pages(memory, size / step * sizeof(*ret_map->range));
	if (!raw || !ret_map->range ||
	    EFI_ERROR(BS->GetMemoryMap(&size, raw, &key, &step, &version)))
		return IMG_E_NO_MEMORY;
	convert_map(ret_map, raw, size, step);
	return IMG_OK;
}
