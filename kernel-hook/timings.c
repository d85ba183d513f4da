// SPDX-License-Identifier: GPL-2.0-only
/*
 * One KEY=VALUE per line; the keys are in docs/abi.  Any context.
 */
#include <linux/kernel.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "resume.h"
#include "status.h"
#include "timings.h"

static int saved_timings(const struct snapshot_figures *figures, char *page, int at)
{
	u64 pages_bytes = figures->pages * IMG_PAGE_SIZE;

	at += sysfs_emit_at(page, at, "freeze_ms=%llu\n", figures->freeze_ns / NSEC_PER_MSEC);
	at += sysfs_emit_at(page, at, "create_ms=%llu\n", figures->create_ns / NSEC_PER_MSEC);
	at += sysfs_emit_at(page, at, "write_ms=%llu\n", figures->write_ns / NSEC_PER_MSEC);
	at += sysfs_emit_at(page, at, "pause_ms=%llu\n", figures->pause_ns / NSEC_PER_MSEC);
	at += sysfs_emit_at(page, at, "encode_ms=%llu\n", figures->encode_ns / NSEC_PER_MSEC);
	at += sysfs_emit_at(page, at, "disk_ms=%llu\n", figures->disk_ns / NSEC_PER_MSEC);
	at += sysfs_emit_at(page, at, "memory=%llu\n", figures->memory_bytes);
	at += sysfs_emit_at(page, at, "pages=%llu\n", figures->pages);
	at += sysfs_emit_at(page, at, "stored_pages=%llu\n", figures->stored_pages);
	at += sysfs_emit_at(page, at, "bytes=%llu\n", figures->bytes);
	at += sysfs_emit_at(page, at, "ratio_percent=%llu\n",
			    pages_bytes ? figures->bytes * 100 / pages_bytes : 0);
	return at;
}

static int work_timings(const struct img_handoff *handoff, const char *what,
			const struct img_work *work, char *page, int at)
{
	const struct {
		const char *step;
		u64 ticks;
	} steps[] = {
		{ "read", work->read },
		{ "verify", work->verify },
		{ "decode", work->decode },
		{ "place", work->place },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		at += sysfs_emit_at(page, at, "%s_%s_us=%llu\n", what, steps[i].step,
				    resume_ticks_us(handoff, steps[i].ticks));
	return sysfs_emit_at(page, at, "%s_bytes_decoded=%llu\n", what, work->bytes_decoded) + at;
}

static int probe_timings(const struct img_handoff *handoff, char *page, int at)
{
	if (!handoff->probe_elapsed)
		return at;
	at = work_timings(handoff, "probe", &handoff->probe, page, at);
	return at + sysfs_emit_at(page, at, "probe_us=%llu\n",
				  resume_ticks_us(handoff, handoff->probe_elapsed));
}

static int restored_timings(const struct resume_figures *figures, char *page, int at)
{
#define STAMP_KEY(sym, number, key, stage, when) { IMG_STAMP_##sym, key },
	static const struct {
		enum img_stamp stamp;
		const char *key;
	} stamps[] = { IMG_STAMPS(STAMP_KEY) };
	const struct img_handoff *handoff = &figures->handoff;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stamps); i++) {
		if (stamps[i].key[0])
			at += sysfs_emit_at(page, at, "loader_%s_us=%llu\n", stamps[i].key,
					    resume_stamp_us(handoff, stamps[i].stamp));
	}
	at += sysfs_emit_at(page, at, "kernel_us=%llu\n", figures->kernel_us);
	at += sysfs_emit_at(page, at, "thawed_us=%llu\n", figures->thawed_us);
	at += sysfs_emit_at(page, at, "loader_workers=%u\n", handoff->workers);
	at += sysfs_emit_at(page, at, "bytes_read=%llu\n", handoff->bytes_read);
	at += sysfs_emit_at(page, at, "pages_direct=%llu\n", handoff->pages_direct);
	at += sysfs_emit_at(page, at, "pages_staged=%llu\n", handoff->pages_staged);
	at = work_timings(handoff, "work", &handoff->work, page, at);
	at = probe_timings(handoff, page, at);
	at += sysfs_emit_at(page, at, "svam_status=%llx\n", handoff->svam_status);
	at += sysfs_emit_at(page, at, "rtc_behind_s=%lld\n", figures->rtc_behind);
	return at;
}

ssize_t timings_emit(const struct snapshot_status *status, char *page)
{
	switch (status->state) {
	case SNAPSHOT_DONE:
		return saved_timings(&status->figures, page, 0);
	case SNAPSHOT_RESTORED:
		return restored_timings(&status->resume, page, 0);
	default:
		return 0;
	}
}
