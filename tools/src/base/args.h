/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line.  A verb is a row of one table (fastbootctl.c), and its options are rows of
 * another; parsing, storing and every help text come from these rows.
 */
#ifndef FASTBOOTCTL_ARGS_H
#define FASTBOOTCTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an option stores in the verb's request. */
enum option_kind {
	OPTION_KIND_FLAG,   /* true */
	OPTION_KIND_TEXT,   /* the value, unchanged */
	OPTION_KIND_SLOT,   /* 0 for "a", 1 for "b" */
	OPTION_KIND_SIZE,   /* bytes, for "512M" */
	OPTION_KIND_PARSED, /* what the row's function stores */
};

/* 0, or the exit status after a report.  value: NULL for an option that takes no value. */
typedef int (*option_fn)(void *request, const char *value);

/* Written with the macros below. */
struct option_row {
	const char *name; /* without the dashes; NULL ends the table */
	const char *arg;  /* name of its value in the help; NULL: takes no value */
	const char *help;
	enum option_kind kind;
	size_t offset;	 /* of the member of the request */
	option_fn parse; /* of OPTION_KIND_PARSED */
};

/* offsetof(); does not compile unless the member has the type that is stored there. */
#define OPTION_OFFSET(stored, request, member)                                                     \
	_Generic(&((request *)NULL)->member, stored *: offsetof(request, member))

#define OPTION_FLAG(name_, request, member, help_)                                                 \
	{ .name = name_,                                                                           \
	  .help = help_,                                                                           \
	  .kind = OPTION_KIND_FLAG,                                                                \
	  .offset = OPTION_OFFSET(bool, request, member) }
#define OPTION_TEXT(name_, arg_, request, member, help_)                                           \
	{ .name = name_,                                                                           \
	  .arg = arg_,                                                                             \
	  .help = help_,                                                                           \
	  .kind = OPTION_KIND_TEXT,                                                                \
	  .offset = OPTION_OFFSET(const char *, request, member) }
#define OPTION_SLOT(request, member, help_)                                                        \
	{ .name = "slot",                                                                          \
	  .arg = "a|b",                                                                            \
	  .help = help_,                                                                           \
	  .kind = OPTION_KIND_SLOT,                                                                \
	  .offset = OPTION_OFFSET(int, request, member) }
#define OPTION_SIZE(name_, request, member, help_)                                                 \
	{ .name = name_,                                                                           \
	  .arg = "SIZE",                                                                           \
	  .help = help_,                                                                           \
	  .kind = OPTION_KIND_SIZE,                                                                \
	  .offset = OPTION_OFFSET(uint64_t, request, member) }
#define OPTION_PARSED(name_, arg_, parse_, help_)                                                  \
	{ .name = name_, .arg = arg_, .help = help_, .kind = OPTION_KIND_PARSED, .parse = parse_ }

/* For a verb that prints only text for one kind of reader: it does not even have --json. */
extern const struct option_row no_options[];

struct verb {
	const char *name;
	const char *operands; /* "", "DEV", "[DEV]", "a|b [TEXT]": one word each, [optional] */
	const char *summary;
	const struct option_row *options;
	int (*run)(const struct verb *verb, int argc, char **argv);
};

/*
 * argv[0] is the verb's name.  request: of the type that the verb's options name, NULL if it has no
 * options; members that no option sets are left alone.  ret_operands: one element for each word of
 * the verb's operands, set to NULL for an optional one that is absent.  Returns 0, or the exit
 * status after a report.
 */
int args_parse(const struct verb *verb, int argc, char **argv, void *request,
	       const char **ret_operands);

/* The options that every verb has besides verb->options; args_parse() handles them alone. */
const struct option_row *args_common_options(const struct verb *verb);

#endif
