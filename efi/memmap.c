// SPDX-License-Identifier: GPL-2.0-or-later
/* The firmware's memory map of today. */
#include "memmap.h"

#include "alloc.h"
#include "loader.h"

/* Descriptors that may appear between sizing the map and reading it. */
#define MAP_SLACK 64

static void convert_map(struct loader *l, const uint8_t *raw, UINTN size, UINTN step)
{
	UINTN i;

	l->nr_map = size / step;
	for (i = 0; i < l->nr_map; i++) {
		const EFI_MEMORY_DESCRIPTOR *d = (const void *)(raw + i * step);

		l->map[i] = (struct img_memrange){
			.phys = d->PhysicalStart,
			.pages = d->NumberOfPages,
			.type = d->Type,
			.attribute = d->Attribute,
		};
	}
	img_memmap_sort(l->map, l->nr_map);
}

/* The buffers are allocated first, so that the map shows them. */
enum img_reason memmap_read(struct loader *l)
{
	UINTN size = 0, key, step = sizeof(EFI_MEMORY_DESCRIPTOR);
	UINT32 version;
	void *raw;

	BS->GetMemoryMap(&size, NULL, &key, &step, &version);
	size += MAP_SLACK * step;
	raw = alloc_pages(l, size);
	l->map = alloc_pages(l, size / step * sizeof(*l->map));
	if (!raw || !l->map || EFI_ERROR(BS->GetMemoryMap(&size, raw, &key, &step, &version)))
		return IMG_E_NO_MEMORY;
	convert_map(l, raw, size, step);
	return IMG_OK;
}
