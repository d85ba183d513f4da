// SPDX-License-Identifier: GPL-2.0-only
/*
 * The story of one snapshot, and of each restore of it:
 *
 *	gates		look at everything that must hold; refuse with all obstacles
 *	prepare		every byte of memory that will be needed
 *	freeze		all tasks but this one stand still
 *	checkpoint	--- control comes back here twice, as from fork ---
 *	  saved		write the image, thaw, return
 *	  restored	hours or machines-off later, by way of the loader: mend what
 *			a firmware start has broken, thaw, tell, return
 *
 * Until the checkpoint nothing has been written; a failure later leaves the
 * machine running and any other image valid.  The unwinding mirrors the set-up.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uuid.h>

#include "gates.h"
#include "snapshot.h"
#include "sysfs.h"

static int snapshot_gates(struct snapshot *snapshot, const char *partuuid)
{
	struct report *report = snapshot->report;
	bool found = !target_find(&snapshot->target, partuuid, report);

	gates_check(&snapshot->target, report);
	if (found && !target_open(&snapshot->target, report))
		(void)target_choose_slot(&snapshot->target, report);
	(void)checkpoint_open(&snapshot->checkpoint, report);
	return report_error(report);
}

static int no_memory(struct snapshot *snapshot, const char *what, int error)
{
	return report_obstacle(snapshot->report, IMG_E_CAPTURE, error, "%s: error %d", what, error);
}

/* The first shared page is for the stream's head, the others are the packer's. */
static int buffers_prepare(struct snapshot *snapshot)
{
	struct shared *shared = &snapshot->shared;
	int error;

	error = shared_map(shared, 1 + pack_shared_pages());
	if (error)
		return no_memory(snapshot, "memory shared with the caller", error);
	error = pack_prepare(&snapshot->pack, shared, 1, stream_max_pages());
	if (error)
		return no_memory(snapshot, "compression buffers", error);
	error = stream_prepare(&snapshot->stream, &snapshot->checkpoint, shared->user,
			       shared->kernel);
	if (error)
		return no_memory(snapshot, "page list", error);
	return 0;
}

static int snapshot_prepare(struct snapshot *snapshot)
{
	int error = buffers_prepare(snapshot);

	if (!error)
		error = record_prepare(&snapshot->record, virt_to_phys(snapshot->handoff),
				       snapshot->report);
	if (!error)
		error = resume_prepare(&snapshot->resume, snapshot->report);
	return error;
}

static void snapshot_release(struct snapshot *snapshot)
{
	resume_release(&snapshot->resume);
	record_release(&snapshot->record);
	stream_release(&snapshot->stream);
	pack_release(&snapshot->pack);
	shared_unmap(&snapshot->shared);
	checkpoint_close(&snapshot->checkpoint);
	target_close(&snapshot->target);
}

/* What only holds for sure once the tasks stand still. */
static int frozen_check(struct snapshot *snapshot)
{
	gates_check_frozen(snapshot->report);
	if (!shared_intact(&snapshot->shared))
		report_obstacle(snapshot->report, IMG_E_CAPTURE, -EFAULT,
				"the caller's memory was remapped by another of its threads");
	return report_error(snapshot->report);
}

static u64 now_ns(void)
{
	return ktime_to_ns(ktime_get_boottime());
}

static int snapshot_freeze(struct snapshot *snapshot)
{
	u64 start = now_ns();
	int error = checkpoint_freeze(&snapshot->checkpoint, snapshot->report);

	if (!error)
		error = frozen_check(snapshot);
	snapshot->figures.freeze_ns = now_ns() - start;
	return error;
}

static enum checkpoint_outcome snapshot_take(struct snapshot *snapshot)
{
	int __user *scratch = snapshot->shared.user;
	u64 start = now_ns();
	enum checkpoint_outcome outcome;

	memset(snapshot->handoff, 0, PAGE_SIZE);
	outcome = checkpoint_take(&snapshot->checkpoint, scratch, snapshot->report);
	if (outcome == CHECKPOINT_RESTORED && !resume_happened(snapshot->handoff)) {
		report_obstacle(snapshot->report, IMG_E_CAPTURE, -EAGAIN,
				"the kernel broke off: a wakeup event, or pm_test is set");
		outcome = CHECKPOINT_FAILED;
	}
	if (outcome == CHECKPOINT_SAVED)
		snapshot->figures.create_ns = now_ns() - start;
	return outcome;
}

static int saved_before_thaw(struct snapshot *snapshot)
{
	u64 start = now_ns();
	int error = image_write(snapshot);

	snapshot->figures.write_ns = now_ns() - start;
	return error;
}

static void saved_after_thaw(struct snapshot *snapshot, struct snapshot_status *status)
{
	const struct snapshot_figures *figures = &snapshot->figures;

	status->state = SNAPSHOT_DONE;
	status->generation = snapshot->generation;
	status->restores = 0;
	status->figures = *figures;
	sysfs_publish(status);
	pr_info("saved generation %llu: %llu pages, %llu MiB stored in %llu ms\n",
		snapshot->generation, figures->pages, figures->bytes >> 20,
		figures->write_ns / NSEC_PER_MSEC);
}

static void restored_after_thaw(struct snapshot *snapshot, struct snapshot_status *status)
{
	const struct img_handoff *handoff = &status->resume.handoff;
	int error = -ESTALE;

	resume_thawed(&status->resume);
	status->state = SNAPSHOT_RESTORED;
	status->generation = handoff->generation;
	status->restores = handoff->restores;
	pr_info("restored generation %llu, restore %llu\n", handoff->generation, handoff->restores);
	sysfs_publish(status);
	if (handoff->slot == snapshot->target.slot)
		error = image_count_restore(snapshot, handoff->restores);
	if (error)
		pr_warn("the restore could not be counted on /dev/%s: error %d\n",
			snapshot->target.name, error);
}

/* A failed write into the only slot has cost the image that was there. */
static void failed(const struct snapshot *snapshot, struct snapshot_status *status,
		   enum checkpoint_outcome outcome)
{
	if (outcome != CHECKPOINT_SAVED || snapshot->target.area.nr_slots > 1)
		return;
	status->state = SNAPSHOT_IDLE;
	sysfs_publish(status);
}

static int snapshot_checkpoint(struct snapshot *snapshot, struct snapshot_status *status)
{
	enum checkpoint_outcome outcome = CHECKPOINT_FAILED;
	int error = snapshot_freeze(snapshot);

	if (!error)
		outcome = snapshot_take(snapshot);
	if (outcome == CHECKPOINT_SAVED)
		error = saved_before_thaw(snapshot);
	else if (outcome == CHECKPOINT_RESTORED)
		resume_apply(&snapshot->resume, snapshot->handoff, &status->resume);
	else
		error = report_error(snapshot->report);

	checkpoint_thaw(&snapshot->checkpoint);

	if (error)
		failed(snapshot, status, outcome);
	else if (outcome == CHECKPOINT_SAVED)
		saved_after_thaw(snapshot, status);
	else
		restored_after_thaw(snapshot, status);
	return error;
}

int snapshot_golden(const char *description, const char *partuuid, struct img_handoff *handoff,
		    struct snapshot_status *status, struct report *report)
{
	struct snapshot *snapshot = kvzalloc(sizeof(*snapshot), GFP_KERNEL);
	int error;

	if (!snapshot)
		return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory to begin with");
	snapshot->description = description;
	snapshot->handoff = handoff;
	snapshot->report = report;
	generate_random_uuid(snapshot->image_uuid);

	error = snapshot_gates(snapshot, partuuid);
	snapshot->generation = max(snapshot->target.newest, status->generation) + 1;
	if (!error)
		error = snapshot_prepare(snapshot);
	if (!error)
		error = snapshot_checkpoint(snapshot, status);
	snapshot_release(snapshot);
	kvfree(snapshot);
	return error;
}
