// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/args.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "base/fail.h"
#include "base/out.h"
#include "base/text.h"

#define MAX_OPTIONS 16

enum { ARGS_JSON = 0x100 };

static const struct option_row common_options[] = {
	{ "json", NULL, ARGS_JSON, "print JSON" },
	{ 0 },
};

const struct option_row no_options[] = {
	{ 0 },
};

const struct option_row *args_common_options(const struct verb *verb)
{
	return verb->options == no_options ? no_options : common_options;
}

static size_t add_options(const struct option_row *rows, size_t n,
			  struct option to[MAX_OPTIONS + 1])
{
	for (; rows && rows->name && n < MAX_OPTIONS; rows++, n++)
		to[n] = (struct option){ .name = rows->name,
					 .has_arg = rows->arg ? required_argument : no_argument,
					 .val = rows->key };
	to[n] = (struct option){ 0 };
	return n;
}

static int bad_option(const struct verb *verb, int what, const char *option)
{
	if (what == ':')
		return fail(FAIL_USAGE, "%s: %s needs a value", verb->name, option);
	return fail(FAIL_USAGE, "%s: unknown option %s", verb->name, option);
}

static int take_operands(const struct verb *verb, int argc, char **argv, const char **ret_operands)
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

int args_parse(const struct verb *verb, int argc, char **argv, args_option_fn option, void *ctx,
	       const char **ret_operands)
{
	struct option options[MAX_OPTIONS + 1];
	size_t count;
	int key;

	count = add_options(verb->options, 0, options);
	(void)add_options(args_common_options(verb), count, options);
	optind = 1;
	while ((key = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		int status = 0;

		if (key == '?' || key == ':')
			status = bad_option(verb, key, argv[optind - 1]);
		else if (key == ARGS_JSON)
			out_start(true);
		else
			status = option(ctx, key, optarg);

		if (status)
			return status;
	}
	return take_operands(verb, argc, argv, ret_operands);
}

int args_take_slot(const char *verb, const char *value, int *ret_slot)
{
	if (!text_parse_slot(value, ret_slot))
		return fail(FAIL_USAGE, "%s: --slot is a or b, not %s", verb, value);
	return 0;
}
