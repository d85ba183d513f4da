// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list is the kernel's own, /proc/swaps (Linux, mm/swapfile.c, swap_show).  Process context.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "backing.h"
#include "compat/compat.h"
#include "disk.h"
#include "findings.h"
#include "held.h"
#include "swaps.h"

/* One line of /proc/swaps: path, type, size, used, priority. */
struct swap {
	char path[128];
	char type[16];
	unsigned long long size, used;
};

static bool swap_parse(const char *line, struct swap *ret_swap)
{
	return sscanf(line, "%127s %15s %llu %llu", ret_swap->path, ret_swap->type, &ret_swap->size,
		      &ret_swap->used) == 4;
}

static bool swap_is(const struct swap *swap, dev_t wanted)
{
	dev_t device;

	return !lookup_bdev(swap->path, &device) && device == wanted;
}

char *swaps_text(void)
{
	char *text = procfs_text("/proc/swaps");

	return IS_ERR(text) ? NULL : text;
}

bool swaps_have(const char *text, dev_t device)
{
	const char *line;
	struct swap swap;

	for (line = strchr(text ?: "", '\n'); line; line = strchr(line, '\n')) {
		line++;
		if (swap_parse(line, &swap) && swap_is(&swap, device))
			return true;
	}
	return false;
}

/*
 * If a normal boot made it something else and used it, the first page that a restored kernel swaps
 * out would overwrite that.  A swap file's file system is checked like any other.
 */
static const char *swap_take(struct survey *survey, const struct swap *swap)
{
	dev_t device;

	if (strcmp(swap->type, "partition"))
		return NULL;
	if (lookup_bdev(swap->path, &device))
		return "its device is unknown";
	return survey_take_swap(survey, device);
}

static void swap_visit(const char *line, const struct target *target, struct survey *survey,
		       struct findings *findings)
{
	const char *why;
	struct swap swap;

	if (!swap_parse(line, &swap) || device_name_is_memory(kbasename(swap.path)))
		return;
	survey->disk_swap = true;
	if (target->name[0] && !target->file && swap_is(&swap, target->device)) {
		finding_add(findings, "%s: the partition of the image is active as swap",
			    swap.path);
		return;
	}
	if (swap.used)
		finding_add(findings, "%s: %llu KiB used", swap.path, swap.used);
	why = swap_take(survey, &swap);
	if (why)
		finding_add(findings, "%s: %s", swap.path, why);
}

void gate_swap(const struct target *target, struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_SWAP };
	char *text = procfs_text("/proc/swaps");
	char *rest, *line;

	if (IS_ERR(text)) {
		/* A kernel without swap support has neither the file nor swap. */
		if (IS_ENABLED(CONFIG_SWAP))
			finding_add(&findings, "/proc/swaps cannot be read: error %ld",
				    PTR_ERR(text));
		findings_close(&findings);
		return;
	}
	if (target->file && backing_is_swap(target->file))
		finding_add(&findings, "%s: the file of the image is active as swap", target->name);
	rest = text;
	strsep(&rest, "\n"); /* the heading */
	while ((line = strsep(&rest, "\n")))
		swap_visit(line, target, survey, &findings);
	findings_close(&findings);
	held_kvfree(text);
}

void gate_swap_overlap(const struct survey *survey, const struct target *target, void *block,
		       struct report *report)
{
	struct img_detail detail = { 0 };
	int error;

	/* Not through the volume: a swap header below dm-crypt is ciphertext there. */
	if (!survey->target)
		return;
	error = disk_read(survey->target, 0, block, IMG_BLOCK);
	if (error)
		report_obstacle(report, IMG_E_DISK_READ, error, "the first block of %s: error %d",
				target->name, error);
	else if (img_swap_check(block, &target->area, &detail))
		report_obstacle(report, IMG_E_GATE_SWAP_OVERLAP, 0,
				"%s: its swap area ends at byte %llu, the images begin at %llu",
				target->name, detail.today, detail.golden);
}

void swaps_note(struct survey *survey)
{
	survey->free_swap = get_nr_swap_pages();
}

void swaps_check_copied(const struct survey *survey, struct report *report)
{
	long out = survey->free_swap - get_nr_swap_pages();

	if (survey->disk_swap && out > 0)
		report_obstacle(report, IMG_E_GATE_SWAP, 0,
				"%ld KiB were swapped out to make room for the copy of memory",
				out << (PAGE_SHIFT - 10));
}
