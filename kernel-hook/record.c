// SPDX-License-Identifier: GPL-2.0-only
/*
 * Collects the sections.  Process context.
 *
 * Once the kernel has entered virtual mode, efi.memmap holds what it passed to the firmware in
 * SetVirtualAddressMap: runtime services memory with its virtual addresses, and boot-services
 * memory that the kernel keeps permanently (efi_mem_reserve: BGRT, ESRT, ...).  Any of the latter
 * that is reserved in the kernel's map is not in its snapshot, and the firmware will overwrite it:
 * so it is saved here.
 */
#include <linux/efi.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sort.h>

#include "held.h"
#include "machine.h"
#include "record.h"

static bool descriptor_is_aux(const efi_memory_desc_t *md)
{
	return (md->attribute & EFI_MEMORY_RUNTIME) &&
	       (md->type == EFI_BOOT_SERVICES_CODE || md->type == EFI_BOOT_SERVICES_DATA);
}

static bool descriptor_is_runtime(const efi_memory_desc_t *md)
{
	return (md->attribute & EFI_MEMORY_RUNTIME) && !descriptor_is_aux(md);
}

static int rtmap_compare(const void *a, const void *b)
{
	const struct img_rtmap_disk *left = a, *right = b;
	u64 x = img_get64(left->phys), y = img_get64(right->phys);

	return x < y ? -1 : x > y;
}

static int aux_compare(const void *a, const void *b)
{
	const struct record_aux *left = a, *right = b;

	return left->pfn < right->pfn ? -1 : left->pfn > right->pfn;
}

static int rtmap_collect(struct record *record, struct report *report)
{
	efi_memory_desc_t *md;

	for_each_efi_memory_desc(md) {
		struct img_rtregion region = {
			.type = md->type,
			.phys = md->phys_addr,
			.virt = md->virt_addr,
			.pages = md->num_pages,
			.attribute = md->attribute,
		};

		if (!descriptor_is_runtime(md))
			continue;
		if (record->nr_rtmap == RECORD_MAX_RTMAP)
			return report_obstacle(report, IMG_E_INDEX_FULL, 0,
					       "more than %u EFI runtime regions",
					       RECORD_MAX_RTMAP);
		record->rtmap[record->nr_rtmap++] = img_rtregion_encode(&region);
	}
	sort(record->rtmap, record->nr_rtmap, sizeof(*record->rtmap), rtmap_compare, NULL);
	return 0;
}

static int aux_add(struct record *record, u64 pfn, u64 pages, struct report *report)
{
	struct record_aux *aux = &record->aux[record->nr_aux];

	if (record->nr_aux == RECORD_MAX_AUX)
		return report_obstacle(report, IMG_E_INDEX_FULL, 0,
				       "more than %u kept boot-services ranges", RECORD_MAX_AUX);
	aux->pfn = pfn;
	aux->pages = pages;
	aux->data = held(memremap(PFN_PHYS(pfn), pages * PAGE_SIZE, MEMREMAP_WB));
	if (!aux->data)
		return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM,
				       "boot-services memory at pfn %llx cannot be mapped", pfn);
	record->nr_aux++;
	return 0;
}

/* How many pages from pfn on, below end, agree in being System RAM or not. */
static u64 span_alike(u64 pfn, u64 end)
{
	bool ram = page_is_ram(pfn);
	u64 next = pfn + 1;

	while (next < end && page_is_ram(next) == ram)
		next++;
	return next - pfn;
}

/*
 * A descriptor that the kernel keeps is kept whole, though only a part of it may be reserved; any
 * System RAM in it is in the kernel's own snapshot.
 */
static int aux_add_reserved(struct record *record, const efi_memory_desc_t *md,
			    struct report *report)
{
	u64 pfn = PHYS_PFN(md->phys_addr), end = pfn + md->num_pages;

	while (pfn < end) {
		u64 pages = span_alike(pfn, end);
		int error = page_is_ram(pfn) ? 0 : aux_add(record, pfn, pages, report);

		if (error)
			return error;
		pfn += pages;
	}
	return 0;
}

static int aux_collect(struct record *record, struct report *report)
{
	efi_memory_desc_t *md;
	u64 i;

	for_each_efi_memory_desc(md) {
		int error = descriptor_is_aux(md) ? aux_add_reserved(record, md, report) : 0;

		if (error)
			return error;
	}
	sort(record->aux, record->nr_aux, sizeof(*record->aux), aux_compare, NULL);
	for (i = 0; i < record->nr_aux; i++) {
		struct img_aux aux = {
			.pfn = record->aux[i].pfn,
			.pages = record->aux[i].pages,
			.kind = IMG_AUX_BOOT_SERVICES,
		};

		record->aux_disk[i] = img_aux_encode(&aux);
	}
	return 0;
}

static int fingerprint_collect(struct record *record, struct report *report)
{
	struct img_fp *fp = held_kvcalloc(1, sizeof(*fp));
	int error;
	u32 i;

	if (!fp)
		return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM,
				       "no memory for the fingerprint");
	error = machine_fingerprint(fp, report);
	if (!error) {
		for (i = 0; i < fp->count; i++)
			record->fp[i] = img_fp_encode(&fp->item[i]);
		record->nr_fp = fp->count;
	}
	held_kvfree(fp);
	return error;
}

static int record_collect(struct record *record, const struct record_places *places,
			  struct report *report)
{
	struct machine_cpu cpu;
	int error = machine_cpu(&cpu, report);

	if (error)
		return error;
	record->record = (struct img_record){
		.cr0 = cpu.cr0,
		.cr4 = cpu.cr4,
		.efer = cpu.efer,
		.paging_levels = cpu.paging_levels,
		.handoff_phys = places->handoff,
		.key_phys = places->key,
		.efi_runtime = (unsigned long)efi.runtime,
		.ram_bytes = machine_ram(),
	};
	return 0;
}

static int tables_allocate(struct record *record, struct report *report)
{
	record->record_disk = held_vzalloc(PAGE_SIZE);
	record->fp = held_vzalloc(PAGE_ALIGN(IMG_FP_MAX_ITEMS * sizeof(*record->fp)));
	record->rtmap = held_vzalloc(PAGE_ALIGN(RECORD_MAX_RTMAP * sizeof(*record->rtmap)));
	record->aux_disk = held_vzalloc(PAGE_ALIGN(RECORD_MAX_AUX * sizeof(*record->aux_disk)));
	if (record->record_disk && record->fp && record->rtmap && record->aux_disk)
		return 0;
	return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for section tables");
}

int record_prepare(struct record *record, const struct record_places *places, struct report *report)
{
	int error;

	memset(record, 0, sizeof(*record));
	error = tables_allocate(record, report);
	if (!error)
		error = record_collect(record, places, report);
	if (!error)
		error = fingerprint_collect(record, report);
	if (!error)
		error = rtmap_collect(record, report);
	if (!error)
		error = aux_collect(record, report);
	if (error)
		record_release(record);
	return error;
}

void record_release(struct record *record)
{
	while (record->nr_aux)
		memunmap(unheld((void *)record->aux[--record->nr_aux].data));
	held_vfree(record->aux_disk);
	held_vfree(record->rtmap);
	held_vfree(record->fp);
	held_vfree(record->record_disk);
	memset(record, 0, sizeof(*record));
}

void record_finish(struct record *record, const struct stream_arch *arch)
{
	record->record.jump_address = arch->jump_address;
	record->record.jump_address_phys = arch->jump_address_phys;
	record->record.cr3 = arch->cr3;
	record->record.arch_magic = arch->magic;
	memcpy(record->record.e820_digest, arch->e820_digest, sizeof(arch->e820_digest));
	*record->record_disk = img_record_encode(&record->record);
}

struct img_writer_sections record_sections(const struct record *record)
{
	return (struct img_writer_sections){
		.record = record->record_disk,
		.fp = record->fp,
		.rtmap = record->rtmap,
		.aux = record->aux_disk,
		.nr_fp = record->nr_fp,
		.nr_rtmap = record->nr_rtmap,
		.nr_aux = record->nr_aux,
	};
}
