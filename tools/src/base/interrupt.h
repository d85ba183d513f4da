/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between stopping something and starting it again the program must not end: signals that would
 * end it (of the terminal, of kill, of a reader that went away) are noted instead.  Programs that
 * are executed meanwhile get them as usual.
 */
#ifndef FASTBOOTCTL_INTERRUPT_H
#define FASTBOOTCTL_INTERRUPT_H

/* One that was ignored before stays so. */
void interrupt_hold(void);

/* The last signal that was noted since interrupt_hold(), or 0. */
int interrupt_noted(void);

/* For a child that is in the kernel: a caught signal would break off what that waits for. */
void interrupt_ignore(void);

/* As before interrupt_hold(). */
void interrupt_release(void);

#endif
