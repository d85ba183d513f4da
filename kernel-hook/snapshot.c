// SPDX-License-Identifier: GPL-2.0-only
/*
 * The story of one snapshot, and of each restore of it:
 *
 *	gates		check every condition; refuse with all obstacles
 *	prepare		every byte of memory that will be needed
 *	freeze		all tasks but this one stop
 *	checkpoint	--- control returns here twice, as from fork ---
 *	  saved		write the image; golden: thaw, return; once: power off
 *	  restored	hours or power cycles later, through the loader: repair what
 *			a firmware start has broken, thaw, report, return
 *
 * Until the checkpoint nothing has been written; a failure later leaves the machine running and any
 * other image valid.  The unwinding mirrors the set-up.  A dry run takes the same path and turns
 * back earlier.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/io.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uuid.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "checkpoint.h"
#include "compat/hibernation_mode.h"
#include "disks.h"
#include "fault.h"
#include "gates.h"
#include "held.h"
#include "image.h"
#include "lockdown.h"
#include "mapper.h"
#include "pack.h"
#include "proofs.h"
#include "record.h"
#include "refusal.h"
#include "report.h"
#include "request.h"
#include "resume.h"
#include "seal.h"
#include "shared.h"
#include "snapshot.h"
#include "status.h"
#include "stream.h"
#include "survey.h"
#include "target.h"
#include "volume.h"
#include "watchdogs.h"

/* One attempt. */
struct snapshot {
	struct snapshot_request request;
	struct report *report;

	struct mapper mapper;
	struct target target;
	struct survey survey;
	struct proofs proofs;
	struct disks disks;
	struct record record;
	struct shared shared;
	struct pack pack;
	struct stream stream;
	struct resume resume;
	struct checkpoint checkpoint;
	struct seal seal;
	struct hibernation_mode hibernation_mode;

	struct image image;
	struct snapshot_figures figures;
};

/* A dry run that writes leaves an empty slot: never at the cost of the only image. */
static void test_slot_check(struct snapshot *snapshot)
{
	const struct target *target = &snapshot->target;

	if (snapshot->request.level == SNAPSHOT_TEST_WRITE && !target->has_other)
		report_obstacle(snapshot->report, IMG_E_TEST_SLOT, 0,
				"slot %c of %s, and no other holds a usable image",
				'A' + target->slot, target->name);
}

static void target_gates(struct snapshot *snapshot)
{
	struct target *target = &snapshot->target;
	struct report *report = snapshot->report;

	if (!fault_or(FAULT_TARGET_OPEN, report, target_open(target, &snapshot->mapper, report)) &&
	    !fault_or(FAULT_CHOOSE_SLOT, report, target_choose_slot(target, report)))
		test_slot_check(snapshot);
}

static void checkpoint_gate(struct snapshot *snapshot)
{
	const struct seal *seal = &snapshot->seal;
	struct report *report = snapshot->report;

	if (fault_at(FAULT_CHECKPOINT_OPEN, report))
		return;
	/* What is in the way then has been reported: images cannot be sealed. */
	if (report_error(report) && !seal->on && lockdown_forbids())
		return;
	(void)checkpoint_open(&snapshot->checkpoint, seal_passes_lockdown(seal), report);
}

static void proofs_gates(struct snapshot *snapshot)
{
	struct proofs *proofs = &snapshot->proofs;
	struct survey *survey = &snapshot->survey;

	if (!disks_prepare(&snapshot->disks, survey, proofs->buffer, snapshot->report))
		(void)proofs_rehearse(proofs, survey, &snapshot->target, snapshot->report);
}

static void snapshot_gates(struct snapshot *snapshot)
{
	const struct snapshot_request *request = &snapshot->request;
	struct target *target = &snapshot->target;
	struct report *report = snapshot->report;
	bool found;

	(void)mapper_read(&snapshot->mapper); /* gate_stacks has the error */
	found = !fault_or(FAULT_TARGET_FIND, report,
			  target_find(target, request->target, &snapshot->mapper, report));
	if (!fault_or(FAULT_SURVEY, report,
		      survey_prepare(&snapshot->survey, target, &snapshot->mapper, report)) &&
	    !fault_at(FAULT_GATES, report))
		gates_check(target, request->mode, &snapshot->survey, &snapshot->seal, report);
	if (found)
		target_gates(snapshot);
	checkpoint_gate(snapshot);
	if (!report_error(report) &&
	    !fault_or(FAULT_PROOFS, report, proofs_prepare(&snapshot->proofs, report)))
		proofs_gates(snapshot);
}

/* Reports an error; 0 is none. */
static int prepare_failed(struct snapshot *snapshot, const char *what, int error)
{
	if (!error)
		return 0;
	return report_obstacle(snapshot->report, IMG_E_CAPTURE, error, "%s: error %d", what, error);
}

/* The first shared page is for the stream's head, the others are the packer's. */
static int shared_prepare(struct snapshot *snapshot)
{
	return prepare_failed(snapshot, "memory shared with the caller",
			      shared_map(&snapshot->shared, 1 + pack_shared_pages()));
}

static int packer_prepare(struct snapshot *snapshot)
{
	return prepare_failed(snapshot, "compression buffers",
			      pack_prepare(&snapshot->pack, &snapshot->shared, 1,
					   stream_max_pages(), &snapshot->seal));
}

static int reader_prepare(struct snapshot *snapshot)
{
	return prepare_failed(snapshot, "page list",
			      stream_prepare(&snapshot->stream, &snapshot->checkpoint,
					     snapshot->shared.user, snapshot->shared.kernel));
}

static int mode_prepare(struct snapshot *snapshot)
{
	return prepare_failed(snapshot, "/sys/power/disk",
			      hibernation_mode_prepare(&snapshot->hibernation_mode));
}

static void memory_count(struct snapshot *snapshot)
{
	snapshot->figures.memory_bytes = PAGE_SIZE + pack_memory(&snapshot->pack) +
					 stream_memory(&snapshot->stream) +
					 seal_memory(&snapshot->seal);
}

static int snapshot_prepare(struct snapshot *snapshot)
{
	const struct record_places places = {
		.handoff = virt_to_phys(snapshot->request.handoff),
		.key = seal_key_phys(&snapshot->seal),
	};
	struct report *report = snapshot->report;
	int error = fault_or(FAULT_SHARED, report, shared_prepare(snapshot));

	if (!error)
		error = fault_or(FAULT_PACK, report, packer_prepare(snapshot));
	if (!error)
		error = fault_or(FAULT_STREAM, report, reader_prepare(snapshot));
	if (!error)
		error = fault_or(FAULT_RECORD, report,
				 record_prepare(&snapshot->record, &places, report));
	if (!error)
		error = fault_or(FAULT_RESUME, report, resume_prepare(&snapshot->resume, report));
	if (!error)
		error = fault_or(FAULT_HIBERNATION_MODE, report, mode_prepare(snapshot));
	memory_count(snapshot);
	return error;
}

static void snapshot_release(struct snapshot *snapshot)
{
	hibernation_mode_release(&snapshot->hibernation_mode);
	resume_release(&snapshot->resume);
	record_release(&snapshot->record);
	stream_release(&snapshot->stream);
	pack_release(&snapshot->pack);
	seal_release(&snapshot->seal);
	shared_unmap(&snapshot->shared);
	disks_release(&snapshot->disks);
	proofs_release(&snapshot->proofs);
	checkpoint_close(&snapshot->checkpoint);
	target_close(&snapshot->target);
	survey_release(&snapshot->survey);
	mapper_release(&snapshot->mapper);
}

/* Checks what holds only once the tasks are frozen. */
static int frozen_check(struct snapshot *snapshot)
{
	if (!fault_at(FAULT_FROZEN, snapshot->report))
		gates_check_frozen(snapshot->request.mode, &snapshot->survey, snapshot->report);
	if (!shared_intact(&snapshot->shared))
		report_obstacle(snapshot->report, IMG_E_CAPTURE, -EFAULT,
				"the caller's memory was remapped by another of its threads");
	if (snapshot->seal.on && !shared_exclusive())
		report_obstacle(snapshot->report, IMG_E_CAPTURE, -EBUSY,
				"the caller has other threads, or a driver uses its memory, and "
				"the image must be sealed; write from a process of its own");
	return report_error(snapshot->report);
}

/*
 * The kernel's clocks stop while the copy is made, and are then set forward by a clock that may
 * count in seconds; the processor's own continues.
 */
static u64 now_ns(void)
{
	if (!tsc_khz)
		return ktime_to_ns(ktime_get_boottime());
	return mul_u64_u64_div_u64(rdtsc(), NSEC_PER_MSEC, tsc_khz);
}

/* 0 if the processors' clocks disagree. */
static u64 since_ns(u64 start)
{
	u64 now = now_ns();

	return now > start ? now - start : 0;
}

static int snapshot_freeze(struct snapshot *snapshot)
{
	u64 start = now_ns();
	int error = fault_or(FAULT_FREEZE, snapshot->report,
			     checkpoint_freeze(&snapshot->checkpoint, snapshot->report));

	if (!error)
		error = frozen_check(snapshot);
	snapshot->figures.freeze_ns = since_ns(start);
	return error;
}

/*
 * One of the two writes of the mode, past lockdown if that forbids it.  The probe is gone before
 * memory is copied.
 */
static int mode_write(struct snapshot *snapshot, bool writes,
		      int (*write)(struct hibernation_mode *mode))
{
	int error = writes && seal_passes_lockdown(&snapshot->seal) ? lockdown_pass() : 0;

	if (!error)
		error = write(&snapshot->hibernation_mode);
	(void)lockdown_end();
	return error;
}

/* Copies memory, for which devices are put to sleep and woken. */
static enum checkpoint_outcome copy_take(struct snapshot *snapshot)
{
	struct hibernation_mode *mode = &snapshot->hibernation_mode;
	enum checkpoint_outcome outcome;
	int error = mode_write(snapshot, hibernation_mode_enters(mode), hibernation_mode_enter);

	if (error) {
		report_obstacle(snapshot->report, IMG_E_CAPTURE, error,
				"the hibernation mode cannot be set: error %d", error);
		return CHECKPOINT_FAILED;
	}
	outcome = checkpoint_take(&snapshot->checkpoint, snapshot->shared.user, snapshot->report);
	error = mode_write(snapshot, hibernation_mode_leaves(mode), hibernation_mode_leave);
	if (error)
		pr_warn("/sys/power/disk remains at \"suspend\": error %d\n", error);
	return outcome;
}

static enum checkpoint_outcome snapshot_take(struct snapshot *snapshot)
{
	struct img_handoff *handoff = snapshot->request.handoff;
	u64 start = now_ns();
	enum checkpoint_outcome outcome;

	if (fault_at(FAULT_CAPTURE, snapshot->report))
		return CHECKPOINT_FAILED;
	memset(handoff, 0, PAGE_SIZE);
	outcome = copy_take(snapshot);
	if (outcome == CHECKPOINT_RESTORED && !resume_happened(handoff)) {
		report_obstacle(snapshot->report, IMG_E_CAPTURE, -EAGAIN,
				"the kernel stopped early: a wakeup event, or pm_test is set");
		outcome = CHECKPOINT_FAILED;
	}
	if (outcome == CHECKPOINT_SAVED)
		snapshot->figures.create_ns = since_ns(start);
	return outcome;
}

static void report_written(const struct snapshot *snapshot, const char *what)
{
	const struct snapshot_figures *figures = &snapshot->figures;

	pr_info("%s generation %llu: %llu pages, %llu MiB stored in %llu ms, with %llu MiB of "
		"memory\n",
		what, snapshot->image.generation, figures->pages, figures->bytes >> 20,
		figures->write_ns / NSEC_PER_MSEC, figures->memory_bytes >> 20);
}

/*
 * The end of the kernel's own hibernation (kernel/power/hibernate.c, power_down).  A one-shot image
 * is on the disk, so no task may run again: its writes would be lost, and the file systems with
 * them.
 */
static void __noreturn power_off(void)
{
	kernel_power_off();
	kernel_halt();
	pr_emerg("the machine could not be powered off; power it off by hand\n");
	for (;;)
		cpu_relax();
}

static int saved_before_thaw(struct snapshot *snapshot)
{
	bool once = snapshot->request.mode == IMG_MODE_ONCE;
	u64 start = now_ns();
	int error;

	gates_check_copied(&snapshot->survey, snapshot->report);
	error = report_error(snapshot->report);
	if (!error)
		error = image_write(&snapshot->image);
	shared_wipe(&snapshot->shared);
	snapshot->figures.write_ns = since_ns(start);
	if (once && snapshot->image.uncertain) {
		pr_emerg("the disk may or may not hold the image: neither a flush nor its erasure "
			 "succeeded\n");
		power_off();
	}
	if (once && !error && snapshot->request.level == SNAPSHOT_IMAGE) {
		report_written(snapshot, "saved as a one-shot image, powering off:");
		power_off();
	}
	return error;
}

static void saved_after_thaw(struct snapshot *snapshot, struct snapshot_status *status)
{
	status->state = SNAPSHOT_DONE;
	status->generation = snapshot->image.generation;
	status->mode = snapshot->request.mode;
	status->restores = 0;
	status->attempts = 0;
	status->figures = snapshot->figures;
	status->publish(status);
	report_written(snapshot, "saved");
	pr_info("tasks stood still for %llu ms\n", snapshot->figures.pause_ns / NSEC_PER_MSEC);
}

/*
 * The loader has recorded on the disk that this image is consumed.  Whatever cache may still hold
 * that record, it must be durable before a task writes to a file system.
 */
static void consumption_flush(struct snapshot *snapshot)
{
	int error = volume_flush(&snapshot->target.volume);

	if (error)
		pr_warn("error %d: slot %c of %s is perhaps not marked as consumed yet; "
			"write invalidate %c to /sys/power/fastboot_snapshot\n",
			error, 'A' + snapshot->target.slot, snapshot->target.name,
			'a' + snapshot->target.slot);
}

/*
 * Returns only if all disks are where the kernel left them.  The attempt may still be in the cache
 * of an image's disk.
 */
static void disks_prove(struct snapshot *snapshot, u64 generation)
{
	const struct disks_mismatch mismatch = disks_recheck(&snapshot->disks);

	if (!mismatch.reason)
		return;
	if (!mismatch.disk->of_target)
		(void)volume_flush(&snapshot->target.volume);
	refusal_of_disk(&snapshot->target.area, generation, &mismatch);
}

static void restored_before_thaw(struct snapshot *snapshot, struct snapshot_status *status)
{
	resume_apply(&snapshot->resume, snapshot->request.handoff, &status->resume);
	disks_prove(snapshot, status->resume.handoff.generation);
	watchdogs_restart();
	if (snapshot->request.mode == IMG_MODE_ONCE)
		consumption_flush(snapshot);
}

static void restored_after_thaw(struct snapshot *snapshot, struct snapshot_status *status)
{
	const struct img_handoff *handoff = &status->resume.handoff;

	resume_thawed(&status->resume);
	status->state = SNAPSHOT_RESTORED;
	status->generation = handoff->generation;
	status->mode = snapshot->request.mode;
	status->restores = handoff->restores;
	status->attempts = handoff->attempts;
	pr_info("restored generation %llu, restore %llu, attempt %u\n", handoff->generation,
		handoff->restores, handoff->attempts);
	status->publish(status);
}

static int snapshot_checkpoint(struct snapshot *snapshot, struct snapshot_status *status)
{
	enum snapshot_level level = snapshot->request.level;
	enum checkpoint_outcome outcome = CHECKPOINT_FAILED;
	u64 start = now_ns();
	int error = snapshot_freeze(snapshot);

	if (!error && level > SNAPSHOT_TEST_FREEZE)
		outcome = snapshot_take(snapshot);
	if (outcome == CHECKPOINT_SAVED)
		error = saved_before_thaw(snapshot);
	else if (outcome == CHECKPOINT_RESTORED)
		restored_before_thaw(snapshot, status);
	else
		error = report_error(snapshot->report);

	checkpoint_thaw(&snapshot->checkpoint);
	snapshot->figures.pause_ns = since_ns(start);

	if (outcome == CHECKPOINT_RESTORED)
		restored_after_thaw(snapshot, status);
	else if (!error && level == SNAPSHOT_IMAGE)
		saved_after_thaw(snapshot, status);
	else
		status_erased(status, snapshot->image.erased);
	return error;
}

static void report_tested(const struct snapshot *snapshot)
{
	const struct snapshot_request *request = &snapshot->request;

	if (request->level != SNAPSHOT_IMAGE)
		pr_info("test:%s %s passed; nothing was kept\n", request_level_name(request->level),
			request_mode_name(request->mode));
}

/*
 * Above all images of the partition, above one of this boot that was erased, and above all that the
 * loader refuses as too old.
 */
static int generation_choose(struct snapshot *snapshot, u64 last)
{
	u64 highest = max3(snapshot->target.rank, last, seal_floor(&snapshot->seal));
	enum img_reason reason = img_rank_above(highest, &snapshot->image.generation, NULL);

	if (reason)
		report_obstacle(
			snapshot->report, reason, 0,
			"no number is above generation or rank %llu; erase the image that has "
			"it: fastbootctl invalidate --slot a|b",
			highest);
	return report_error(snapshot->report);
}

static int snapshot_climb(struct snapshot *snapshot, struct snapshot_status *status)
{
	int error;

	snapshot_gates(snapshot);
	error = generation_choose(snapshot, status->generation);
	if (error || snapshot->request.level == SNAPSHOT_TEST_GATES)
		return error;
	error = snapshot_prepare(snapshot);
	if (!error)
		error = snapshot_checkpoint(snapshot, status);
	return error;
}

/* Its generation is chosen once the target has been read. */
static void image_begin(struct snapshot *snapshot)
{
	snapshot->image = (struct image){
		.request = &snapshot->request,
		.stream = &snapshot->stream,
		.record = &snapshot->record,
		.proofs = &snapshot->proofs,
		.survey = &snapshot->survey,
		.pack = &snapshot->pack,
		.seal = &snapshot->seal,
		.target = &snapshot->target,
		.report = snapshot->report,
		.figures = &snapshot->figures,
	};
	generate_random_uuid(snapshot->image.uuid);
}

int snapshot_run(const struct snapshot_request *request, struct snapshot_status *status,
		 struct report *report)
{
	struct snapshot *snapshot = held_kvcalloc(1, sizeof(*snapshot));
	int error;

	if (!snapshot)
		return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for the attempt");
	snapshot->request = *request;
	snapshot->report = report;
	image_begin(snapshot);

	error = snapshot_climb(snapshot, status);
	snapshot_release(snapshot);
	if (!error)
		report_tested(snapshot);
	held_kvfree(snapshot);
	return error;
}
