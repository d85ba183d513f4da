// SPDX-License-Identifier: GPL-2.0-or-later
#include "module/refusal.h"

#include <errno.h>
#include <string.h>

#include "base/attr.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"

static const char advice_mark[] = "what to do: ";

/* The module reports only to the kernel log that another command is under way. */
static int fail_without_obstacle(int error)
{
	if (error == EBUSY)
		return fail_reason(IMG_E_GATE_BUSY, NULL, ATTR_SNAPSHOT);
	errno = error;
	if (error == EPERM)
		return fail_errno(FAIL_OPEN, ATTR_SNAPSHOT);
	return fail_errno(FAIL_SNAPSHOT, "the module reported no obstacle");
}

int refusal_read(int error, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	int status;

	*ret_text = NULL;
	if (!error)
		return 0;
	status = attr_read(ATTR_DIR "last_refusal", &text);
	if (status)
		return status;
	if (!text || !text[0])
		return fail_without_obstacle(error);
	*ret_text = text;
	text = NULL;
	return 0;
}

static bool is_detail(const char *line)
{
	return line[0] == ' ' || line[0] == '\t';
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : NULL;
}

static unsigned int count(const char *text)
{
	unsigned int n = 0;

	for (; text; text = next_line(text))
		n += !is_detail(text);
	return n;
}

/* sysfs has room for one page: the rest is in the kernel log. */
static bool is_cut_off(const char *text)
{
	const char *last = text;

	for (const char *line = text; line; line = next_line(line))
		last = line;
	return !strstr(last, advice_mark);
}

static void print_text(const char *kind, const char *text)
{
	unsigned int n;

	if (!text) {
		out_text("%s: no obstacle\n", kind);
		return;
	}
	n = count(text);
	out_text("%s: %u obstacle%s\n\n%s\n", kind, n, n == 1 ? "" : "s", text);
	if (is_cut_off(text))
		out_text("\nThe list is cut off here; the kernel log has all of it.\n");
}

static struct json_object *put_obstacle(char *line, struct json_object *obstacles)
{
	struct json_object *obstacle = json_append_object(obstacles);
	char *sentence = strstr(line, ": ");

	if (sentence) {
		*sentence = '\0';
		sentence += 2;
	}
	json_put_text(obstacle, "code", line);
	json_put_text(obstacle, "sentence", sentence);
	return obstacle;
}

static void put_detail(const char *line, struct json_object *obstacle, struct json_object *details)
{
	line += strspn(line, " \t");
	if (strncmp(line, advice_mark, sizeof(advice_mark) - 1) == 0)
		json_put_text(obstacle, "advice", line + sizeof(advice_mark) - 1);
	else
		json_append_text(details, line);
}

static void put_json(const char *text, struct json_object *to)
{
	struct json_object *obstacles = json_put_array(to, "obstacles");
	struct json_object *obstacle = NULL, *details = NULL;
	_cleanup_free_ char *lines = text ? strdup(text) : NULL;
	char *rest = lines, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (is_detail(line)) {
			put_detail(line, obstacle, details);
			continue;
		}
		obstacle = put_obstacle(line, obstacles);
		details = json_put_array(obstacle, "details");
	}
}

void refusal_report(const char *kind, const char *text)
{
	print_text(kind, text);
	put_json(text, out_json());
}
