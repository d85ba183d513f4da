// SPDX-License-Identifier: GPL-2.0-only
/*
 * Obstacles, their text and their errno.  Process context.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#include "report.h"

#define REASON_ERRNO(sym, errno, status, image, code, sentence, advice) [IMG_E_##sym] = -errno,
static const int errnos[IMG_REASON_COUNT] = { IMG_REASONS(REASON_ERRNO) };

int report_errno(enum img_reason reason)
{
	return errnos[reason];
}

void report_init(struct report *report)
{
	mutex_init(&report->lock);
	report_reset(report);
}

void report_reset(struct report *report)
{
	mutex_lock(&report->lock);
	report->length = 0;
	report->text[0] = '\0';
	report->error = 0;
	mutex_unlock(&report->lock);
}

/* Adds a line to the log and to the text; a line that does not fit the text is in the log only. */
static void report_line(struct report *report, const char *indent, struct va_format *line)
{
	pr_warn("%s%pV\n", indent, line);
	mutex_lock(&report->lock);
	report->length += scnprintf(report->text + report->length,
				    sizeof(report->text) - report->length, "%s%pV\n", indent, line);
	mutex_unlock(&report->lock);
}

__printf(3, 4) static void report_print(struct report *report, const char *indent,
					const char *format, ...)
{
	struct va_format line = { .fmt = format };
	va_list args;

	va_start(args, format);
	line.va = &args;
	report_line(report, indent, &line);
	va_end(args);
}

int report_open(struct report *report, enum img_reason reason, int error)
{
	if (!error)
		error = report_errno(reason);
	if (!report->error)
		report->error = error;
	report_print(report, "", "%s: %s", img_reason_code(reason), img_reason_sentence(reason));
	return error;
}

void report_detail(struct report *report, const char *format, ...)
{
	struct va_format line = { .fmt = format };
	va_list args;

	va_start(args, format);
	line.va = &args;
	report_line(report, "    ", &line);
	va_end(args);
}

void report_close(struct report *report, enum img_reason reason)
{
	report_print(report, "    ", "what to do: %s", img_reason_advice(reason));
}

int report_obstacle(struct report *report, enum img_reason reason, int error, const char *format,
		    ...)
{
	struct va_format line = { .fmt = format };
	va_list args;

	error = report_open(report, reason, error);
	va_start(args, format);
	line.va = &args;
	report_line(report, "    ", &line);
	va_end(args);
	report_close(report, reason);
	return error;
}

int report_error(const struct report *report)
{
	return report->error;
}

ssize_t report_show(struct report *report, char *page)
{
	size_t length;

	mutex_lock(&report->lock);
	length = report->length;
	memcpy(page, report->text, length);
	mutex_unlock(&report->lock);
	return length;
}
