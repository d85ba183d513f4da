/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The obstacles of one kind that a gate finds: one block of the report, opened with the first.
 */
#ifndef HOOK_FINDINGS_H
#define HOOK_FINDINGS_H

#include "report.h"

struct findings {
	struct report *report;
	enum img_reason reason;
	unsigned int count;
};

__printf(2, 3) void finding_add(struct findings *findings, const char *format, ...);

/* Ends the block, if one is open. */
void findings_close(struct findings *findings);

#endif
