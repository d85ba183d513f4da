// SPDX-License-Identifier: GPL-2.0-or-later
/* The one place that writes to stderr. */
#include "base/fail.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/out.h"
#include "base/text.h"

static const struct {
	const char *code;
	enum exit_status status;
	const char *advice;
} failures[FAIL_COUNT] = {
#define FAILURE_ROW(sym, code, status, advice) { code, status, advice },
	FAILURES(FAILURE_ROW)
#undef FAILURE_ROW
};

const char *fail_code(enum failure failure)
{
	return failures[failure].code;
}

struct message {
	char s[OUT_MESSAGE];
};

static void append(struct message *message, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct message *message, const char *fmt, ...)
{
	size_t used = strlen(message->s);
	va_list args;

	va_start(args, fmt);
	vsnprintf(message->s + used, sizeof(message->s) - used, fmt, args);
	va_end(args);
}

static int report(const char *code, const struct message *message, const char *advice,
		  enum exit_status status)
{
	(void)fflush(stdout);
	fprintf(stderr, "fastbootctl: %s: %s; %s\n", code, message->s, advice);
	out_error(code, message->s, advice);
	return (int)status;
}

static int report_failure(enum failure failure, int error, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

static int report_failure(enum failure failure, int error, const char *fmt, va_list args)
{
	struct message message;

	vsnprintf(message.s, sizeof(message.s), fmt, args);
	if (error)
		append(&message, ": %s", strerror(error));
	return report(failures[failure].code, &message, failures[failure].advice,
		      failures[failure].status);
}

int fail(enum failure failure, const char *fmt, ...)
{
	va_list args;
	int status;

	va_start(args, fmt);
	status = report_failure(failure, 0, fmt, args);
	va_end(args);
	return status;
}

int fail_errno(enum failure failure, const char *fmt, ...)
{
	int error = errno;
	va_list args;
	int status;

	va_start(args, fmt);
	status = report_failure(failure, error, fmt, args);
	va_end(args);
	return status;
}

static void append_detail(struct message *to, const struct img_detail *detail)
{
	if (!detail || !detail->object)
		return;
	append(to, " (%s", detail->object);
	if (detail->index)
		append(to, " %" PRIu64, detail->index);
	if (detail->field)
		append(to, ", %s", detail->field);
	if (detail->uuid)
		append(to, ", partition %s", text_guid(detail->uuid).s);
	if (detail->golden != detail->today)
		append(to, ": %#" PRIx64 " on disk", detail->golden);
	if (detail->golden != detail->today && detail->today)
		append(to, ", %#" PRIx64 " here", detail->today);
	append(to, ")");
}

int fail_reason(enum img_reason reason, const struct img_detail *detail, const char *where)
{
	struct message message = { "" };

	append(&message, "%s: %s", where, img_reason_sentence(reason));
	append_detail(&message, detail);
	return report(img_reason_code(reason), &message, img_reason_advice(reason), EXIT_REFUSED);
}

int fail_read(const char *where)
{
	struct message message = { "" };
	int error = errno;

	append(&message, "%s: %s: %s", where, img_reason_sentence(IMG_E_DISK_READ),
	       strerror(error));
	return report(img_reason_code(IMG_E_DISK_READ), &message,
		      img_reason_advice(IMG_E_DISK_READ), EXIT_SYSTEM);
}

void warning(const char *fmt, ...)
{
	struct message message;
	va_list args;

	va_start(args, fmt);
	vsnprintf(message.s, sizeof(message.s), fmt, args);
	va_end(args);
	(void)fflush(stdout);
	fprintf(stderr, "fastbootctl: warning: %s\n", message.s);
	out_warning(message.s);
}
