// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way into the saved kernel.
 *
 * entry_prepare() takes from the pool and fills in everything that the jump needs,
 * so that nothing can fail later for lack of memory:
 *
 *   param page, code page, page tables    below 4 GiB (32-bit code uses them)
 *   virtual map                           the saved kernel's, for the runtime services
 *   memory map buffer                     for ExitBootServices
 *
 * entry_enter() contains the point of no return.
 */
#include "enter.h"

#include "claim.h"
#include "keypage.h"
#include "loader.h"
#include "place.h"
#include "report.h"
#include "seal.h"
#include "seed.h"
#include "restore/restore.h"

#define PTE_PRESENT_WRITE 0x3ull
#define PTE_LARGE	  0x80ull
#define LARGE_PAGE	  (2 * MIB)
#define TABLE_ENTRIES	  512u
#define GIB		  (1ull << 30)

#define CR4_PAE	       (1ull << 5)
#define CR4_OSFXSR     (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_LA57       (1ull << 12)

#define COM1 0x3f8

#define EXIT_TRIES 8

/* Descriptors that may be added by splits before the exit. */
#define MAP_SLACK 128

static uint64_t read_cr4(void)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	return cr4;
}

/* Page tables from one contiguous block that is zero at first. */
struct tables {
	uint64_t *next;
	uint64_t *end;
	uint64_t *pml4;
};

static uint64_t *new_table(struct tables *t)
{
	uint64_t *table = t->next;

	if (table == t->end)
		return NULL;
	t->next += TABLE_ENTRIES;
	return table;
}

static uint64_t *descend(struct tables *t, uint64_t *table, uint64_t index)
{
	if (!table)
		return NULL;
	if (!table[index]) {
		uint64_t *below = new_table(t);

		if (!below)
			return NULL;
		table[index] = (uint64_t)below | PTE_PRESENT_WRITE;
	}
	return (uint64_t *)(table[index] & ~(uint64_t)(IMG_PAGE_SIZE - 1));
}

static bool map_large(struct tables *t, uint64_t virt, uint64_t phys)
{
	uint64_t *directory_pointers = descend(t, t->pml4, virt >> 39 & 511);
	uint64_t *directory = descend(t, directory_pointers, virt >> 30 & 511);

	if (!directory)
		return false;
	directory[virt >> 21 & 511] = phys | PTE_PRESENT_WRITE | PTE_LARGE;
	return true;
}

/* The end of memory; firmware may report reserved and MMIO ranges far above it, which are unused.
 */
static uint64_t ram_end(const struct memmap *map)
{
	uint64_t end = 4 * GIB, i;

	for (i = 0; i < map->nr; i++) {
		const struct img_memrange *r = &map->range[i];
		uint64_t top = r->phys + r->pages * IMG_PAGE_SIZE;

		if (r->type >= IMG_EFI_LOADER_CODE && r->type <= IMG_EFI_CONVENTIONAL && top > end)
			end = top;
	}
	return end;
}

/*
 * restore_registers runs at its virtual address until it has loaded the saved
 * CR3, so these tables map that address as the saved kernel does.
 */
static bool map_all(struct tables *t, const struct img_record *record, uint64_t end)
{
	uint64_t at;

	for (at = 0; at < end; at += LARGE_PAGE) {
		if (!map_large(t, at, at))
			return false;
	}
	return map_large(t, record->jump_address & ~(LARGE_PAGE - 1),
			 record->jump_address_phys & ~(LARGE_PAGE - 1));
}

/* One PML4 under both ends of a PML5 serves 5-level paging. */
static enum img_reason build_tables(struct loader *l, uint64_t *ret_cr3)
{
	const struct img_record *record = &l->meta.record;
	uint64_t end = ram_end(&l->map), count = 6 + end / GIB + 1 + end / (512 * GIB) + 1;
	uint64_t *block = claim_pool(&l->claim, count * IMG_PAGE_SIZE, true), *top;
	struct tables t;

	if (!block)
		return IMG_E_NO_MEMORY;
	memset(block, 0, count * IMG_PAGE_SIZE);
	t = (struct tables){ block, block + count * TABLE_ENTRIES, NULL };
	t.pml4 = top = new_table(&t);
	if (record->paging_levels == 5) {
		top = new_table(&t);
		top[0] = (uint64_t)t.pml4 | PTE_PRESENT_WRITE;
		top[record->jump_address >> 48 & 511] = top[0];
	}
	if (!map_all(&t, record, end))
		return IMG_E_NO_MEMORY;
	*ret_cr3 = (uint64_t)top;
	return IMG_OK;
}

/* Intel SDM 3A, 3.4.5: flat segments, in the order of the TRAMP_ selectors. */
static const uint64_t flat_gdt[4] = {
	0, 0x00cf9a000000ffff, /* code, 32 bit */
	0x00af9a000000ffff,    /* code, 64 bit */
	0x00cf92000000ffff,    /* data */
};

static void fill_param(struct loader *l, struct tramp_param *p, uint64_t code)
{
	const struct img_record *record = &l->meta.record;
	uint64_t la57 = record->paging_levels == 5 ? CR4_LA57 : 0;
	uint64_t gdt = (uint64_t)p->gdt;
	uint16_t limit = sizeof(p->gdt) - 1;

	p->jump = record->jump_address;
	p->golden_cr3 = record->cr3;
	p->switch_la57 = (read_cr4() & CR4_LA57) != la57;
	p->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | la57;
	p->stamp = record->handoff_phys + offsetof(struct img_handoff, stamp) +
		   IMG_STAMP_JUMP * sizeof(uint64_t);
	p->far32_offset = (uint32_t)code + trampoline_layout.code32;
	p->far32_selector = TRAMP_CS32;
	p->far64_offset = (uint32_t)code + trampoline_layout.code64;
	p->far64_selector = TRAMP_CS64;
	p->serial = l->options.verbose ? COM1 : 0;
	memcpy(p->gdt, flat_gdt, sizeof(flat_gdt));
	memcpy(p->gdtr, &limit, sizeof(limit));
	memcpy(p->gdtr + sizeof(limit), &gdt, sizeof(gdt));
}

static enum img_reason build_trampoline(struct loader *l, struct entry *e)
{
	uint64_t size = trampoline_layout.size;

	e->param = claim_pool(&l->claim, IMG_PAGE_SIZE, true);
	e->trampoline = claim_pool(&l->claim, size, true);
	if (!e->param || !e->trampoline)
		return IMG_E_NO_MEMORY;
	memset(e->param, 0, IMG_PAGE_SIZE);
	memcpy(e->trampoline, trampoline, size);
	fill_param(l, e->param, (uint64_t)e->trampoline);
	return build_tables(l, &e->param->cr3);
}

/* The addresses at which the saved kernel calls the runtime services, for SetVirtualAddressMap().
 */
static enum img_reason build_virtual_map(struct loader *l, struct entry *e)
{
	uint64_t i, count = l->meta.nr_rtmap;

	e->virtual_map = claim_pool(&l->claim, (count + 1) * sizeof(*e->virtual_map), false);
	if (!e->virtual_map)
		return IMG_E_NO_MEMORY;
	for (i = 0; i < count; i++) {
		struct img_rtregion r = img_meta_rtregion(&l->meta, i);

		e->virtual_map[i] = (EFI_MEMORY_DESCRIPTOR){
			.Type = r.type,
			.PhysicalStart = r.phys,
			.VirtualStart = r.virt,
			.NumberOfPages = r.pages,
			.Attribute = r.attribute,
		};
	}
	e->nr_virtual = (uint32_t)count;
	return IMG_OK;
}

static enum img_reason reserve_map_buffer(struct loader *l, struct entry *e)
{
	UINTN size = 0, key, step = sizeof(EFI_MEMORY_DESCRIPTOR);
	UINT32 version;

	BS->GetMemoryMap(&size, NULL, &key, &step, &version);
	e->map_size = size + MAP_SLACK * step;
	e->map_buffer = claim_pool(&l->claim, e->map_size, false);
	return e->map_buffer ? IMG_OK : IMG_E_NO_MEMORY;
}

enum img_reason entry_prepare(struct loader *l, struct entry *ret_entry)
{
	enum img_reason reason;

	*ret_entry = (struct entry){ 0 };
	reason = build_trampoline(l, ret_entry);
	if (reason == IMG_OK)
		reason = build_virtual_map(l, ret_entry);
	if (reason == IMG_OK)
		reason = reserve_map_buffer(l, ret_entry);
	return reason;
}

/* Writes what the saved kernel finds in its handoff page. */
static struct img_handoff *write_handoff(struct loader *l)
{
	uint64_t pages;
	struct img_handoff *at =
		place_find(&l->staging, l->meta.record.handoff_phys / IMG_PAGE_SIZE, 1, &pages);

	l->handoff.magic = IMG_HANDOFF_MAGIC;
	l->handoff.version = IMG_HANDOFF_VERSION;
	l->handoff.slot = (uint32_t)l->slot_number;
	l->handoff.generation = l->slot.generation;
	l->handoff.restores = l->state.restores;
	l->handoff.attempts = l->state.attempts;
	seed_gather(&l->handoff, l->handoff.seed);
	seal_hand_over(l);
	memcpy(at, &l->handoff, sizeof(l->handoff));
	img_wipe(l->handoff.seed, sizeof(l->handoff.seed));
	img_wipe(&l->handoff.key, sizeof(l->handoff.key));
	return at;
}

static bool exit_boot_services(struct loader *l, const struct entry *e)
{
	UINTN size, key, step;
	UINT32 version;
	int try;

	for (try = 0; try < EXIT_TRIES; try++) {
		size = e->map_size;
		if (EFI_ERROR(BS->GetMemoryMap(&size, e->map_buffer, &key, &step, &version)))
			return false;
		if (!EFI_ERROR(BS->ExitBootServices(l->self, key)))
			return true;
	}
	return false;
}

/*
 * Interrupts are off, boot services are gone, all memory is still unchanged: only
 * the memory that entry_prepare() took, the loader's code and the stack may be
 * used.  There is no way back: the saved kernel reports any error.
 */
static void __attribute__((noreturn)) leave(const struct entry *e, struct img_handoff *handoff)
{
	void (*enter)(struct tramp_param *) __attribute__((sysv_abi)) =
		(void (*)(struct tramp_param *))e->trampoline;

	handoff->stamp[IMG_STAMP_EXIT] = tsc();
	if (e->nr_virtual)
		handoff->svam_status = RT->SetVirtualAddressMap(
			e->nr_virtual * sizeof(*e->virtual_map), sizeof(*e->virtual_map),
			EFI_MEMORY_DESCRIPTOR_VERSION, e->virtual_map);
	handoff->stamp[IMG_STAMP_RUNTIME] = tsc();
	enter(e->param);
	__builtin_unreachable();
}

enum img_reason entry_enter(struct loader *l, const struct entry *entry)
{
	struct img_handoff *handoff;

	entry->param->copy = (uint64_t)l->staging.copy;
	entry->param->copies = l->staging.count;
	report_restore(l);
	handoff = write_handoff(l);
	/* Staged, seed and key would stay in memory that is free in the saved kernel. */
	if ((uint64_t)handoff != l->meta.record.handoff_phys)
		entry->param->wipe = (uint64_t)handoff;
	if (!exit_boot_services(l, entry)) {
		img_wipe(handoff, sizeof(*handoff));
		keypage_conceal();
		return IMG_E_EXIT_BOOT;
	}
	/* ---- point of no return ---- */
	__asm__ volatile("cli");
	leave(entry, handoff);
}
