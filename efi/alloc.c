// SPDX-License-Identifier: GPL-2.0-or-later
/* What is allocated from the firmware, and giving all of it back. */
#include "alloc.h"

#include "loader.h"

bool alloc_hold(struct memory *m, EFI_PHYSICAL_ADDRESS phys, UINTN pages)
{
	if (m->nr_held == MAX_HELD)
		return false;
	m->held[m->nr_held++] = (struct pages){ phys, pages };
	return true;
}

void *alloc_pages(struct loader *l, uint64_t bytes)
{
	UINTN pages = (bytes + IMG_PAGE_SIZE - 1) / IMG_PAGE_SIZE;
	EFI_PHYSICAL_ADDRESS phys;

	if (EFI_ERROR(BS->AllocatePages(AllocateAnyPages, EfiLoaderData, pages, &phys)))
		return NULL;
	if (!alloc_hold(&l->memory, phys, pages)) {
		BS->FreePages(phys, pages);
		return NULL;
	}
	memset((void *)phys, 0, pages * IMG_PAGE_SIZE);
	return (void *)phys;
}

void alloc_release(struct loader *l)
{
	struct memory *m = &l->memory;

	while (m->nr_held) {
		struct pages p = m->held[--m->nr_held];

		BS->FreePages(p.phys, p.count);
	}
	m->owned.nr = 0;
}
