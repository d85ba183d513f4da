/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Obstacles as the module tells them, in /sys/power/fastboot/last_refusal: each a block of lines,
 *
 *	code: sentence
 *	    detail
 *	    what to do: advice
 */
#ifndef FASTBOOTCTL_REFUSAL_H
#define FASTBOOTCTL_REFUSAL_H

#include "jsonout.h"

/*
 * Why a command failed with `error`; the caller frees *ret_text, NULL if error is 0.
 * 0, or the exit status after a report, also where the module has told nothing.
 */
int refusal_read(int error, char **ret_text);

/* kind: "golden" or "once".  text may be NULL: no obstacle. */
void refusal_print(const char *kind, const char *text);

/* An array "obstacles" in `to`, with a code, a sentence, details and advice each. */
void refusal_json(const char *text, struct json_object *to);

#endif
