// SPDX-License-Identifier: GPL-2.0-or-later
#include "args.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "fail.h"

#define MAX_OPTIONS 16

static void long_options(const struct option_row *rows, struct option to[MAX_OPTIONS + 1])
{
	size_t n;

	for (n = 0; rows && rows[n].name && n < MAX_OPTIONS; n++)
		to[n] = (struct option){ .name = rows[n].name,
					 .has_arg = rows[n].arg ? required_argument : no_argument,
					 .val = rows[n].key };
	to[n] = (struct option){ 0 };
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
	int key;

	long_options(verb->options, options);
	optind = 1;
	while ((key = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		int status = key == '?' || key == ':' ? bad_option(verb, key, argv[optind - 1])
						      : option(ctx, key, optarg);

		if (status)
			return status;
	}
	return take_operands(verb, argc, argv, ret_operands);
}
