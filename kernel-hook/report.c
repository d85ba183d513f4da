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

/* Every reason that is not named here is a trouble with the disk: -EIO. */
static const struct {
	enum img_reason reason;
	int error;
} errnos[] = {
	{ IMG_E_MODE_UNKNOWN, -EINVAL },
	{ IMG_E_GATE_FS_WRITABLE, -EBUSY },
	{ IMG_E_GATE_SWAP, -EBUSY },
	{ IMG_E_GATE_BUSY, -EBUSY },
	{ IMG_E_GATE_FS_UNPROVABLE, -EBUSY },
	{ IMG_E_GATE_DIRTY, -EBUSY },
	{ IMG_E_GATE_HELD, -EBUSY },
	{ IMG_E_GATE_SWAP_OVERLAP, -EBUSY },
	{ IMG_E_GATE_CACHE, -EBUSY },
	{ IMG_E_GATE_OPEN, -EBUSY },
	{ IMG_E_GATE_STACK, -EBUSY },
	{ IMG_E_GATE_REMOTE, -EBUSY },
	{ IMG_E_GATE_SHARE, -EBUSY },
	{ IMG_E_GATE_NETWORK, -EBUSY },
	{ IMG_E_GATE_DRIVER, -EBUSY },
	{ IMG_E_GATE_HOTPLUG, -EAGAIN },
	{ IMG_E_TEST_SLOT, -EEXIST },
	{ IMG_E_FAULT, -EIO },
	{ IMG_E_FREEZE, -EBUSY },
	{ IMG_E_GATE_TAINT, -EPERM },
	{ IMG_E_GATE_HIBERNATION, -EPERM },
	{ IMG_E_GATE_EFI, -EOPNOTSUPP },
	{ IMG_E_GATE_EFI_RUNTIME, -EOPNOTSUPP },
	{ IMG_E_GATE_KERNEL, -EOPNOTSUPP },
	{ IMG_E_RECORD_ARCH, -EOPNOTSUPP },
	{ IMG_E_GATE_TOO_LARGE, -ENOSPC },
	{ IMG_E_SLOT_FULL, -ENOSPC },
	{ IMG_E_INDEX_FULL, -ENOSPC },
	{ IMG_E_GATE_HALF_RAM, -ENOMEM },
	{ IMG_E_CAPTURE, -ENOMEM },
	{ IMG_E_GATE_TARGET, -ENODEV },
	{ IMG_E_AREA_MISSING, -ENODEV },
	{ IMG_E_AREA_AMBIGUOUS, -ENODEV },
	{ IMG_E_AREA_MAGIC, -ENODEV },
	{ IMG_E_AREA_CHECKSUM, -ENODEV },
	{ IMG_E_AREA_BOUNDS, -ENODEV },
	{ IMG_E_VERSION, -ENODEV },
	{ IMG_E_INCOMPAT, -ENODEV },
	{ IMG_E_RESERVED, -ENODEV },
};

int report_errno(enum img_reason reason)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errnos); i++) {
		if (errnos[i].reason == reason)
			return errnos[i].error;
	}
	return -EIO;
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

/* A line to the log and to the text; what finds no room in the text is in the log only. */
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
