/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a verb tells on standard output: lines for people or, with --json, one object.
 *
 * A verb says both, side by side, and does not ask which is wanted: out_text() is silent where
 * JSON is, and out_json() is NULL where it is not, which the json_put functions take and ignore.
 * The object is printed once, at the end, whatever became of the verb; a failure is its "error".
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

/* For fail.c.  The first one counts: what follows is mostly its consequence. */
void out_error(const char *code, const char *message, const char *advice);

/* For fail.c.  All of them are kept. */
void out_warning(const char *message);

/* Prints the object, if there is one; false: it cannot be made. */
bool out_finish(void);

#endif
