// SPDX-License-Identifier: GPL-2.0-only
/*
 * A golden image is restored any number of times, so whatever outlives a
 * restore must not be something the image believes to know: a disk's file
 * system mounted read-write, swapped-out pages.  Process context.
 */
#include <linux/blkdev.h>
#include <linux/ctype.h>
#include <linux/efi.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/string.h>
#include <linux/vmstat.h>

#include "compat/compat.h"
#include "gates.h"

#define FS_NAME_SIZE 32

/* The obstacles of one gate, opened with the first finding. */
struct findings {
	struct report *report;
	enum img_reason reason;
	unsigned int count;
};

__printf(2, 3) static void finding_add(struct findings *findings, const char *format, ...)
{
	struct va_format line = { .fmt = format };
	va_list args;

	if (!findings->count++)
		report_open(findings->report, findings->reason, 0);
	va_start(args, format);
	line.va = &args;
	report_detail(findings->report, "%pV", &line);
	va_end(args);
}

static void findings_close(struct findings *findings)
{
	if (findings->count)
		report_close(findings->report, findings->reason);
}

/* zram and brd keep their contents in memory, so they are part of the image. */
static bool device_name_is_memory(const char *name)
{
	size_t prefix = str_has_prefix(name, "zram");

	if (!prefix)
		prefix = str_has_prefix(name, "ram");
	return prefix && isdigit(name[prefix]);
}

struct fs_visit {
	struct findings *findings;
	const struct file_system_type *type;
	unsigned int seen;
};

static void superblock_visit(struct super_block *sb, void *context)
{
	struct fs_visit *visit = context;

	visit->seen++;
	if (!sb->s_bdev && !(visit->type->fs_flags & FS_REQUIRES_DEV))
		return;
	if (sb_rdonly(sb) || device_name_is_memory(sb->s_id))
		return;
	finding_add(visit->findings, "%s: %s is writable", sb->s_id, visit->type->name);
}

/*
 * The superblocks of a type, in all mount namespaces.  False if it has none
 * although it would live on a device: then they may hang elsewhere.
 */
static bool fs_type_visit(const char *name, struct findings *findings)
{
	struct fs_visit visit = { .findings = findings };
	struct file_system_type *type = get_fs_type(name);
	bool complete;

	if (!type)
		return true;
	visit.type = type;
	iterate_supers_type(type, superblock_visit, &visit);
	complete = visit.seen || !(type->fs_flags & FS_REQUIRES_DEV);
	module_put(type->owner);
	return complete;
}

/*
 * One line of mountinfo, "... - TYPE SOURCE OPTIONS" (Linux, filesystems/proc.rst
 * 3.5), for a file system type whose superblocks could not be visited.
 */
static void mount_visit(char *line, const char *wanted, struct findings *findings)
{
	char *rest = strstr(line, " - ");
	char *type, *source;

	if (!rest)
		return;
	rest += 3;
	type = strsep(&rest, " ");
	source = strsep(&rest, " ");
	if (!rest || strcmp(type, wanted))
		return;
	if (str_has_prefix(rest, "rw"))
		finding_add(findings, "%s: %s is writable", source, type);
}

static void mounts_visit(const char *wanted, struct findings *findings)
{
	char *text = procfs_text("/proc/1/mountinfo");
	char *rest, *line;

	if (IS_ERR(text)) {
		finding_add(findings, "/proc/1/mountinfo cannot be read: error %ld", PTR_ERR(text));
		return;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")))
		mount_visit(line, wanted, findings);
	kvfree(text);
}

static void gate_file_systems(struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_FS_WRITABLE };
	char *text = procfs_text("/proc/filesystems");
	char *rest, *line;

	if (IS_ERR(text)) {
		finding_add(&findings, "/proc/filesystems cannot be read: error %ld",
			    PTR_ERR(text));
		findings_close(&findings);
		return;
	}
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		char *name = strchr(line, '\t');

		if (name && !fs_type_visit(name + 1, &findings))
			mounts_visit(name + 1, &findings);
	}
	findings_close(&findings);
	kvfree(text);
}

/* One line of /proc/swaps: path, type, size, used, priority. */
static void swap_visit(const char *line, const struct target *target, struct findings *findings)
{
	unsigned long long size, used;
	char path[128], type[16];
	dev_t device;

	if (sscanf(line, "%127s %15s %llu %llu", path, type, &size, &used) != 4)
		return;
	if (target->name[0] && !lookup_bdev(path, &device) && device == target->device)
		finding_add(findings, "%s: the partition of the image is active as swap", path);
	else if (used && !device_name_is_memory(kbasename(path)))
		finding_add(findings, "%s: %llu KiB used", path, used);
}

static void gate_swap(const struct target *target, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_SWAP };
	char *text = procfs_text("/proc/swaps");
	char *rest, *line;

	if (IS_ERR(text)) {
		/* Without swap support there is no such file, and no swap. */
		if (IS_ENABLED(CONFIG_SWAP))
			finding_add(&findings, "/proc/swaps cannot be read: error %ld",
				    PTR_ERR(text));
		findings_close(&findings);
		return;
	}
	rest = text;
	strsep(&rest, "\n"); /* the heading */
	while ((line = strsep(&rest, "\n")))
		swap_visit(line, target, &findings);
	findings_close(&findings);
	kvfree(text);
}

static void gate_taint(struct report *report)
{
	static const struct {
		unsigned int flag;
		const char *meaning;
	} taints[] = {
		{ TAINT_DIE, "D: an oops or BUG" },
		{ TAINT_MACHINE_CHECK, "M: a machine check exception" },
		{ TAINT_BAD_PAGE, "B: a bad page" },
	};
	struct findings findings = { .report = report, .reason = IMG_E_GATE_TAINT };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(taints); i++) {
		if (test_taint(taints[i].flag))
			finding_add(&findings, "%s", taints[i].meaning);
	}
	findings_close(&findings);
}

static void gate_efi(struct report *report)
{
	if (!efi_enabled(EFI_BOOT))
		report_obstacle(report, IMG_E_GATE_EFI, 0, "it was started by a BIOS");
	else if (!efi_enabled(EFI_RUNTIME_SERVICES) || !efi_enabled(EFI_MEMMAP))
		report_obstacle(
			report, IMG_E_GATE_EFI, 0,
			"its EFI runtime services are off: look for noefi and efi=noruntime "
			"on the command line");
}

/*
 * The least that the kernel will save: what is used, without what it can drop.
 * Kernel text and tables lie outside of totalram; they don't matter at this
 * precision.
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
 * LZ4 rarely does better than half on what remains once caches are dropped, so
 * an image whose half is larger than the slot is not worth the freeze.  What
 * passes here and is too large still ends in slot-full, as cleanly but later.
 */
static void gate_size(const struct target *target, struct report *report)
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

void gates_check(const struct target *target, struct report *report)
{
	gate_efi(report);
	gate_taint(report);
	gate_file_systems(report);
	gate_swap(target, report);
	gate_size(target, report);
}

void gates_check_frozen(struct report *report)
{
	gate_file_systems(report);
}
