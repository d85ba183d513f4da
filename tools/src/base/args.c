// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/args.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

#include "base/fail.h"
#include "base/out.h"
#include "base/text.h"

#define MAX_OPTIONS 16

/* Above what getopt_long returns by itself. */
#define FIRST_KEY 0x100

static int start_json(void *request, const char *value)
{
	(void)request;
	(void)value;
	out_start(true);
	return 0;
}

static const struct option_row common_options[] = {
	OPTION_PARSED("json", NULL, start_json, "print JSON"),
	{ 0 },
};

const struct option_row no_options[] = {
	{ 0 },
};

const struct option_row *args_common_options(const struct verb *verb)
{
	return verb->options == no_options ? no_options : common_options;
}

/* A verb's rows, and the same for getopt_long, which returns FIRST_KEY plus the row's number. */
struct table {
	const struct option_row *row[MAX_OPTIONS];
	struct option option[MAX_OPTIONS + 1];
	int count;
};

static void add_rows(const struct option_row *rows, struct table *table)
{
	for (; rows && rows->name; rows++) {
		int number = table->count++;

		assert(number < MAX_OPTIONS);
		table->row[number] = rows;
		table->option[number] =
			(struct option){ .name = rows->name,
					 .has_arg = rows->arg ? required_argument : no_argument,
					 .val = FIRST_KEY + number };
	}
}

static int bad_option(const struct verb *verb, int what, const char *option)
{
	if (what == ':')
		return fail(FAIL_USAGE, "%s: %s needs a value", verb->name, option);
	return fail(FAIL_USAGE, "%s: unknown option %s", verb->name, option);
}

static void *member(const struct option_row *row, void *request)
{
	return (char *)request + row->offset;
}

static int store(const struct verb *verb, const struct option_row *row, const char *value,
		 void *request)
{
	switch (row->kind) {
	case OPTION_KIND_FLAG:
		*(bool *)member(row, request) = true;
		break;
	case OPTION_KIND_TEXT:
		*(const char **)member(row, request) = value;
		break;
	case OPTION_KIND_SLOT:
		if (!text_parse_slot(value, member(row, request)))
			return fail(FAIL_USAGE, "%s: --%s must be a or b, not %s", verb->name,
				    row->name, value);
		break;
	case OPTION_KIND_SIZE:
		if (!text_parse_size(value, member(row, request)))
			return fail(FAIL_USAGE, "%s: %s is not a size such as 512M", verb->name,
				    value);
		break;
	case OPTION_KIND_PARSED:
		return row->parse(request, value);
	}
	return 0;
}

static int parse_operands(const struct verb *verb, int argc, char **argv, const char **ret_operands)
{
	const char *word = verb->operands;

	while (*word) {
		int length = (int)strcspn(word, " ");

		if (optind >= argc && word[0] != '[')
			return fail(FAIL_USAGE, "%s: %.*s is missing", verb->name, length, word);
		*ret_operands++ = optind < argc ? argv[optind++] : NULL;
		word += length;
		word += strspn(word, " ");
	}
	if (optind < argc)
		return fail(FAIL_USAGE, "%s: unexpected argument %s", verb->name, argv[optind]);
	return 0;
}

int args_parse(const struct verb *verb, int argc, char **argv, void *request,
	       const char **ret_operands)
{
	struct table table = { .count = 0 };
	int key;

	add_rows(verb->options, &table);
	add_rows(args_common_options(verb), &table);
	optind = 1;
	while ((key = getopt_long(argc, argv, ":", table.option, NULL)) != -1) {
		int status = key < FIRST_KEY
				     ? bad_option(verb, key, argv[optind - 1])
				     : store(verb, table.row[key - FIRST_KEY], optarg, request);

		if (status)
			return status;
	}
	return parse_operands(verb, argc, argv, ret_operands);
}
