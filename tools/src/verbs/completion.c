// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rows of the table in the words of two shells.  How a value is completed
 * follows from what the row calls it: "a|b" are words, DEV a block device or a
 * file, FILE, DIR and VERB what they say; anything else is left to the user.
 */
#include "verbs/completion.h"

#include <stdio.h>
#include <string.h>

#include "base/fail.h"

/* The next word of "DEV" or "golden|once [TEXT]", without its brackets.  False: no more. */
static bool next_operand(const char **operands, int *ret_length, const char **ret_word)
{
	const char *word = *operands;
	size_t length = strcspn(word, " ");

	if (!length)
		return false;
	*operands = word + length + strspn(word + length, " ");
	*ret_word = word[0] == '[' ? word + 1 : word;
	*ret_length = (int)(word[0] == '[' ? length - 2 : length);
	return true;
}

/* bash: a row is a line of two variables; one function knows what to do with them. */

static const char bash_head[] =
	"# fastbootctl(8): completion for bash.  Made by: fastbootctl completion bash\n"
	"\n"
	"# The verb's operands, and its options as --name or --name=VALUE.\n"
	"_fastbootctl_row() {\n"
	"\tcase $1 in\n";

static const char bash_tail[] =
	"\t*) operands=() options=() ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"_fastbootctl_value() { # WHAT-IT-IS-CALLED\n"
	"\tcase $1 in\n"
	"\t*'|'*) mapfile -t COMPREPLY < <(compgen -W \"${1//|/ }\" -- \"$cur\") ;;\n"
	"\tVERB) mapfile -t COMPREPLY < <(compgen -W \"$verbs\" -- \"$cur\") ;;\n"
	"\tDEV | FILE) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
	"\tDIR) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
	"\tesac\n"
	"\tcase $1 in DEV | FILE | DIR) compopt -o filenames 2>/dev/null ;; esac\n"
	"}\n"
	"\n"
	"_fastbootctl() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} option='' number=0 word i row\n"
	"\tlocal -a operands options\n"
	"\tCOMPREPLY=()\n"
	"\tif ((COMP_CWORD == 1)); then\n"
	"\t\t_fastbootctl_value VERB\n"
	"\t\treturn\n"
	"\tfi\n"
	"\t_fastbootctl_row \"${COMP_WORDS[1]}\"\n"
	"\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $word == '=' ]]; then\n"
	"\t\t\tcontinue # bash splits --option=value at it\n"
	"\t\telif [[ $option ]]; then\n"
	"\t\t\toption=\n"
	"\t\telif [[ $word != -* ]]; then\n"
	"\t\t\t((++number))\n"
	"\t\telse\n"
	"\t\t\tfor row in \"${options[@]}\"; do\n"
	"\t\t\t\t[[ $row == \"$word\"=* ]] && option=${row#*=}\n"
	"\t\t\tdone\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t[[ $cur != '=' ]] || cur=\n"
	"\tif [[ $option ]]; then\n"
	"\t\t_fastbootctl_value \"$option\"\n"
	"\telif [[ $cur == -* ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"${options[*]%%=*}\" -- \"$cur\")\n"
	"\telse\n"
	"\t\t_fastbootctl_value \"${operands[number]:-}\"\n"
	"\tfi\n"
	"}\n"
	"\n";

/* Returns what is to stand before the next. */
static const char *bash_options(const struct option_row *row, const char *gap)
{
	for (; row && row->name; row++, gap = " ")
		printf("%s'--%s%s%s'", gap, row->name, row->arg ? "=" : "",
		       row->arg ? row->arg : "");
	return gap;
}

static void bash_row(const struct verb *verb)
{
	const char *operands = verb->operands, *word;
	const char *gap = "";
	int length;

	printf("\t%s)\n\t\toperands=(", verb->name);
	for (; next_operand(&operands, &length, &word); gap = " ")
		printf("%s'%.*s'", gap, length, word);
	printf(")\n\t\toptions=(");
	gap = bash_options(verb->options, "");
	(void)bash_options(args_common_options(verb), gap);
	printf(")\n\t\t;;\n");
}

static void print_bash(const struct verb *verbs, size_t count)
{
	fputs(bash_head, stdout);
	for (size_t i = 0; i < count; i++)
		bash_row(&verbs[i]);
	fputs(bash_tail, stdout);
	printf("_fastbootctl_main() {\n\tlocal verbs='");
	for (size_t i = 0; i < count; i++)
		printf("%s%s", i ? " " : "", verbs[i].name);
	printf("'\n\t_fastbootctl\n}\ncomplete -F _fastbootctl_main fastbootctl\n");
}

/* zsh: _arguments knows what to do with a row. */

/* Inside single quotes, and inside the brackets of _arguments. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			printf("%s%c", *text == ']' ? "\\" : "", *text);
	}
}

static bool is_called(const char *word, int length, const char *name)
{
	return strlen(name) == (size_t)length && strncmp(word, name, (size_t)length) == 0;
}

/* ":MESSAGE:ACTION" */
static void zsh_value(const char *word, int length)
{
	printf(":%.*s:", length, word);
	if (memchr(word, '|', (size_t)length)) {
		putchar('(');
		for (int i = 0; i < length; i++)
			putchar(word[i] == '|' ? ' ' : word[i]);
		putchar(')');
	} else if (is_called(word, length, "DEV") || is_called(word, length, "FILE")) {
		printf("_files");
	} else if (is_called(word, length, "DIR")) {
		printf("_files -/");
	} else if (is_called(word, length, "VERB")) {
		printf("{_describe verb verbs}");
	} else {
		putchar(' ');
	}
}

static void zsh_options(const struct option_row *row)
{
	for (; row && row->name; row++) {
		printf(" \\\n\t\t'--%s%s[", row->name, row->arg ? "=" : "");
		zsh_text(row->help);
		putchar(']');
		if (row->arg)
			zsh_value(row->arg, (int)strlen(row->arg));
		putchar('\'');
	}
}

static void zsh_row(const struct verb *verb)
{
	const char *operands = verb->operands, *word;
	int length;

	printf("%s)\n\t_arguments", verb->name);
	zsh_options(verb->options);
	zsh_options(args_common_options(verb));
	while (*operands) {
		const char *optional = operands[0] == '[' ? ":" : "";

		(void)next_operand(&operands, &length, &word);
		printf(" \\\n\t\t'%s", optional);
		zsh_value(word, length);
		putchar('\'');
	}
	printf("\n\t;;\n");
}

static void print_zsh(const struct verb *verbs, size_t count)
{
	printf("#compdef fastbootctl\n"
	       "# fastbootctl(8): completion for zsh.  Made by: fastbootctl completion zsh\n\n"
	       "local -a verbs=(\n");
	for (size_t i = 0; i < count; i++) {
		printf("\t'%s:", verbs[i].name);
		zsh_text(verbs[i].summary);
		printf("'\n");
	}
	printf(")\n"
	       "if ((CURRENT == 2)); then\n"
	       "\t_describe -t verbs verb verbs\n"
	       "\treturn\n"
	       "fi\n"
	       "shift words\n"
	       "((CURRENT--))\n"
	       "case $words[1] in\n");
	for (size_t i = 0; i < count; i++)
		zsh_row(&verbs[i]);
	printf("esac\n");
}

int completion_print(const char *shell, const struct verb *verbs, size_t count)
{
	if (strcmp(shell, "bash") == 0)
		print_bash(verbs, count);
	else if (strcmp(shell, "zsh") == 0)
		print_zsh(verbs, count);
	else
		return fail(FAIL_USAGE, "completion: bash or zsh, not %s", shell);
	return EXIT_OK;
}
