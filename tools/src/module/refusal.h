/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Obstacles as the module reports them, in /sys/power/fastboot/last_refusal: each a block of lines,
 *
 *	code: sentence
 *	    detail
 *	    what to do: advice
 */
#ifndef FASTBOOTCTL_REFUSAL_H
#define FASTBOOTCTL_REFUSAL_H

/*
 * Why a command failed with `error`; the caller frees *ret_text, NULL if error is 0.
 * 0, or the exit status after a report, also if the module reported nothing.
 */
int refusal_read(int error, char **ret_text);

/*
 * kind: "golden" or "once".  text may be NULL: no obstacle.  JSON has an array "obstacles", with a
 * code, a sentence, details and advice each.
 */
void refusal_report(const char *kind, const char *text);

#endif
