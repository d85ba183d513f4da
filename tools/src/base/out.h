/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a verb prints on standard output: lines for people or, with --json, one object.
 *
 * A verb writes both, side by side, and does not ask which is wanted: out_text() prints nothing
 * with --json, and out_json() is NULL without it, which the json_put functions accept and ignore.
 * The object is printed once, at the end, whether the verb succeeds or fails; a failure is its
 * "error".
 */
#ifndef FASTBOOTCTL_OUT_H
#define FASTBOOTCTL_OUT_H

#include <stdbool.h>

#include "base/jsonout.h"

void out_start(bool json);
bool out_is_json(void);
struct json_object *out_json(void);

void out_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Room for the longest message; a longer one is cut. */
#define OUT_MESSAGE 1024

/* For fail.c.  Only the first is kept: later ones are mostly its consequences. */
void out_error(const char *code, const char *message, const char *advice);

/* For fail.c.  All are kept. */
void out_warning(const char *message);

/* Prints the object, if any; false: out of memory. */
bool out_finish(void);

#endif
