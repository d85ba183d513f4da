// SPDX-License-Identifier: GPL-2.0-or-later
#include "args.h"

#include <getopt.h>
#include <stddef.h>

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

static int take_operand(const struct verb *verb, int argc, char **argv, const char **ret_operand)
{
	int given = argc - optind;
	int wanted = verb->operands[0] != '\0';

	if (given > wanted)
		return fail(FAIL_USAGE, "%s: unexpected argument %s", verb->name,
			    argv[optind + wanted]);
	if (!given && wanted && verb->operands[0] != '[')
		return fail(FAIL_USAGE, "%s: %s is missing", verb->name, verb->operands);
	*ret_operand = given ? argv[optind] : NULL;
	return 0;
}

int args_parse(const struct verb *verb, int argc, char **argv, args_option_fn option, void *ctx,
	       const char **ret_operand)
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
	return take_operand(verb, argc, argv, ret_operand);
}
