// SPDX-License-Identifier: GPL-2.0-only
/*
 * Erases the header and the state of each slot.  Process context, tasks run.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/printk.h>

#include "fault.h"
#include "held.h"
#include "invalidate.h"
#include "mapper.h"
#include "slot.h"
#include "target.h"

static int slot_forget(const struct target *target, unsigned int slot,
		       struct snapshot_status *status, struct report *report)
{
	u64 generation = slot_generation(target, slot);
	int error = slot_erase(target, slot);

	if (error)
		return report_obstacle(report, IMG_E_DISK_WRITE, error,
				       "erasure of slot %c: error %d", 'A' + slot, error);
	status_erased(status, generation);
	pr_info("slot %c of %s is empty now\n", 'A' + slot, target->name);
	return 0;
}

static int slots_forget(const struct target *target, int wanted, struct snapshot_status *status,
			struct report *report)
{
	unsigned int first = wanted < 0 ? 0 : wanted;
	unsigned int last = wanted < 0 ? target->area.nr_slots - 1 : wanted;
	unsigned int slot;

	if (last >= target->area.nr_slots)
		return report_obstacle(report, IMG_E_MODE_UNKNOWN, 0,
				       "the area on %s has no slot %c", target->name, 'A' + last);
	/* All of them, even if one fails. */
	for (slot = first; slot <= last; slot++)
		(void)fault_or(FAULT_ERASE, report, slot_forget(target, slot, status, report));
	return report_error(report);
}

/* Volumes can be moved while they are open, and here tasks run: what is left are milliseconds. */
static int tables_recheck(const struct target *target, const struct mapper *mapper,
			  struct report *report)
{
	if (!target->area.nr_map || !mapper_check(mapper))
		return 0;
	return report_obstacle(report, IMG_E_GATE_AREA_MOVED, -EAGAIN,
			       "%s: device mapper's tables have changed meanwhile", target->name);
}

int invalidate_run(const char *wanted, int slot, struct snapshot_status *status,
		   struct report *report)
{
	struct target *target = held_kcalloc(1, sizeof(*target));
	struct mapper mapper;
	int error;

	if (!target)
		return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for the area");
	(void)mapper_read(&mapper); /* target_find reports its error */
	error = fault_or(FAULT_TARGET_FIND, report, target_find(target, wanted, &mapper, report));
	if (!error)
		error = fault_or(FAULT_TARGET_OPEN, report, target_open(target, &mapper, report));
	if (!error)
		error = tables_recheck(target, &mapper, report);
	if (!error)
		error = slots_forget(target, slot, status, report);
	target_close(target);
	mapper_release(&mapper);
	held_kfree(target);
	return error;
}
