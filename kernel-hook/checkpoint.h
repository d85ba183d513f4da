/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dialogue with /dev/snapshot (kernel/power/user.c), from open to close:
 *
 *	checkpoint_open		nobody else hibernates; drivers are warned
 *	checkpoint_freeze	all tasks but ours stop
 *	checkpoint_take		memory is copied; returns twice, like fork
 *	checkpoint_read		SAVED only: the copy, page by page
 *	checkpoint_thaw		drops the copy, lets the tasks continue
 *	checkpoint_close
 *
 * Between checkpoint_take and checkpoint_thaw allocations do no I/O (the kernel restricts the GFP
 * mask) and freezable kernel threads are frozen too.
 */
#ifndef HOOK_CHECKPOINT_H
#define HOOK_CHECKPOINT_H

#include <linux/fs.h>

#include "report.h"

struct checkpoint {
	struct file *device;
	bool frozen;
};

enum checkpoint_outcome {
	CHECKPOINT_FAILED,
	CHECKPOINT_SAVED,    /* the machine continues */
	CHECKPOINT_RESTORED, /* the loader has restored this memory */
};

/* pass: if lockdown forbids it, only to everybody else. */
int checkpoint_open(struct checkpoint *checkpoint, bool pass, struct report *report);
void checkpoint_close(struct checkpoint *checkpoint);

int checkpoint_freeze(struct checkpoint *checkpoint, struct report *report);
void checkpoint_thaw(struct checkpoint *checkpoint);

/*
 * Control reappears here after every restore, with memory as it was here.  RESTORED only means that
 * the kernel's restore path ran: see resume_happened.  scratch: an int in the caller's user memory,
 * where the kernel reports which of the two it is.
 */
enum checkpoint_outcome checkpoint_take(struct checkpoint *checkpoint, int __user *scratch,
					struct report *report);

/* The next page of the stream; 0 or a negative errno (-ENODATA: end of the stream). */
int checkpoint_read(struct checkpoint *checkpoint, void __user *page);

#endif
