// SPDX-License-Identifier: GPL-2.0-or-later
/* The one place that writes to stderr. */
#include "fail.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *code;
	enum exit_status status;
	const char *advice;
} failures[FAIL_COUNT] = {
#define FAILURE_ROW(sym, code, status, advice) { code, status, advice },
	FAILURES(FAILURE_ROW)
#undef FAILURE_ROW
};

static int report(enum failure failure, int error, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

static int report(enum failure failure, int error, const char *fmt, va_list args)
{
	(void)fflush(stdout);
	fprintf(stderr, "fastbootctl: %s: ", failures[failure].code);
	vfprintf(stderr, fmt, args);
	if (error)
		fprintf(stderr, ": %s", strerror(error));
	fprintf(stderr, "; %s\n", failures[failure].advice);
	return (int)failures[failure].status;
}

int fail(enum failure failure, const char *fmt, ...)
{
	va_list args;
	int status;

	va_start(args, fmt);
	status = report(failure, 0, fmt, args);
	va_end(args);
	return status;
}

int fail_errno(enum failure failure, const char *fmt, ...)
{
	int error = errno;
	va_list args;
	int status;

	va_start(args, fmt);
	status = report(failure, error, fmt, args);
	va_end(args);
	return status;
}

static void print_detail(const struct img_detail *detail)
{
	if (!detail || !detail->object)
		return;
	fprintf(stderr, " (%s", detail->object);
	if (detail->index)
		fprintf(stderr, " %" PRIu64, detail->index);
	if (detail->field)
		fprintf(stderr, ", %s", detail->field);
	if (detail->golden != detail->today)
		fprintf(stderr, ": %#" PRIx64 " on disk", detail->golden);
	if (detail->golden != detail->today && detail->today)
		fprintf(stderr, ", %#" PRIx64 " here", detail->today);
	fputc(')', stderr);
}

int fail_reason(enum img_reason reason, const struct img_detail *detail, const char *where)
{
	(void)fflush(stdout);
	fprintf(stderr, "fastbootctl: %s: %s: %s", img_reason_code(reason), where,
		img_reason_sentence(reason));
	print_detail(detail);
	fprintf(stderr, "; %s\n", img_reason_advice(reason));
	return EXIT_REFUSED;
}

int fail_read(const char *where)
{
	int error = errno;

	(void)fflush(stdout);
	fprintf(stderr, "fastbootctl: %s: %s: %s: %s; %s\n", img_reason_code(IMG_E_DISK_READ),
		where, img_reason_sentence(IMG_E_DISK_READ), strerror(error),
		img_reason_advice(IMG_E_DISK_READ));
	return EXIT_SYSTEM;
}

void warning(const char *fmt, ...)
{
	va_list args;

	(void)fflush(stdout);
	va_start(args, fmt);
	fputs("fastbootctl: warning: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}
