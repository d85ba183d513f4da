/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line.  A verb is a row of one table (fastbootctl.c), its options
 * are rows of another; parsing and every help text come from these rows.
 */
#ifndef FASTBOOTCTL_ARGS_H
#define FASTBOOTCTL_ARGS_H

struct option_row {
	const char *name; /* without the dashes; NULL ends the table */
	const char *arg;  /* what its value is called; NULL: takes none */
	int key;	  /* for the verb; > 0 */
	const char *help;
};

/* For a verb that prints nothing but text for a reader of its own: it has not even --json. */
extern const struct option_row no_options[];

struct verb {
	const char *name;
	const char *operands; /* "", "DEV", "[DEV]", "a|b [TEXT]": a word each, [optional] */
	const char *summary;
	const struct option_row *options;
	int (*run)(const struct verb *verb, int argc, char **argv);
};

/* Called for each option of the verb's own; 0 or an exit status after a report. */
typedef int (*args_option_fn)(void *ctx, int key, const char *value);

/*
 * argv[0] is the verb's name.  option: NULL where the verb has none.  ret_operands: room for as
 * many as the verb's row has words, NULL for one that is optional and absent.  0, or the exit
 * status after a report.
 */
int args_parse(const struct verb *verb, int argc, char **argv, args_option_fn option, void *ctx,
	       const char **ret_operands);

/* The value of --slot.  0, or the exit status after a report. */
int args_take_slot(const char *verb, const char *value, int *ret_slot);

/* The options beside verb->options that all verbs have, and that are none of their business. */
const struct option_row *args_common_options(const struct verb *verb);

#endif
