// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What people and the next kernel are told: lines on the firmware's console,
 * and the result in a volatile EFI variable, which lives in memory until power
 * goes and which the normally booted kernel shows in efivarfs.
 */
#include <stdarg.h>

#include "loader.h"

#define RESULT_CHARS 1024

/* 8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35; docs/loader.md gives the text's form. */
static EFI_GUID result_guid = {
	0x8ac4f28e, 0x6d6f, 0x4bd2, { 0x9e, 0x59, 0x1a, 0x1c, 0xf6, 0x6f, 0x2b, 0x35 }
};

static void set_result(const CHAR16 *format, ...)
{
	static CHAR16 wide[RESULT_CHARS];
	static CHAR8 text[RESULT_CHARS];
	UINTN length, i;
	va_list args;

	va_start(args, format);
	length = VSPrint(wide, sizeof(wide), format, args);
	va_end(args);
	for (i = 0; i < length; i++)
		text[i] = (CHAR8)wide[i];
	RT->SetVariable(L"FastbootLastResult", &result_guid,
			EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS, length,
			text);
}

void report_start(const struct loader *l)
{
	Print(L"fastboot: slot %c, generation %ld, %a\n", L'A' + l->slot_number, l->slot.generation,
	      l->slot.kernel_release);
	Print(L"fastboot: reading %ld MiB for %ld MiB of memory\n",
	      (l->slot.data_size + l->slot.meta_size) / MIB, l->slot.nr_pages / 256);
}

/* Four lines a boot at most: consoles are slow. */
void report_progress(const struct loader *l, uint64_t chunks)
{
	static uint64_t shown;
	uint64_t quarter = chunks * 4 / l->meta.nr_chunks;

	if (quarter > shown && quarter < 4)
		Print(L"fastboot: %ld %%\n", quarter * 25);
	shown = quarter;
}

static void report_stages(const struct loader *l)
{
	static const CHAR16 *const name[] = {
		[IMG_STAMP_FOUND] = L"found",	  [IMG_STAMP_META] = L"sections",
		[IMG_STAMP_DECIDED] = L"decided", [IMG_STAMP_CLAIMED] = L"claimed",
		[IMG_STAMP_READ] = L"read",	  [IMG_STAMP_DECODED] = L"decoded",
	};
	uint64_t tick = l->handoff.tsc_hz / 1000000, i;

	for (i = IMG_STAMP_FOUND; tick && i < ARRAY_SIZE(name); i++)
		Print(L"fastboot:   %s at %ld us\n", name[i],
		      (l->handoff.stamp[i] - l->handoff.stamp[IMG_STAMP_ENTRY]) / tick);
	Print(L"fastboot:   %d processors, %ld pages direct, %ld staged in %ld pieces\n",
	      l->handoff.workers, l->handoff.pages_direct, l->handoff.pages_staged,
	      l->staging.count);
}

void report_restore(const struct loader *l)
{
	if (l->options.verbose)
		report_stages(l);
	Print(L"fastboot: restoring slot %c generation %ld\n", L'A' + l->slot_number,
	      l->slot.generation);
	set_result(L"result=restored\nslot=%c\ngeneration=%ld\n", L'a' + l->slot_number,
		   l->slot.generation);
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static void print_detail(const struct img_detail *d)
{
	if (!d->object)
		return;
	Print(L"fastboot:   %a %ld (0x%lx) %a: golden 0x%lx, today 0x%lx\n", d->object, d->index,
	      d->index, text(d->field), d->golden, d->today);
}

void report_refusal(const struct loader *l, enum img_reason reason)
{
	const struct img_detail *d = &l->detail;
	const char *result = reason == IMG_E_SIMULATED ? "simulated" : "refused";

	Print(L"fastboot: %a: %a: %a\n", result, img_reason_code(reason),
	      img_reason_sentence(reason));
	print_detail(d);
	Print(L"fastboot:   %a\n", img_reason_advice(reason));
	set_result(L"result=%a\ncode=%a\nsentence=%a\nobject=%a\nindex=%ld\nfield=%a\n"
		   L"golden=0x%lx\ntoday=0x%lx\nadvice=%a\n",
		   result, img_reason_code(reason), img_reason_sentence(reason), text(d->object),
		   d->index, text(d->field), d->golden, d->today, img_reason_advice(reason));
}

/* Any error makes the boot manager go on; these only choose the word it prints. */
EFI_STATUS reason_status(enum img_reason reason)
{
	switch (reason) {
	case IMG_E_AREA_MISSING:
	case IMG_E_SLOT_EMPTY:
		return EFI_NOT_FOUND;
	case IMG_E_NO_MEMORY:
		return EFI_OUT_OF_RESOURCES;
	case IMG_E_DISK_READ:
		return EFI_DEVICE_ERROR;
	case IMG_E_VERSION:
	case IMG_E_INCOMPAT:
		return EFI_INCOMPATIBLE_VERSION;
	case IMG_E_BAD_OPTION:
		return EFI_INVALID_PARAMETER;
	case IMG_E_SIMULATED:
		return EFI_ABORTED;
	default:
		return EFI_LOAD_ERROR;
	}
}
