/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A part of the work in a process of its own, while a line on the terminal shows progress. */
#ifndef FASTBOOTCTL_CHILD_H
#define FASTBOOTCTL_CHILD_H

/* Runs in the child; what it returns is the exit status. */
typedef int (*child_fn)(void *ctx);

/*
 * Waits for the child to end.  If standard error is a terminal, a line there shows `what` and the
 * seconds so far, and is erased afterwards.
 * 0 and a status as from waitpid, or the exit status after a report.
 */
int child_run(child_fn fn, void *ctx, const char *what, int *ret_wait_status);

#endif
