/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between stopping something and starting it again the program must not end: signals that would end
 * it (from the terminal, from kill, from a pipe without a reader) are noted instead.  Programs that
 * run in between get them as usual.
 */
#ifndef FASTBOOTCTL_INTERRUPT_H
#define FASTBOOTCTL_INTERRUPT_H

/* A signal that was ignored before is still ignored. */
void interrupt_hold(void);

/* The last signal that was noted since interrupt_hold(), or 0. */
int interrupt_noted(void);

/* For a child in a system call: a caught signal would interrupt what that call waits for. */
void interrupt_ignore(void);

/* Restores what was set before interrupt_hold(). */
void interrupt_release(void);

#endif
