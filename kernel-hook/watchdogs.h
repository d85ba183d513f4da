/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hardware watchdogs.  The firmware's start has stopped them, few drivers have a way back from
 * sleep, and what the kernel says of them is what it said before.
 */
#ifndef HOOK_WATCHDOGS_H
#define HOOK_WATCHDOGS_H

/*
 * After a restore, before a task runs: starts each that is to run anew, with its timeout.  What
 * cannot be started is in the kernel log.
 */
void watchdogs_restart(void);

#endif
