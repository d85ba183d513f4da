/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hardware watchdogs.  The firmware's start has stopped them, few drivers can resume them, and the
 * kernel's record of their state is from before the start.
 */
#ifndef HOOK_WATCHDOGS_H
#define HOOK_WATCHDOGS_H

/*
 * After a restore, before a task runs: restarts each that should run, with its timeout.  Failures
 * are in the kernel log.
 */
void watchdogs_restart(void);

#endif
