/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loader left behind when this system was started: lines "key=value". */
#ifndef FASTBOOTCTL_LASTRESULT_H
#define FASTBOOTCTL_LASTRESULT_H

#include <stdbool.h>

#include "jsonout.h"

/*
 * variables: EFI's are available.  *ret_text: printable, the caller frees it; NULL: there is
 * nothing.  0, or the exit status after a report.
 */
int lastresult_read(bool variables, char **ret_text);

/* The value of `key`; "" if there is none.  The caller frees it; NULL: out of memory. */
char *lastresult_value(const char *text, const char *key);

/* Each line a member of `to`; what is no "key=value" is dropped. */
void lastresult_json(const char *text, struct json_object *to);

#endif
