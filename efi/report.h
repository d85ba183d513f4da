/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is reported: lines, picture, result variable. */
#ifndef REPORT_H
#define REPORT_H

#include <imgfmt/reasons.h>

#include "base.h"

struct loader;

void report_start(const struct loader *l);
void report_progress(struct loader *l, uint64_t chunks);
void report_restore(struct loader *l);

/* Returns when someone has had the time to read it. */
void report_refusal(const struct loader *l, enum img_reason reason);

/* After it: the kernel of the boot entry starts, or why it did not. */
void report_kernel(const struct loader *l, const CHAR16 *path);
void report_no_kernel(const struct loader *l, const CHAR16 *path, const char *why);

EFI_STATUS reason_status(enum img_reason reason);

#endif
