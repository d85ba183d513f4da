// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fastbootctl: lay out, install, inspect and check fast-boot images.  One table of verbs drives the
 * dispatch and every help text; each verb has a file of its own.
 */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/out.h"
#include "verbs/completion.h"
#include "verbs/verbs.h"

static int verb_help(const struct verb *verb, int argc, char **argv);
static int verb_completion(const struct verb *verb, int argc, char **argv);

static const struct verb verbs[] = {
#define VERB_ROW(sym, name, operands, summary, options)                                            \
	{ name, operands, summary, options, verb_##sym },
	/* clang-format off */
	VERBS(VERB_ROW)
	{ "completion", "bash|zsh", "print a script that completes command lines", no_options,
	  verb_completion },
	{ "help", "[VERB]", "show this text, or a verb's options", no_options, verb_help },
	/* clang-format on */
};
#define NR_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < NR_VERBS; i++) {
		if (strcmp(name, verbs[i].name) == 0)
			return &verbs[i];
	}
	return NULL;
}

static void print_rows(const struct option_row *row)
{
	for (; row && row->name; row++) {
		int width = printf("  --%s%s%s", row->name, row->arg ? " " : "",
				   row->arg ? row->arg : "");

		printf("%*s%s\n", width < 24 ? 24 - width : 1, "", row->help);
	}
}

static void print_options(const struct verb *verb)
{
	bool has_options = verb->options != no_options;

	printf("usage: fastbootctl %s%s%s%s\n\n%s\n", verb->name, verb->operands[0] ? " " : "",
	       verb->operands, has_options ? " [OPTION]..." : "", verb->summary);
	if (!has_options)
		return;
	putchar('\n');
	print_rows(verb->options);
	print_rows(args_common_options(verb));
}

static void print_verbs(void)
{
	printf("usage: fastbootctl VERB [ARGUMENT]...\n\n");
	for (size_t i = 0; i < NR_VERBS; i++) {
		int width = printf("  %-10s %s", verbs[i].name, verbs[i].operands);

		printf("%*s%s\n", width < 24 ? 24 - width : 1, "", verbs[i].summary);
	}
	printf("\nDEV is a partition, or a file that holds a partition's content; the default\n"
	       "is the one partition that carries a fast-boot area.\n\n"
	       "exit status: 0 done; 1 refused, or an image is damaged; 2 wrong usage;\n"
	       "3 the system failed.  An error is one line: fastbootctl: CODE: sentence; advice\n"
	       "With --json, standard output is one object, with the error in it.\n");
}

static int verb_help(const struct verb *verb, int argc, char **argv)
{
	const struct verb *about;

	(void)verb;
	if (argc < 2) {
		print_verbs();
		return EXIT_OK;
	}
	about = find_verb(argv[1]);
	if (!about)
		return fail(FAIL_USAGE, "there is no verb %s", argv[1]);
	print_options(about);
	return EXIT_OK;
}

static int verb_completion(const struct verb *verb, int argc, char **argv)
{
	const char *shell;
	int status = args_parse(verb, argc, argv, NULL, &shell);

	return status ? status : completion_print(shell, verbs, NR_VERBS);
}

static bool asks_for_help(const char *arg)
{
	return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

static int run(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2)
		return fail(FAIL_USAGE, "a verb is missing");
	if (asks_for_help(argv[1]))
		return verb_help(NULL, 1, argv);
	verb = find_verb(argv[1]);
	if (!verb)
		return fail(FAIL_USAGE, "there is no verb %s", argv[1]);
	for (int i = 2; i < argc; i++) {
		if (asks_for_help(argv[i])) {
			print_options(verb);
			return EXIT_OK;
		}
	}
	return verb->run(verb, argc - 1, argv + 1);
}

/* Checked first, so that a wrong command line is reported as JSON, too. */
static bool asks_for_json(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			return true;
	}
	return false;
}

/* Output that cannot be written, on a full disk for example, is a failure like any other. */
int main(int argc, char **argv)
{
	int status;

	out_start(asks_for_json(argc, argv));
	status = run(argc, argv);
	if (!out_finish())
		status = fail(FAIL_NO_MEMORY, "there is no memory for the JSON text");
	if ((fflush(stdout) || ferror(stdout)) && !status)
		return fail_errno(FAIL_OUTPUT, "the output could not be written");
	return status;
}
