// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process context.
 */
#include <linux/efi.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/version.h>
#include <linux/vmstat.h>

#include "compat/known_bad.h"
#include "findings.h"
#include "gates_machine.h"

void gate_taint(struct report *report)
{
	static const struct {
		unsigned int flag;
		const char *meaning;
	} taints[] = {
		{ TAINT_DIE, "D: an oops or BUG" },
		{ TAINT_MACHINE_CHECK, "M: a machine check exception" },
		{ TAINT_BAD_PAGE, "B: a bad page" },
		{ TAINT_WARN, "W: a kernel warning" },
		{ TAINT_SOFTLOCKUP, "L: a soft lockup" },
	};
	struct findings findings = { .report = report, .reason = IMG_E_GATE_TAINT };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(taints); i++) {
		if (test_taint(taints[i].flag))
			finding_add(&findings, "%s", taints[i].meaning);
	}
	findings_close(&findings);
}

/* Real-time kernels leave runtime services off by default (CONFIG_EFI_DISABLE_RUNTIME). */
void gate_efi(struct report *report)
{
	if (!efi_enabled(EFI_BOOT))
		report_obstacle(report, IMG_E_GATE_EFI, 0, "the machine was booted by a BIOS");
	else if (!efi_enabled(EFI_RUNTIME_SERVICES) || !efi_enabled(EFI_MEMMAP))
		report_obstacle(
			report, IMG_E_GATE_EFI_RUNTIME, 0, "%s",
			IS_ENABLED(CONFIG_EFI_DISABLE_RUNTIME)
				? "this kernel uses them only with efi=runtime on its command line"
				: "look for noefi and efi=noruntime on the command line");
}

void gate_known_bad(struct report *report)
{
	const struct known_bad *bad = known_bad_find(LINUX_VERSION_CODE);

	if (bad)
		report_obstacle(report, IMG_E_GATE_KERNEL, 0, "%u.%u.%u: %s; use %s or newer",
				LINUX_VERSION_MAJOR, LINUX_VERSION_PATCHLEVEL,
				LINUX_VERSION_SUBLEVEL, bad->what, bad->use);
}

/*
 * The least that the kernel will save: used memory without what it can drop.  Kernel text and
 * tables are not part of totalram; they do not matter at this precision.
 */
static u64 least_image_pages(void)
{
	u64 used = totalram_pages() - global_zone_page_state(NR_FREE_PAGES);
	u64 droppable = global_node_page_state(NR_ACTIVE_FILE) +
			global_node_page_state(NR_INACTIVE_FILE) +
			global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B);

	return used > droppable ? used - droppable : 0;
}

static u64 pages_to_mib(u64 pages)
{
	return pages >> (20 - PAGE_SHIFT);
}

/* Bytes; 0 if no target was found. */
static u64 largest_slot(const struct target *target)
{
	u64 size = 0;
	u32 i;

	for (i = 0; i < target->area.nr_slots; i++)
		size = max(size, target->area.slot[i].size);
	return size;
}

/*
 * LZ4 rarely does better than half on what remains once caches are dropped, so if half the image is
 * larger than the slot, a freeze is not worthwhile.  An image that passes here and is too large
 * still ends in slot-full, as cleanly but later.
 */
void gate_size(const struct target *target, struct report *report)
{
	u64 pages = least_image_pages();
	u64 slot = largest_slot(target) >> PAGE_SHIFT;

	if (pages > totalram_pages() / 2)
		report_obstacle(report, IMG_E_GATE_HALF_RAM, 0,
				"%llu MiB in use that cannot be dropped, of %llu MiB",
				pages_to_mib(pages), pages_to_mib(totalram_pages()));
	if (slot && pages / 2 > slot)
		report_obstacle(report, IMG_E_GATE_TOO_LARGE, 0,
				"%llu MiB in use that cannot be dropped, about %llu MiB once "
				"compressed; the slot holds %llu MiB",
				pages_to_mib(pages), pages_to_mib(pages / 2), pages_to_mib(slot));
}
