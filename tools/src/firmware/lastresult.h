/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loader did at this start of the machine: lines "key=value", see docs/loader.md. */
#ifndef FASTBOOTCTL_LASTRESULT_H
#define FASTBOOTCTL_LASTRESULT_H

#include <imgfmt/result.h>

#include "base/jsonout.h"

/* Printable; NULL if the loader did not run.  The caller frees it.  Exit status. */
int lastresult_read(char **ret_text);

/* The value of `key`; "" if it is missing.  The caller frees it; NULL: out of memory. */
char *lastresult_value(const char *text, enum img_result_key key);

/* One member for each line. */
void lastresult_json(const char *text, struct json_object *to);

#endif
