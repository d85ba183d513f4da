// SPDX-License-Identifier: GPL-2.0-or-later
/* The files that `simulate --memmap` reads: the input is the file. */
#include "fuzz_tool.h"

#include "machine/memmap.h"

static uint64_t end_pfn(const struct img_memrange *range)
{
	return range->phys / IMG_PAGE_SIZE + range->pages;
}

static void check(const struct memmap *map)
{
	must(map->nr && map->nr <= MEMMAP_MAX);
	for (uint64_t i = 0; i < map->nr; i++) {
		const struct img_memrange *range = &map->range[i];

		must(range->phys % IMG_PAGE_SIZE == 0 && range->pages);
		must(range->pages <= IMG_MAX_PFN && end_pfn(range) <= IMG_MAX_PFN);
		must(i == 0 || end_pfn(range - 1) <= range->phys / IMG_PAGE_SIZE);
		must(*memmap_type_name(range->type));
	}
}

/* Adds a region that begins in the middle of the first range and may cover others. */
static void put_runtime(struct memmap *map)
{
	struct img_memrange region = map->range[0];

	region.type = IMG_EFI_RUNTIME_DATA;
	region.attribute |= IMG_EFI_ATTR_RUNTIME;
	region.phys += region.pages / 2 * IMG_PAGE_SIZE;
	if (end_pfn(&region) > IMG_MAX_PFN)
		region.pages = IMG_MAX_PFN - region.phys / IMG_PAGE_SIZE;
	if (memmap_put_runtime(map, &region))
		check(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memmap map;
	struct input in = { data, size };
	char *text = take_text(&in, size);

	silence();
	if (memmap_parse("map", text, &map) == 0) {
		check(&map);
		put_runtime(&map);
	}
	free(text);
	return 0;
}
