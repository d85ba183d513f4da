// SPDX-License-Identifier: GPL-2.0-or-later
/* Allocates memory from the firmware, and gives all of it back. */
#include "alloc.h"

#include <imgfmt/format.h>

static bool hold(struct memory *m, EFI_PHYSICAL_ADDRESS phys, UINTN pages)
{
	if (m->nr_held == MAX_HELD)
		return false;
	m->held[m->nr_held++] = (struct pages){ phys, pages };
	return true;
}

void *alloc_pages(struct memory *m, uint64_t bytes)
{
	UINTN pages = (bytes + IMG_PAGE_SIZE - 1) / IMG_PAGE_SIZE;
	EFI_PHYSICAL_ADDRESS phys;

	if (EFI_ERROR(BS->AllocatePages(AllocateAnyPages, EfiLoaderData, pages, &phys)))
		return NULL;
	if (!hold(m, phys, pages)) {
		BS->FreePages(phys, pages);
		return NULL;
	}
	memset((void *)phys, 0, pages * IMG_PAGE_SIZE);
	return (void *)phys;
}

static bool alloc_at(struct memory *m, EFI_MEMORY_TYPE type, uint64_t pfn, uint64_t pages)
{
	EFI_PHYSICAL_ADDRESS phys = pfn * IMG_PAGE_SIZE;

	if (m->nr_held == MAX_HELD ||
	    EFI_ERROR(BS->AllocatePages(AllocateAddress, type, pages, &phys)))
		return false;
	return hold(m, phys, pages);
}

bool alloc_range(struct memory *m, uint64_t pfn, uint64_t pages)
{
	return alloc_at(m, EfiLoaderData, pfn, pages);
}

bool alloc_reserved(struct memory *m, uint64_t pfn)
{
	return alloc_at(m, EfiReservedMemoryType, pfn, 1);
}

void alloc_release(struct memory *m)
{
	while (m->nr_held) {
		struct pages p = m->held[--m->nr_held];

		BS->FreePages(p.phys, p.count);
	}
}
