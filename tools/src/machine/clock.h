/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock and the RTC, which keeps running while the machine is off. */
#ifndef FASTBOOTCTL_CLOCK_H
#define FASTBOOTCTL_CLOCK_H

/*
 * Warns if they differ by more than two seconds: an image keeps the difference, and has it again
 * after each restore, even if the RTC was set in the meantime.  Does nothing without an RTC.
 */
void clock_warn(void);

#endif
