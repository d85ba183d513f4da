/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a restored machine needs before its tasks continue: see the steps of resume_apply.
 */
#ifndef HOOK_RESUME_H
#define HOOK_RESUME_H

#include <linux/fs.h>
#include <linux/time64.h>
#include <imgfmt/imgfmt.h>

#include "report.h"

/* The figures of the last restore that sysfs shows. */
struct resume_figures {
	struct img_handoff handoff; /* without its seed and its key */
	u64 kernel_us;		    /* from the loader's jump to resume_apply */
	u64 thawed_us;		    /* from the loader's jump to tasks thawed */
	s64 rtc_behind; /* seconds that the RTC is behind the image's capture; 0: not behind */
};

/* Saved in the image. */
struct resume {
	struct file *urandom;
	u64 s_cet;
	bool has_s_cet;
	time64_t rtc; /* at the capture; 0: no RTC */
};

int resume_prepare(struct resume *resume, struct report *report);
void resume_release(struct resume *resume);

/* True if the loader has restored this memory; the kernel's word alone is not enough. */
bool resume_happened(const struct img_handoff *handoff);

/* Before the thaw.  Wipes the handoff page for the next restore. */
void resume_apply(struct resume *resume, struct img_handoff *handoff,
		  struct resume_figures *ret_figures);

/* After the thaw. */
void resume_thawed(struct resume_figures *figures);

/* A stamp in microseconds since the loader's entry; 0 if the stage did not happen. */
u64 resume_stamp_us(const struct img_handoff *handoff, enum img_stamp stamp);

/* Ticks of the loader's clock in microseconds; 0 if its frequency is unknown. */
u64 resume_ticks_us(const struct img_handoff *handoff, u64 ticks);

#endif
