// SPDX-License-Identifier: GPL-2.0-or-later
#include "module/figures.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <imgfmt/handoff.h>

#include "base/attr.h"
#include "base/io.h"
#include "base/text.h"

static void parse_state(struct figures *figures)
{
	static const char saved[] = "saved generation=";

	figures->restored = attr_restored(figures->state, &figures->generation);
	if (figures->restored)
		(void)sscanf(figures->state, "%*s %*s restores=%" SCNu64, &figures->restores);
	else if (strncmp(figures->state, saved, sizeof(saved) - 1) == 0)
		figures->saved = sscanf(figures->state + sizeof(saved) - 1, "%" SCNu64,
					&figures->generation) == 1;
}

int figures_read(struct figures *ret_figures)
{
	int status;

	*ret_figures = (struct figures){ 0 };
	status = attr_read(ATTR_SNAPSHOT, &ret_figures->state);
	if (!status)
		status = attr_read(ATTR_DIR "timings", &ret_figures->timings);
	if (!status && ret_figures->state)
		parse_state(ret_figures);
	return status;
}

void figures_free(struct figures *figures)
{
	free(figures->state);
	free(figures->timings);
}

static bool parse_number(const char *text, uint64_t *ret_value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	return !errno && (!*end || *end == '\n');
}

bool figures_get(const struct figures *figures, const char *key, uint64_t *ret_value)
{
	size_t length = strlen(key);

	for (const char *line = figures->timings; line;) {
		if (strncmp(line, key, length) == 0 && line[length] == '=')
			return parse_number(line + length + 1, ret_value);
		line = strchr(line, '\n');
		line += line ? 1 : 0;
	}
	return false;
}

/* How a figure gives the end of its stage. */
enum measure {
	SINCE_ENTRY, /* microseconds since the loader was entered */
	SINCE_JUMP,  /* microseconds since the jump into the saved kernel */
	TOOK,	     /* milliseconds that the stage took */
	SINCE_START, /* milliseconds since the first stage began */
};

struct row {
	const char *part, *what, *key; /* what: "" if it overlaps the next */
	enum measure measure;
};

#define STAMP_ROW(sym, number, key, stage, when)                                                   \
	{ "loader", stage, "loader_" key "_us", SINCE_ENTRY },
static const struct row restore_rows[] = {
	/* clang-format off */
	IMG_STAMPS(STAMP_ROW)
	{ "kernel", "restore devices", "kernel_us", SINCE_JUMP },
	{ "kernel", "thaw tasks", "thawed_us", SINCE_JUMP },
	/* clang-format on */
};

static const struct row snapshot_rows[] = {
	{ "kernel", "freeze tasks", "freeze_ms", TOOK },
	{ "kernel", "suspend devices, copy memory", "create_ms", TOOK },
	{ "kernel", "compress and write", "write_ms", TOOK },
	{ "kernel", "resume devices, thaw tasks", "pause_ms", SINCE_START },
};

static uint64_t end_of(const struct figures *figures, const struct row *row, uint64_t value,
		       uint64_t before)
{
	uint64_t jump = 0;

	switch (row->measure) {
	case SINCE_ENTRY:
		return value;
	case SINCE_JUMP:
		(void)figures_get(figures, "loader_jump_us", &jump);
		return jump + value;
	case TOOK:
		return before + value * 1000;
	default:
		return value * 1000;
	}
}

size_t figures_stages(const struct figures *figures, struct stage ret_stages[FIGURES_MAX_STAGES])
{
	const struct row *rows = figures->restored ? restore_rows : snapshot_rows;
	size_t nr_rows = figures->restored ? sizeof(restore_rows) / sizeof(restore_rows[0])
					   : sizeof(snapshot_rows) / sizeof(snapshot_rows[0]);
	uint64_t before = 0;
	size_t n = 0;

	for (size_t i = 0; i < nr_rows; i++) {
		uint64_t value, end;

		if (!rows[i].what[0] || !figures_get(figures, rows[i].key, &value) || !value)
			continue;
		end = end_of(figures, &rows[i], value, before);
		if (end < before)
			end = before;
		ret_stages[n++] = (struct stage){ rows[i].part, rows[i].what, rows[i].key, before,
						  end - before };
		before = end;
	}
	return n;
}

/* svam_status is hexadecimal; what is not a number stays text. */
static void timings_json(const char *timings, struct json_object *to)
{
	_cleanup_free_ char *lines = strdup(timings);
	char *rest = lines;
	const char *key, *value;
	uint64_t number;

	while (text_next_pair(&rest, &key, &value)) {
		if (strcmp(key, "svam_status") != 0 && parse_number(value, &number))
			json_put_number(to, key, number);
		else
			json_put_text(to, key, value);
	}
}

void figures_json(const struct figures *figures, struct json_object *to)
{
	json_put_number(to, "generation", figures->generation);
	if (figures->restored)
		json_put_number(to, "restores", figures->restores);
	timings_json(figures->timings ? figures->timings : "", json_put_object(to, "timings"));
}
