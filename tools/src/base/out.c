// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/out.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

static struct {
	bool json;
	struct json_object *object; /* NULL until something is put into it */
} out;

void out_start(bool json)
{
	out.json = json;
}

bool out_is_json(void)
{
	return out.json;
}

struct json_object *out_json(void)
{
	if (out.json && !out.object)
		out.object = json_object_new_object();
	return out.object;
}

void out_text(const char *fmt, ...)
{
	va_list args;

	if (out.json)
		return;
	va_start(args, fmt);
	(void)vprintf(fmt, args);
	va_end(args);
}

void out_error(const char *code, const char *message, const char *advice)
{
	struct json_object *error, *json = out_json();
	char printable[OUT_MESSAGE];

	if (!json || json_object_object_get_ex(json, "error", NULL))
		return;
	snprintf(printable, sizeof(printable), "%s", message);
	text_printable(printable);
	error = json_put_object(json, "error");
	json_put_text(error, "code", code);
	json_put_text(error, "message", printable);
	json_put_text(error, "advice", advice);
}

void out_warning(const char *message)
{
	char printable[OUT_MESSAGE];

	snprintf(printable, sizeof(printable), "%s", message);
	text_printable(printable);
	json_append_text(json_array_of(out_json(), "warnings"), printable);
}

bool out_finish(void)
{
	struct json_object *object = out.object;

	out.object = NULL;
	return !object || json_print(object);
}
