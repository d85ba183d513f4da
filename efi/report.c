// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the loader reports to people and to the next kernel: lines on the
 * firmware's consoles, a picture if the machine has a screen, and the result in a
 * volatile EFI variable, which stays in memory until the power goes off and which
 * the next kernel shows in efivarfs.
 */
#include "report.h"

#include <stdarg.h>

#include <imgfmt/guid.h>

#include "console.h"
#include "devpath.h"
#include "loader.h"
#include "screen.h"
#include "variables.h"
#include "volume.h"

#define LINE_CHARS (MESSAGE_CHARS + 16)

/* For a refusal on a screen; no longer, because an unattended machine waits as well. */
#define READING_SECONDS 3

struct result {
	CHAR16 text[IMG_RESULT_SIZE];
	UINTN length;
};

/* Adds whole lines only: omits a line that does not fit. */
static void add(struct result *r, enum img_result_key key, const CHAR16 *format, ...)
{
	CHAR16 *at = r->text + r->length;
	UINTN room = IMG_RESULT_SIZE - r->length, length;
	va_list args;

	length = SPrint(at, room * sizeof(CHAR16), L"%a=", img_result_key(key));
	va_start(args, format);
	length += VSPrint(at + length, (room - length) * sizeof(CHAR16), format, args);
	va_end(args);
	length += SPrint(at + length, (room - length) * sizeof(CHAR16), L"\n");
	if (at[length - 1] == L'\n')
		r->length += length;
}

/*
 * docs/loader.md, "The result variable".  Readers rely on lines of ASCII, but VSPrint() ends lines
 * with CR LF and a detail may contain any character.
 */
static void set_result(const struct result *r)
{
	static CHAR8 text[IMG_RESULT_SIZE];
	EFI_GUID guid = VARIABLES_GUID;
	UINTN i, length = 0;

	for (i = 0; i < r->length; i++) {
		CHAR16 c = r->text[i];

		if (c != L'\r')
			text[length++] = (CHAR8)((c >= L' ' && c <= L'~') || c == L'\n' ? c : L'?');
	}
	RT->SetVariable(VARIABLES_RESULT, &guid,
			EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS, length,
			text);
}

static void add_passed(struct result *r, const struct loader *l)
{
	if (l->passed == IMG_OK)
		return;
	add(r, IMG_KEY_PASSED, L"%c", L'a' + l->passed_slot);
	add(r, IMG_KEY_PASSED_CODE, L"%a", img_reason_code(l->passed));
}

static const char *promoted(const struct loader *l)
{
	return l->state.rank > l->slot.generation ? ", promoted" : "";
}

static void say(const struct loader *l, const CHAR16 *format, ...)
{
	CHAR16 line[LINE_CHARS];
	va_list args;

	va_start(args, format);
	VSPrint(line, sizeof(line), format, args);
	va_end(args);
	console_write(&l->console, screen_takes_lines(&l->screen), line);
}

/* Of a map: the partition that its header is on. */
static void say_area(const struct loader *l)
{
	const struct volume *v = &l->volume;
	char uuid[IMG_GUID_TEXT] = "without a GUID";
	uint8_t raw[16];

	if (v->map) {
		img_guid_text(l->options.area_part_uuid, uuid);
		say(l, L"fastboot: area: map, %d pieces on %d partitions, header on %a at 0x%lx\n",
		    v->map->nr_map, v->nr_disks, uuid, l->options.area_offset);
		return;
	}
	if (devpath_uuid(v->disk[0].handle, raw))
		img_guid_text(raw, uuid);
	say(l, L"fastboot: area: partition %a\n", uuid);
}

void report_start(const struct loader *l)
{
	if (l->options.verbose)
		say_area(l);
	if (l->passed != IMG_OK)
		say(l, L"fastboot: slot %c passed over: %a: %a\n", L'A' + l->passed_slot,
		    img_reason_code(l->passed), img_reason_sentence(l->passed));
	say(l, L"fastboot: slot %c, generation %ld%a, %a\n", L'A' + l->slot_number,
	    l->slot.generation, promoted(l), l->slot.kernel_release);
	say(l, L"fastboot: reading %ld MiB for %ld MiB of memory\n",
	    (l->slot.data_size + l->slot.meta_size) / MIB, l->slot.nr_pages / 256);
}

/* A line can take 10 ms on a console: at most three, and none if the boot takes under a second. */
static void say_progress(const struct loader *l, uint64_t chunks)
{
	static uint64_t shown;
	uint64_t quarter = l->meta.nr_chunks ? chunks * 4 / l->meta.nr_chunks : 4;
	bool slow =
		l->options.verbose || tsc() - l->handoff.stamp[IMG_STAMP_ENTRY] > l->handoff.tsc_hz;

	if (quarter > shown && quarter < 4 && slow)
		say(l, L"fastboot: %ld %%\n", quarter * 25);
	shown = quarter;
}

void report_progress(struct loader *l, uint64_t chunks)
{
	say_progress(l, chunks);
	screen_progress(&l->screen, l->slot_number, &l->slot, chunks, l->meta.nr_chunks);
}

static void report_stages(const struct loader *l)
{
#define STAMP_KEY(sym, number, key, stage, when) [IMG_STAMP_##sym] = key,
	static const char *const key[] = { IMG_STAMPS(STAMP_KEY) };
	uint64_t tick = l->handoff.tsc_hz / 1000000, i;

	for (i = IMG_STAMP_FOUND; tick && i <= IMG_STAMP_DECODED; i++)
		say(l, L"fastboot:   %a at %ld us\n", key[i],
		    (l->handoff.stamp[i] - l->handoff.stamp[IMG_STAMP_ENTRY]) / tick);
	say(l, L"fastboot:   %d processors, %ld pages direct, %ld staged in %ld pieces\n",
	    l->handoff.workers, l->handoff.pages_direct, l->handoff.pages_staged, l->staging.count);
	say(l, L"fastboot:   %ld proofs in %ld us\n", l->meta.nr_proofs,
	    tick ? l->proofs.ticks / tick : 0);
}

void report_restore(struct loader *l)
{
	static struct result r;

	if (l->options.verbose)
		report_stages(l);
	say(l, L"fastboot: restoring slot %c generation %ld\n", L'A' + l->slot_number,
	    l->slot.generation);
	screen_starting(&l->screen);
	add(&r, IMG_KEY_RESULT, L"restored");
	add(&r, IMG_KEY_SLOT, L"%c", L'a' + l->slot_number);
	add(&r, IMG_KEY_GENERATION, L"%ld", l->slot.generation);
	add(&r, IMG_KEY_RANK, L"%ld", img_slot_rank(&l->slot, &l->state));
	add(&r, IMG_KEY_ATTEMPTS, L"%d", l->state.attempts);
	add(&r, IMG_KEY_SEALED, L"%a", img_slot_is_sealed(&l->slot) ? "yes" : "no");
	add_passed(&r, l);
	set_result(&r);
}

static const char *text(const char *s)
{
	return s ? s : "";
}

/* "partition 5f0a1d0e-...: ext4 superblock", followed by the field if known: "...: not found". */
static void word_object(const struct img_detail *d, CHAR16 *line, UINTN size)
{
	char uuid[IMG_GUID_TEXT];

	if (d->uuid) {
		img_guid_text(d->uuid, uuid);
		SPrint(line, size, L"partition %a: %a%a%a", uuid, text(d->object),
		       d->field ? ": " : "", text(d->field));
	} else if (d->object) {
		SPrint(line, size, L"%a %ld (0x%lx) %a", d->object, d->index, d->index,
		       text(d->field));
	}
}

static void add_to_message(struct message *m, const CHAR16 *format, ...)
{
	va_list args;

	va_start(args, format);
	VSPrint(m->line[m->lines++], sizeof(m->line[0]), format, args);
	va_end(args);
}

/* What is wrong, where, what to do about it. */
static void word_refusal(const struct img_detail *d, enum img_reason reason, const char *result,
			 struct message *ret_message)
{
	CHAR16 object[MESSAGE_CHARS] = { 0 };

	add_to_message(ret_message, L"%a: %a: %a", result, img_reason_code(reason),
		       img_reason_sentence(reason));
	word_object(d, object, sizeof(object));
	if (object[0] && d->golden != d->today)
		add_to_message(ret_message, L"  %s: golden 0x%lx, today 0x%lx", object, d->golden,
			       d->today);
	else if (object[0])
		add_to_message(ret_message, L"  %s", object);
	add_to_message(ret_message, L"  %a", img_reason_advice(reason));
}

static void add_detail(struct result *r, const struct img_detail *d)
{
	char uuid[IMG_GUID_TEXT];

	if (d->object)
		add(r, IMG_KEY_OBJECT, L"%a", d->object);
	add(r, IMG_KEY_INDEX, L"%ld", d->index);
	if (d->field)
		add(r, IMG_KEY_FIELD, L"%a", d->field);
	add(r, IMG_KEY_GOLDEN, L"0x%lx", d->golden);
	add(r, IMG_KEY_TODAY, L"0x%lx", d->today);
	if (!d->uuid)
		return;
	img_guid_text(d->uuid, uuid);
	add(r, IMG_KEY_PARTITION, L"%a", uuid);
}

static void say_refusal(const struct loader *l, const struct message *m)
{
	UINTN i;

	for (i = 0; i < m->lines; i++)
		say(l, L"fastboot: %s\n", m->line[i]);
	say(l, L"fastboot:   booting normally\n");
}

/* False: there was no image to restore, or someone chose a normal boot. */
static bool is_news(enum img_reason reason)
{
	return reason != IMG_E_SLOT_EMPTY && reason != IMG_E_SLOT_CONSUMED &&
	       reason != IMG_E_USER_ESCAPE;
}

static void show_refusal(const struct loader *l, const struct message *m, enum img_reason reason)
{
	if (!is_news(reason))
		screen_refusal(&l->screen, m, L"Booting normally");
	else if (screen_refusal(&l->screen, m, L"Booting normally; any key: at once"))
		console_wait(READING_SECONDS);
}

static struct result refused;

void report_refusal(const struct loader *l, enum img_reason reason)
{
	const char *result = reason == IMG_E_SIMULATED ? "simulated" : "refused";
	static struct message message;
	struct result *r = &refused;

	word_refusal(&l->detail, reason, result, &message);
	say_refusal(l, &message);
	add(r, IMG_KEY_RESULT, L"%a", result);
	add(r, IMG_KEY_CODE, L"%a", img_reason_code(reason));
	add(r, IMG_KEY_SENTENCE, L"%a", img_reason_sentence(reason));
	add_detail(r, &l->detail);
	add(r, IMG_KEY_ADVICE, L"%a", img_reason_advice(reason));
	add_passed(r, l);
	set_result(r);
	show_refusal(l, &message, reason);
}

void report_kernel(const struct loader *l, const CHAR16 *path)
{
	say(l, L"fastboot:   starting %s\n", path);
}

void report_no_kernel(const struct loader *l, const CHAR16 *path, const char *why)
{
	say(l, L"fastboot:   %s was not started: %a\n", path, why);
	add(&refused, IMG_KEY_KERNEL, L"%a", why);
	set_result(&refused);
}

EFI_STATUS reason_status(enum img_reason reason)
{
#define REASON_STATUS(sym, errno, status, image, code, sentence, advice)                           \
	[IMG_E_##sym] = EFI_##status,
	static const EFI_STATUS statuses[IMG_REASON_COUNT] = { IMG_REASONS(REASON_STATUS) };

	return statuses[reason];
}
