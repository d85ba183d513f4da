/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lockdown forbids hibernation to everybody, because an image on a disk can be changed.  A sealed
 * one cannot: so for the moment in which this module opens /dev/snapshot, or writes the hibernation
 * mode, and for its own task alone, security_locked_down() answers LOCKDOWN_HIBERNATION with 0.
 * Nothing else is opened: all other tasks and questions get lockdown's answer, and
 * hibernation_available() asks its other questions (nohibernate, secret memory, CXL).
 *
 * It fails closed: where kprobes or ftrace are off, or the probe misses the call, lockdown holds.
 * No image has the probe: it is gone before memory is copied.
 */
#ifndef HOOK_LOCKDOWN_H
#define HOOK_LOCKDOWN_H

#include <linux/types.h>

/* What to say where lockdown forbids hibernation, and no key of Secure Boot's can pass it. */
#define LOCKDOWN_ALONE                                                                             \
	"the kernel is locked down although Secure Boot is off: remove lockdown= from the "        \
	"kernel's command line, or turn Secure Boot on"

/* Does lockdown forbid hibernation?  The kernel logs that somebody has asked. */
bool lockdown_forbids(void);

/*
 * From here to lockdown_end it does not forbid it to the calling task.  0, also without lockdown;
 * or a negative errno.  Only for a system whose images are sealed, under Secure Boot.  May sleep.
 */
int lockdown_pass(void);

/* False: the probe has missed calls, so that lockdown may have given its own answer. */
bool lockdown_end(void);

#endif
