// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/stdarg.h>

#include "findings.h"

void finding_add(struct findings *findings, const char *format, ...)
{
	struct va_format line = { .fmt = format };
	va_list args;

	if (!findings->count++)
		report_open(findings->report, findings->reason, 0);
	va_start(args, format);
	line.va = &args;
	report_detail(findings->report, "%pV", &line);
	va_end(args);
}

void findings_close(struct findings *findings)
{
	if (findings->count)
		report_close(findings->report, findings->reason);
}
