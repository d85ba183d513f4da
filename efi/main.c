// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fastbootx64.efi: puts a saved kernel back into memory and returns into its
 * checkpoint.
 *
 * The order is the promise: the loader checks everything it can before it claims
 * memory, checks every byte of the image before it records the attempt on the
 * disk, and records the attempt before it exits boot services.  Every failure up
 * to that point ends in an error to the firmware, which then boots the next entry,
 * or in the kernel of the boot entry, if that has one.
 *
 * Of a sealed image it authenticates the header and all sections before it uses
 * anything in them, and each chunk before it decodes it; what it remembers of the
 * image is in its variable before it exits boot services.  A start that ends in a
 * normal boot leaves a key for the next sealed image.
 */
#include "alloc.h"
#include "attempt.h"
#include "claim.h"
#include "console.h"
#include "detail.h"
#include "discover.h"
#include "enter.h"
#include "image.h"
#include "kernel.h"
#include "keypage.h"
#include "loader.h"
#include "machine.h"
#include "pipeline.h"
#include "proofs.h"
#include "refusal.h"
#include "report.h"
#include "screen.h"
#include "seal.h"
#include "sleepers.h"
#include "trust.h"
#include "volume.h"

#define CALIBRATIONS   4
#define CALIBRATION_US 500

/* Interruptions (SMM, a busy host) lengthen a measurement: the shortest one counts. */
static uint64_t measure_tsc(void)
{
	uint64_t shortest = UINT64_MAX;
	int i;

	for (i = 0; i < CALIBRATIONS; i++) {
		uint64_t start = tsc(), ticks;

		BS->Stall(CALIBRATION_US);
		ticks = tsc() - start;
		if (ticks < shortest)
			shortest = ticks;
	}
	return shortest * (1000000 / CALIBRATION_US);
}

static enum img_reason read_options(struct loader *l)
{
	EFI_GUID guid = LOADED_IMAGE_PROTOCOL;
	EFI_LOADED_IMAGE *image;
	struct img_word unknown;

	l->options = IMG_OPTIONS_DEFAULT;
	if (EFI_ERROR(BS->HandleProtocol(l->self, &guid, (void **)&image)))
		return IMG_OK;
	if (img_options_parse(image->LoadOptions, image->LoadOptionsSize / 2, true, &l->options,
			      &unknown))
		return IMG_OK;
	l->detail = (struct img_detail){ .object = "boot entry option", .index = unknown.number };
	return IMG_E_BAD_OPTION;
}

static enum img_reason read_image(struct loader *l)
{
	enum img_reason reason = area_find(l);

	if (reason == IMG_OK)
		reason = image_read_headers(l);
	if (reason != IMG_OK)
		return reason;
	stamp(l, IMG_STAMP_FOUND);
	report_start(l);
	reason = image_read_sections(l);
	stamp(l, IMG_STAMP_META);
	return reason;
}

static enum img_reason decide(struct loader *l)
{
	const struct img_proof_probe proofs = { .ctx = &l->proofs, .digest = proofs_digest };
	struct img_machine machine = { .fp = &l->fp, .proofs = &proofs };
	enum img_reason reason = sleepers_look(l);

	if (reason == IMG_OK)
		reason = proofs_prepare(&l->memory, volume_partition(&l->volume), &l->meta,
					&l->proofs);
	if (reason == IMG_OK)
		reason = machine_look(&l->memory, &l->map, &l->fp);
	if (reason != IMG_OK)
		return reason;
	machine.map = l->map.range;
	machine.nr_map = l->map.nr;
	machine.runtime_services = (uint64_t)RT;
	img_decide(&l->meta, &machine, IMG_SPARE_PAGES, &l->verdict);
	l->handoff.bytes_read += l->proofs.bytes_read;
	stamp(l, IMG_STAMP_DECIDED);
	l->detail = l->verdict.detail;
	detail_complete(l, l->verdict.reason);
	if (l->verdict.reason == IMG_OK && l->options.simulate)
		return IMG_E_SIMULATED;
	return l->verdict.reason;
}

/* Fills claimed memory with the image; the firmware still owns the machine on return. */
static enum img_reason overlay(struct loader *l, struct entry *entry)
{
	enum img_reason reason = claim_all(&l->memory, &l->meta, &l->map, &l->claim);

	stamp(l, IMG_STAMP_CLAIMED);
	if (reason == IMG_OK)
		reason = entry_prepare(l, entry);
	if (reason == IMG_OK)
		reason = pipeline_run(l);
	return reason;
}

static enum img_reason fast_boot(struct loader *l)
{
	enum img_reason reason = read_options(l);
	struct entry entry;

	refusal_take(l);
	trust_look(l->options.seal_always, &l->trust);
	l->trust.vetted = l->options.kernel[0] != 0;
	if (trust_is_sealing(&l->trust))
		keypage_withdraw();
	if (reason == IMG_OK)
		reason = read_image(l);
	if (reason == IMG_OK)
		reason = decide(l);
	if (reason == IMG_OK)
		reason = overlay(l, &entry);
	seal_forget(l);
	if (reason == IMG_OK && console_escape(&l->console))
		reason = IMG_E_USER_ESCAPE;
	if (reason == IMG_OK)
		reason = attempt_record(l);
	stamp(l, IMG_STAMP_RECORDED);
	if (reason == IMG_OK)
		reason = entry_enter(l, &entry);
	return reason;
}

/*
 * A key is for whoever boots next.  If the options are unknown, so is whether that was meant to be
 * a kernel of the boot entry, and there is none.
 */
static void normal_boot(struct loader *l, enum img_reason reason)
{
	if (reason == IMG_E_BAD_OPTION)
		return;
	if (l->options.kernel[0])
		kernel_start(l);
	else
		keypage_leave(&l->trust, &l->handoff);
}

/* Called by GNU-EFI's start-up code. */
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system_table);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system_table)
{
	static struct loader loader; /* too large for the firmware's stack */
	enum img_reason reason;

	InitializeLib(image, system_table);
	memset(&loader, 0, sizeof(loader));
	loader.self = image;
	stamp(&loader, IMG_STAMP_ENTRY);
	loader.handoff.tsc_hz = measure_tsc();
	console_open(loader.handoff.tsc_hz, &loader.console);
	screen_open(&loader.console, &loader.options, &loader.handoff, &loader.screen);

	reason = fast_boot(&loader);
	alloc_release(&loader.memory);
	report_refusal(&loader, reason);
	normal_boot(&loader, reason);
	return reason_status(reason);
}
