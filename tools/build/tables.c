// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints what the documents take from the sources' tables: `tables NAME`, for the names at the end
 * of this file.  Runs in the build; tools/build/docs puts each table into its document.
 *
 * A group of docs/troubleshooting.md begins with the first reason that is named here and ends
 * before the next group, in the order of reasons.h: a new row is in the group that it is added to,
 * and a row at the table's end is in the last.
 */
#include <stdio.h>
#include <string.h>

#include <imgfmt/handoff.h>
#include <imgfmt/options.h>
#include <imgfmt/reasons.h>
#include <imgfmt/result.h>

#include "base/fail.h"

static const char head[] =
	"# Troubleshooting\n"
	"\n"
	"Every refusal has a code that keeps its meaning. Look it up here by where you met it:\n"
	"[taking an image](#taking-an-image), [the loader](#the-loader) at the start of the\n"
	"machine, [fastbootctl](#fastbootctl). `fastbootctl`, which reads the same images, and\n"
	"the module, which looks for the same area, may also report a code of the loader.\n"
	"\n"
	"| where you see it | |\n"
	"|---|---|\n"
	"| the console, at the start of the machine | `fastboot: refused: CODE: sentence` |\n"
	"| `fastbootctl status`, after the normal boot that follows | `code=CODE` |\n"
	"| `fastbootctl gates`, `fastbootctl snapshot`, `/sys/power/fastboot/last_refusal`, the "
	"kernel log | `CODE: sentence` |\n"
	"| standard error of `fastbootctl` | `fastbootctl: CODE: sentence; what to do` |\n"
	"\n"
	"`make docs` makes this page from the tables of codes: `imgfmt/include/imgfmt/reasons.h`\n"
	"and `tools/src/base/fail.h`.\n";

struct group {
	const char *chapter; /* NULL: continues the chapter of the group before */
	const char *title;
	const char *text;
	enum img_reason first;
};

/* In the order of the page; the chapters are those of its first paragraph. */
static const struct group groups[] = {
	{ "Taking an image", "Checked before anything is stopped",
	  "`fastbootctl gates` shows all of them at once. After any of them the machine\n"
	  "keeps running as before.",
	  IMG_E_GATE_FS_WRITABLE },
	{ NULL, "The command itself, and while the image is taken",
	  "The image in the other slot is untouched.", IMG_E_FREEZE },
	{ NULL, "The image is too large", "Found while it is written.", IMG_E_SLOT_FULL },
	{ "The loader", "The area and the choice of an image",
	  "After each refusal of the loader the machine boots normally.", IMG_E_AREA_MISSING },
	{ NULL, "The content of an image", "`fastbootctl verify` finds the same.",
	  IMG_E_SECTION_TABLE },
	{ NULL, "The machine is not the image's", "", IMG_E_MACHINE_ID },
	{ NULL, "The disks are not the image's", "", IMG_E_DISK_MISSING },
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

/* '|' would end a cell, '<' would begin a tag. */
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

/* If reasons.h is reordered, some rows could be in no group, or in two. */
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
	put_table_head(NULL, "Only this program reports these.");
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

static int put_troubleshooting(void)
{
	fputs(head, stdout);
	return put_reasons() || put_failures();
}

/* What exactly a gate finds; every reason of the module's gates must have an entry. */
static const char *const obstacles[IMG_REASON_COUNT] = {
	[IMG_E_GATE_FS_WRITABLE] =
		"golden: a superblock on a disk that is not read-only, in any mount namespace; "
		"once: that of the file with the image area",
	[IMG_E_GATE_FS_UNPROVABLE] =
		"a mounted file system without a known proof: because of its type, on a stack that "
		"cannot be proven, or not on GPT partitions",
	[IMG_E_GATE_DIRTY] = "a block device with unwritten data in the page cache that belongs to "
			     "no proven file system",
	[IMG_E_GATE_HELD] = "a block device in exclusive use by something other than a file "
			    "system, swap space or a stack that we know",
	[IMG_E_GATE_OPEN] = "golden: a program has a block device open for writing, or mapped",
	[IMG_E_GATE_CACHE] = "cached data of a block device without a mounted file system that "
			     "cannot be dropped",
	[IMG_E_GATE_STACK] = "a device made of others by an unknown driver, mounted or not: nbd, "
			     "drbd, zfs volumes",
	[IMG_E_GATE_STACK_UNPROVABLE] =
		"a device of device mapper, md or bcache, mounted or not: with a target other than "
		"`linear`, `striped`, `crypt`, `verity`, `error` and `zero`; suspended, or set up "
		"after the snapshot began; a physical volume without a metadata area, a LUKS "
		"header that is elsewhere; an array that is degraded, busy, being written, with a "
		"journal, or without superblocks of its own; not on GPT partitions of disks",
	[IMG_E_GATE_CRYPT] = "a `crypt` target is active, and the image will not be sealed",
	[IMG_E_GATE_REMOTE] = "a disk of another machine: iSCSI, NVMe over Fabrics, RADOS, USB/IP",
	[IMG_E_GATE_SHARE] = "a directory of the host: 9p, virtiofs, vboxsf",
	[IMG_E_GATE_NETWORK] = "golden: a network file system that can be written",
	[IMG_E_GATE_DRIVER] = "a virtio device whose driver cannot wake it",
	[IMG_E_GATE_SWAP] =
		"swapped-out pages, the image's partition or file active as swap, or active swap "
		"on what "
		"cannot be proven; checked again after memory is copied, because the kernel may "
		"swap to make room for the copy",
	[IMG_E_GATE_SWAP_OVERLAP] =
		"the swap area of the image's partition reaches into the images",
	[IMG_E_GATE_TAINT] =
		"an oops, machine check, bad page, soft lockup or warning since the boot",
	[IMG_E_GATE_TOO_LARGE] = "reported with the numbers; checked again as the image is written",
	[IMG_E_GATE_HALF_RAM] = "reported with the numbers",
	[IMG_E_GATE_HIBERNATION] =
		"lockdown while Secure Boot is off, `nohibernate`, secret memory",
	[IMG_E_GATE_SEAL_KEY] =
		"Secure Boot or lockdown is on, or this boot began with a key, and there is no key "
		"now: images could not be sealed",
	[IMG_E_GATE_SEAL_CIPHER] =
		"there is a key, but the kernel has no `gcm(aes)` or `hmac(sha256)`, or lockdown "
		"cannot be passed because kprobes or ftrace are off",
	[IMG_E_GATE_BUSY] = "another snapshot or hibernation",
	[IMG_E_GATE_HOTPLUG] = "processors or memory are being plugged in or out",
	[IMG_E_GATE_EFI] = "no UEFI, no ACPI tables",
	[IMG_E_GATE_EFI_RUNTIME] =
		"the kernel does not use the firmware's runtime services: `noefi`, "
		"`efi=noruntime`, or a real-time kernel without `efi=runtime`",
	[IMG_E_GATE_KERNEL] =
		"a kernel whose own code spoils a snapshot: 6.18 to 6.18.20 and 6.19 to 6.19.10 "
		"taint themselves in it (`kernel-hook/compat/known_bad.c` has the list, and why)",
	[IMG_E_GATE_TARGET] =
		"the image's partition, volume or file is missing, in use or cannot be opened; the "
		"file has holes or shared blocks, or is not on ext4 or xfs (an overlay is neither)",
	[IMG_E_GATE_AREA_MOVED] =
		"the image area is on a logical volume or in a file whose extents are not those in "
		"the area's header, or not all linear",
	[IMG_E_RECORD_ARCH] = "the kernel's hibernation header is not the one we know; checked "
			      "only after memory is copied, but before anything is written",
};

static int put_gates(void)
{
#define GATE_SYMBOL(sym, ...) [IMG_E_##sym] = #sym,
	static const char *const symbols[IMG_REASON_COUNT] = { IMG_REASONS(GATE_SYMBOL) };
	const char *missing = NULL;

	printf("| code | obstacle |\n|---|---|\n");
	for (int i = IMG_OK + 1; i < IMG_REASON_COUNT; i++) {
		if (obstacles[i])
			printf("| `%s` | %s |\n", img_reason_code((enum img_reason)i),
			       obstacles[i]);
		else if (strncmp(symbols[i], "GATE_", 5) == 0)
			missing = symbols[i];
	}
	if (missing)
		fprintf(stderr, "tables: obstacles[] lacks the gate %s\n", missing);
	return missing != NULL;
}

/* For docs/abi: a table of reStructuredText, indented by two tabs. */
#define TABLE_WIDTH 64

static void put_rule(int left_width)
{
	static const char rule[] = "=====================================================";

	printf("\t\t%.*s %.*s\n", left_width, rule, TABLE_WIDTH - 1 - left_width, rule);
}

#define LEFT_WIDTH  10
#define RIGHT_WIDTH (TABLE_WIDTH - 1 - LEFT_WIDTH)

struct errno_row {
	const char *name;
	enum img_reason reason;
};

#define ERRNO_ROW(sym, error, status, image, code, sentence, advice) { #error, IMG_E_##sym },
static const struct errno_row errno_rows[] = { IMG_REASONS(ERRNO_ROW) };
#define NR_ERRNO_ROWS (sizeof(errno_rows) / sizeof(errno_rows[0]))

/* The cell of one errno, from its first reason on, wrapped to the table's width. */
static void put_errno(const struct errno_row *first)
{
	int used = 0;

	printf("\t\t%-*s ", LEFT_WIDTH, first->name);
	for (const struct errno_row *row = first; row < errno_rows + NR_ERRNO_ROWS; row++) {
		const char *code = img_reason_code(row->reason);
		int length = (int)strlen(code);

		if (strcmp(row->name, first->name) != 0)
			continue;
		if (used && used + 2 + length + 1 > RIGHT_WIDTH) {
			printf(",\n\t\t%*s ", LEFT_WIDTH, "");
			used = 0;
		}
		used += printf("%s%s", used ? ", " : "", code);
	}
	putchar('\n');
}

static bool is_first(const struct errno_row *row)
{
	for (const struct errno_row *other = errno_rows; other < row; other++) {
		if (strcmp(other->name, row->name) == 0)
			return false;
	}
	return true;
}

static int put_errnos(void)
{
	put_rule(LEFT_WIDTH);
	for (size_t i = 0; i < NR_ERRNO_ROWS; i++) {
		if (strcmp(errno_rows[i].name, "EIO") != 0 && is_first(&errno_rows[i]))
			put_errno(&errno_rows[i]);
	}
	printf("\t\t%-*s all other reasons\n", LEFT_WIDTH, "EIO");
	put_rule(LEFT_WIDTH);
	return 0;
}

static void put_option(const char *word, const char *values, const char *meaning)
{
	printf("| `");
	put_cell(word);
	put_cell(values);
	printf("` | %s |\n", meaning);
}

static int put_options(void)
{
#define OPTION_ROW(sym, word, values, meaning) put_option(word, values, meaning);
	printf("| word | meaning |\n|---|---|\n");
	IMG_OPTIONS(OPTION_ROW)
	return 0;
}

static int put_result_keys(void)
{
#define KEY_ROW(sym, key, meaning) printf("| `" key "` | " meaning " |\n");
	printf("| key | meaning |\n|---|---|\n");
	IMG_RESULT_KEYS(KEY_ROW)
	return 0;
}

static int put_stamps(void)
{
#define STAMP_ROW(sym, number, key, stage, when) printf("| %d | `" #sym "` | " when " |\n", number);
	printf("| number | stamp | when |\n|---:|---|---|\n");
	IMG_STAMPS(STAMP_ROW)
	return 0;
}

#define TIMING_WIDTH 18

static void put_timing(const char *key, const char *when)
{
	int width;

	if (!key[0])
		return;
	width = printf("\t\tloader_%s_us", key) - 2;
	printf("%*s%s\n", TIMING_WIDTH + 1 - width, "", when);
}

static int put_timings(void)
{
#define TIMING_ROW(sym, number, key, stage, when) put_timing(key, when);
	put_rule(TIMING_WIDTH);
	IMG_STAMPS(TIMING_ROW)
	put_rule(TIMING_WIDTH);
	return 0;
}

static const struct {
	const char *name;
	int (*put)(void);
} tables[] = {
	{ "troubleshooting", put_troubleshooting },
	{ "gates", put_gates },
	{ "errnos", put_errnos },
	{ "options", put_options },
	{ "result-keys", put_result_keys },
	{ "stamps", put_stamps },
	{ "timings", put_timings },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (strcmp(argv[1], tables[i].name) == 0)
			return tables[i].put() || fflush(stdout) || ferror(stdout);
	}
	fprintf(stderr, "tables: no such table\n");
	return 2;
}
