/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock and the RTC, which goes on while the machine is off. */
#ifndef FASTBOOTCTL_CLOCK_H
#define FASTBOOTCTL_CLOCK_H

/*
 * Warns if they differ by more than two seconds: an image keeps the difference, and has it again
 * after each restore, though somebody may have set the RTC meanwhile.  Nothing where there is no
 * RTC.
 */
void clock_warn(void);

#endif
