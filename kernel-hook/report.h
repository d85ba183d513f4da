/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The obstacles of one attempt, as text for /sys/power/fastboot/last_refusal and the kernel log,
 * and the errno that the write returns.  One block for each obstacle:
 *
 *	code: sentence
 *	    detail
 *	    what to do: advice
 */
#ifndef HOOK_REPORT_H
#define HOOK_REPORT_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <imgfmt/imgfmt.h>

struct report {
	struct mutex lock; /* text and length, against a reader in sysfs */
	char text[PAGE_SIZE];
	size_t length;
	int error; /* of the first obstacle, 0: none */
};

void report_init(struct report *report);

/* Forgets the obstacles of the previous attempt. */
void report_reset(struct report *report);

/*
 * The parts of one block.  `error` is a negative errno from the kernel, or 0 for the reason's own;
 * report_open and report_obstacle return the errno in effect.
 */
int report_open(struct report *report, enum img_reason reason, int error);
__printf(2, 3) void report_detail(struct report *report, const char *format, ...);
void report_close(struct report *report, enum img_reason reason);

/* A block with one detail. */
__printf(4, 5) int report_obstacle(struct report *report, enum img_reason reason, int error,
				   const char *format, ...);

/* The first obstacle's errno; 0 if none. */
int report_error(const struct report *report);

/* Copies the text into a page of sysfs. */
ssize_t report_show(struct report *report, char *page);

/* The errno of a reason, used where no kernel call gave a better one. */
int report_errno(enum img_reason reason);

#endif
