// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints docs/troubleshooting.md from the tables of codes, imgfmt/reasons.h and
 * fail.h.  Runs in the build; `make docs`.
 *
 * A group begins with the first reason that is named here and ends before the
 * next group, in the order of the table: a new row is in the group that it is
 * added to, and one at the table's end in the last.
 */
#include <stdio.h>
#include <string.h>

#include <imgfmt/reasons.h>

#include "base/fail.h"

static const char head[] =
	"# Troubleshooting\n"
	"\n"
	"Every refusal has a code that keeps its meaning. Look it up here by where you met it:\n"
	"[taking an image](#taking-an-image), [the loader](#the-loader) at the start of the\n"
	"machine, [fastbootctl](#fastbootctl). A code of the loader may also be told by\n"
	"`fastbootctl`, which reads the same images, and by the module, which looks for the same\n"
	"area.\n"
	"\n"
	"| where it stands | |\n"
	"|---|---|\n"
	"| the console, at the start of the machine | `fastboot: refused: CODE: sentence` |\n"
	"| `fastbootctl status`, after the normal boot that follows | `code=CODE` |\n"
	"| `fastbootctl gates`, `fastbootctl snapshot`, `/sys/power/fastboot/last_refusal`, the "
	"kernel log | `CODE: sentence` |\n"
	"| standard error of `fastbootctl` | `fastbootctl: CODE: sentence; what to do` |\n"
	"\n"
	"This page is made from the tables of codes by `make docs`: "
	"`imgfmt/include/imgfmt/reasons.h`\n"
	"and `tools/src/base/fail.h`.\n";

struct group {
	const char *chapter; /* NULL: goes on in the chapter of the group before */
	const char *title;
	const char *text;
	enum img_reason first;
};

/* In the order of the page; the chapters are those of its first paragraph. */
static const struct group groups[] = {
	{ "Taking an image", "Looked at before anything stands still",
	  "`fastbootctl gates` shows all of them at once. After each of them the machine goes on "
	  "as before.",
	  IMG_E_GATE_FS_WRITABLE },
	{ NULL, "The command, and while the image is taken",
	  "The image in the other slot is untouched.", IMG_E_FREEZE },
	{ NULL, "The image is too large", "Seen while it is written.", IMG_E_SLOT_FULL },
	{ "The loader", "The area and the choice of an image",
	  "After each refusal of the loader the machine boots normally.", IMG_E_AREA_MISSING },
	{ NULL, "The content of an image", "`fastbootctl verify` finds the same.",
	  IMG_E_SECTION_TABLE },
	{ NULL, "The machine is not the one of the image", "", IMG_E_MACHINE_ID },
	{ NULL, "The disks are not those of the image", "", IMG_E_DISK_MISSING },
	{ NULL, "The firmware, the boot entry", "", IMG_E_DISK_READ },
};
#define NR_GROUPS (sizeof(groups) / sizeof(groups[0]))

static const struct {
	const char *code, *advice;
} failures[FAIL_COUNT] = {
#define FAILURE_ROW(sym, code, status, advice) { code, advice },
	FAILURES(FAILURE_ROW)
#undef FAILURE_ROW
};

static const char *const meanings[FAIL_COUNT] = {
#define MEANING_ROW(sym, sentence) [FAIL_##sym] = sentence,
	FAILURE_MEANINGS(MEANING_ROW)
#undef MEANING_ROW
};

/* '|' would end a cell, '<' begin a tag. */
static void put_cell(const char *text)
{
	for (; *text; text++) {
		if (*text == '|' || *text == '<')
			putchar('\\');
		putchar(*text);
	}
}

static void put_row(const char *code, const char *meaning, const char *advice)
{
	printf("| `%s` | ", code);
	put_cell(meaning);
	printf(" | ");
	put_cell(advice);
	printf(" |\n");
}

static void put_table_head(const char *title, const char *text)
{
	if (title)
		printf("\n### %s\n", title);
	if (text[0])
		printf("\n%s\n", text);
	printf("\n| code | what it means | what to do |\n|---|---|---|\n");
}

static bool begins_group(enum img_reason reason)
{
	for (size_t i = 0; i < NR_GROUPS; i++) {
		if (groups[i].first == reason)
			return true;
	}
	return false;
}

static unsigned int put_group(const struct group *group)
{
	enum img_reason reason = group->first;
	unsigned int rows = 0;

	if (group->chapter)
		printf("\n## %s\n", group->chapter);
	put_table_head(group->title, group->text);
	do {
		put_row(img_reason_code(reason), img_reason_sentence(reason),
			img_reason_advice(reason));
		reason = (enum img_reason)(reason + 1);
		rows++;
	} while (reason != IMG_REASON_COUNT && !begins_group(reason));
	return rows;
}

/* Of a table that was reordered some rows would be in no group, or in two. */
static int put_reasons(void)
{
	unsigned int rows = 0;

	for (size_t i = 0; i < NR_GROUPS; i++)
		rows += put_group(&groups[i]);
	if (rows + 1 == IMG_REASON_COUNT)
		return 0;
	fprintf(stderr, "troubleshooting: the groups do not cover reasons.h\n");
	return 1;
}

static int put_failures(void)
{
	printf("\n## fastbootctl\n");
	put_table_head(NULL, "Of this program alone.");
	for (size_t i = 0; i < FAIL_COUNT; i++) {
		if (!meanings[i]) {
			fprintf(stderr, "troubleshooting: fail.h does not say what %s means\n",
				failures[i].code);
			return 1;
		}
		put_row(failures[i].code, meanings[i], failures[i].advice);
	}
	return 0;
}

int main(void)
{
	fputs(head, stdout);
	if (put_reasons() || put_failures())
		return 1;
	return fflush(stdout) || ferror(stdout);
}
