// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The decision.  The image's runs and the machine's ranges are both sorted, so every check is one
 * merge of two lists; none looks at single pages.
 */
#include <imgfmt/plan.h>

#include "internal.h"

/* Memory maps. */

/* Insertion sort: firmware returns its map sorted or nearly so. */
void img_memmap_sort(struct img_memrange *map, uint64_t nr)
{
	for (uint64_t i = 1; i < nr; i++) {
		struct img_memrange range = map[i];
		uint64_t to = i;

		for (; to && map[to - 1].phys > range.phys; to--)
			map[to] = map[to - 1];
		map[to] = range;
	}
}

/* Free once boot services are gone. */
static bool is_busy(uint32_t type)
{
	return type >= IMG_EFI_LOADER_CODE && type <= IMG_EFI_BOOT_DATA;
}

static bool is_boot_services(uint32_t type)
{
	return type == IMG_EFI_BOOT_CODE || type == IMG_EFI_BOOT_DATA;
}

/* Pages of a map entry; none beyond the address width, whatever the firmware says. */
static struct img_range range_pages(const struct img_memrange *range)
{
	uint64_t pfn = img_min(range->phys / IMG_PAGE_SIZE, IMG_MAX_PFN);

	return (struct img_range){ pfn, img_min(range->pages, IMG_MAX_PFN - pfn) };
}

static uint64_t range_end(const struct img_memrange *range)
{
	struct img_range r = range_pages(range);

	return r.pfn + r.pages;
}

static bool is_ram(uint32_t type)
{
	return is_busy(type) || type == IMG_EFI_CONVENTIONAL;
}

uint64_t img_memmap_ram(const struct img_memrange *map, uint64_t nr)
{
	uint64_t pages = 0;

	for (uint64_t i = 0; i < nr; i++)
		if (is_ram(map[i].type))
			pages += range_pages(&map[i]).pages;
	return pages * IMG_PAGE_SIZE;
}

bool img_memmap_is_ram(const struct img_memrange *map, uint64_t nr, uint64_t phys)
{
	uint64_t pfn = phys / IMG_PAGE_SIZE;

	for (uint64_t i = 0; i < nr; i++) {
		struct img_range r = range_pages(&map[i]);

		if (pfn >= r.pfn && pfn - r.pfn < r.pages)
			return is_ram(map[i].type);
	}
	return false;
}

/* The EFI runtime map. */

/*
 * Boot-services memory with the runtime attribute is Linux's way to keep it; the firmware is
 * unaware of it.
 */
static bool is_runtime(uint32_t type, uint64_t attribute)
{
	return attribute & IMG_EFI_ATTR_RUNTIME && !is_boot_services(type);
}

static enum img_reason rtmap_refuse(struct img_detail *detail, const char *field, uint64_t index,
				    uint64_t golden, uint64_t today)
{
	return IMG_REFUSE(detail, IMG_E_EFI_RUNTIME_MAP, .object = "EFI runtime region",
			  .field = field, .index = index, .golden = golden, .today = today);
}

/* Is region i covered by ranges of today of the same kind?  *at: position of the merge. */
static enum img_reason region_covered(const struct img_machine *machine,
				      const struct img_rtregion *region, uint64_t i, uint64_t *at,
				      struct img_detail *detail)
{
	uint64_t pfn = region->phys / IMG_PAGE_SIZE;
	uint64_t end = pfn + region->pages;

	while (pfn < end) {
		const struct img_memrange *range;

		while (*at < machine->nr_map && range_end(&machine->map[*at]) <= pfn)
			++*at;
		if (*at == machine->nr_map || machine->map[*at].phys / IMG_PAGE_SIZE > pfn)
			return rtmap_refuse(detail, "missing today", i, pfn * IMG_PAGE_SIZE, 0);
		range = &machine->map[*at];
		if (range->type != region->type || !is_runtime(range->type, range->attribute))
			return rtmap_refuse(detail, "type", i, pfn * IMG_PAGE_SIZE, range->phys);
		pfn = img_min(end, range_end(range));
	}
	return IMG_OK;
}

static uint64_t runtime_pages_today(const struct img_machine *machine)
{
	uint64_t pages = 0;

	for (uint64_t i = 0; i < machine->nr_map; i++)
		if (is_runtime(machine->map[i].type, machine->map[i].attribute))
			pages += range_pages(&machine->map[i]).pages;
	return pages;
}

/* By coverage, so it does not matter how either side splits and merges regions. */
static enum img_reason compare_rtmap(const struct img_meta *meta, const struct img_machine *machine,
				     struct img_detail *detail)
{
	uint64_t at = 0, golden = 0, today;

	for (uint64_t i = 0; i < meta->nr_rtmap; i++) {
		const struct img_rtregion region = img_meta_rtregion(meta, i);
		enum img_reason reason;

		if (!is_runtime(region.type, region.attribute))
			continue;
		reason = region_covered(machine, &region, i, &at, detail);
		if (reason != IMG_OK)
			return reason;
		golden += region.pages;
	}
	today = runtime_pages_today(machine);
	if (today != golden)
		return rtmap_refuse(detail, "pages in all", 0, golden, today);
	return IMG_OK;
}

uint64_t img_runtime_phys(const struct img_meta *meta)
{
	uint64_t virt = meta->record.efi_runtime;

	for (uint64_t i = 0; i < meta->nr_rtmap; i++) {
		const struct img_rtregion region = img_meta_rtregion(meta, i);

		if (virt >= region.virt && virt - region.virt < region.pages * IMG_PAGE_SIZE)
			return region.phys + (virt - region.virt);
	}
	return 0;
}

/* A kernel that runs without runtime services needs none today. */
static enum img_reason compare_runtime_table(const struct img_meta *meta,
					     const struct img_machine *machine,
					     struct img_detail *detail)
{
	uint64_t phys = img_runtime_phys(meta);

	if (!meta->record.efi_runtime || (phys && phys == machine->runtime_services))
		return IMG_OK;
	return IMG_REFUSE(detail, IMG_E_EFI_RUNTIME_TABLE, .object = "EFI_RUNTIME_SERVICES",
			  .field = "address", .golden = phys, .today = machine->runtime_services);
}

/* Every page of the index. */

static enum img_reason page_refuse(struct img_detail *detail, uint64_t run, uint64_t pfn,
				   uint64_t type)
{
	return IMG_REFUSE(detail, IMG_E_PAGE_NOT_FREE, .object = "page", .field = "EFI memory type",
			  .index = run, .golden = pfn * IMG_PAGE_SIZE, .today = type);
}

/* Counts a run's pages by their kind today.  *at: position of the merge. */
static enum img_reason place_run(const struct img_run *run, uint64_t i,
				 const struct img_machine *machine, uint64_t *at,
				 struct img_verdict *verdict)
{
	uint64_t pfn = run->pfn, end = run->pfn + run->pages;

	while (pfn < end) {
		const struct img_memrange *range;
		uint64_t next;

		while (*at < machine->nr_map && range_end(&machine->map[*at]) <= pfn)
			++*at;
		if (*at == machine->nr_map || machine->map[*at].phys / IMG_PAGE_SIZE > pfn)
			return page_refuse(&verdict->detail, i, pfn, ~0ull);
		range = &machine->map[*at];
		next = img_min(end, range_end(range));
		if (range->type == IMG_EFI_CONVENTIONAL)
			verdict->pages_free += next - pfn;
		else if (is_busy(range->type))
			verdict->pages_busy += next - pfn;
		else
			return page_refuse(&verdict->detail, i, pfn, range->type);
		pfn = next;
	}
	return IMG_OK;
}

static enum img_reason place_pages(const struct img_meta *meta, const struct img_machine *machine,
				   struct img_verdict *verdict)
{
	uint64_t at = 0;

	for (uint64_t i = 0; i < meta->nr_runs; i++) {
		const struct img_run run = img_meta_run(meta, i);
		enum img_reason reason = place_run(&run, i, machine, &at, verdict);

		if (reason != IMG_OK)
			return reason;
	}
	return IMG_OK;
}

static enum img_reason check_room(const struct img_machine *machine, uint64_t spare_needed,
				  struct img_verdict *verdict)
{
	uint64_t conventional = 0;

	for (uint64_t i = 0; i < machine->nr_map; i++)
		if (machine->map[i].type == IMG_EFI_CONVENTIONAL)
			conventional += range_pages(&machine->map[i]).pages;
	verdict->pages_spare = conventional - verdict->pages_free;
	if (img_fits(verdict->pages_busy, spare_needed, verdict->pages_spare))
		return IMG_OK;
	return IMG_REFUSE(&verdict->detail, IMG_E_NO_MEMORY, .object = "memory",
			  .field = "pages to spare", .golden = verdict->pages_busy + spare_needed,
			  .today = verdict->pages_spare);
}

void img_decide(const struct img_meta *meta, const struct img_machine *machine,
		uint64_t spare_needed, struct img_verdict *ret_verdict)
{
	struct img_verdict v = { .reason = IMG_OK };

	v.reason = img_fp_compare(meta, machine->fp, &v.detail);
	if (v.reason == IMG_OK)
		v.reason = img_proof_check(meta, machine->proofs, &v.detail);
	if (v.reason == IMG_OK)
		v.reason = compare_rtmap(meta, machine, &v.detail);
	if (v.reason == IMG_OK)
		v.reason = compare_runtime_table(meta, machine, &v.detail);
	if (v.reason == IMG_OK)
		v.reason = place_pages(meta, machine, &v);
	if (v.reason == IMG_OK)
		v.reason = check_room(machine, spare_needed, &v);
	*ret_verdict = v;
}
