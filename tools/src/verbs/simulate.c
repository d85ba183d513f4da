// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * simulate: the loader's decision, made here.  The image is chosen as the loader chooses, and
 * img_decide is asked the loader's question about the running machine, its disks and a memory map.
 * Nothing is written, and no chunk is read: verify finds damage in those.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area/image.h"
#include "area/proofs.h"
#include "area/slots.h"
#include "area/slotstate.h"
#include "area/where.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "base/text.h"
#include "firmware/efivars.h"
#include "firmware/secureboot.h"
#include "machine/machine.h"
#include "machine/memmap.h"
#include "verbs/verbs.h"

struct request {
	const char *path;
	const char *memmap; /* NULL: the map of this boot */
	bool this_boot;
	int slot; /* -1: as the loader chooses */
};

const struct option_row simulate_options[] = {
	OPTION_FLAG("this-boot", struct request, this_boot, "use the memory map of this boot"),
	OPTION_TEXT("memmap", "FILE", struct request, memmap,
		    "use the memory map in FILE, lines START END TYPE"),
	OPTION_SLOT(struct request, slot,
		    "the image in this slot (default: the one that is restored next)"),
	{ 0 },
};

struct image {
	const struct area *area;
	uint32_t slot;
	const struct img_slot *header;
	const struct image_meta *tables;
	const struct img_meta *meta; /* the tables' */
};

static void put_refusal(enum img_reason reason, const struct img_detail *detail,
			struct json_object *to)
{
	json_put_text(to, "code", img_reason_code(reason));
	json_put_text(to, "sentence", img_reason_sentence(reason));
	json_put_text(to, "advice", img_reason_advice(reason));
	json_put_text(to, "object", detail->object);
	json_put_text(to, "field", detail->field);
	json_put_number(to, "index", detail->index);
	json_put_hex(to, "golden", detail->golden);
	json_put_hex(to, "today", detail->today);
	json_put_text(to, "partition", detail->uuid ? text_guid(detail->uuid).s : NULL);
}

/* Shows what the map says about the first page that is not free. */
static void explain_page(enum img_reason reason, const struct img_detail *detail,
			 struct json_object *to)
{
	const char *kind =
		detail->today == ~0ull ? "not in the map" : memmap_type_name(detail->today);

	if (reason != IMG_E_PAGE_NOT_FREE)
		return;
	out_text("  the page at %#" PRIx64 ": %s\n", detail->golden, kind);
	json_put_text(to, "memory", kind);
}

static int refuse(const struct area *area, uint32_t slot, enum img_reason reason,
		  const struct img_detail *detail)
{
	struct json_object *json = json_put_object(out_json(), "verdict");

	json_put_bool(json, "restore", false);
	put_refusal(reason, detail, json);
	explain_page(reason, detail, json);
	out_text("verdict: the loader would refuse, and the machine would boot normally\n");
	return fail_reason(reason, detail, image_where(area, slot).s);
}

/* Shows the other slots that cannot be restored, and why. */
static void report_passed(const struct slots *slots, uint32_t slot)
{
	struct json_object *passed = json_put_array(out_json(), "passed_over");

	for (uint32_t i = 0; i < slots->nr; i++) {
		enum img_reason reason = slots->usable[i];
		struct json_object *row;

		if (i == slot || !reason || reason == IMG_E_SLOT_EMPTY)
			continue;
		out_text("slot %c: passed over: %s: %s\n", text_slot(i), img_reason_code(reason),
			 img_reason_sentence(reason));
		row = json_append_object(passed);
		json_put_slot(row, "slot", i);
		json_put_text(row, "code", img_reason_code(reason));
	}
}

static int choose(const struct request *req, const struct area *area, struct slots *slots,
		  uint32_t *ret_slot)
{
	int status = slots_read_all(area, slots);
	enum img_reason reason;

	if (status)
		return status;
	reason = slots_find(slots, req->slot, ret_slot);
	if (reason)
		return refuse(area, *ret_slot, reason, &slots->detail[*ret_slot]);
	report_passed(slots, *ret_slot);
	return 0;
}

/* The machine today. */

struct today {
	struct img_fp fp;
	struct memmap map;
	struct disks disks;
	struct proofs proofs;
	uint64_t runtime_services;
};

static void free_today(struct today **today)
{
	if (*today)
		disks_close(&(*today)->disks);
	free(*today);
}

static void report_gap(const char *what, const char *why)
{
	struct json_object *row = json_append_object(json_array_of(out_json(), "not_compared"));

	out_text("  not compared: %s (%s)\n", what, why);
	json_put_text(row, "what", what);
	json_put_text(row, "why", why);
}

static int read_map(const struct request *req, const struct img_meta *meta, struct memmap *map)
{
	bool runtime = true;
	int status = req->memmap ? memmap_read_file(req->memmap, map)
				 : memmap_read_this_boot(map, &runtime);

	if (status)
		return status;
	if (!req->memmap)
		report_gap("what the firmware itself uses until the kernel starts",
			   "a running system counts it as free");
	if (!runtime && !machine_adopt_runtime_map(meta, map, report_gap))
		return fail_errno(FAIL_NO_MEMORY, "the memory map");
	return 0;
}

static int read_machine(const struct request *req, const struct image *image, struct today *today)
{
	int status = read_map(req, image->meta, &today->map);

	if (!status)
		status = machine_fingerprint(image->meta, &today->map, &today->fp, report_gap);
	if (!status)
		status = disks_open(&today->disks, true);
	today->runtime_services = machine_runtime_services(image->meta, report_gap);
	today->proofs = (struct proofs){ .disks = &today->disks, .own = &image->area->part };
	return status;
}

/* The decision. */

static void report_pages(const struct img_verdict *verdict)
{
	struct json_object *json = json_put_object(out_json(), "pages");

	out_text("  pages: %" PRIu64 " free, %" PRIu64
		 " used by the firmware until the loader leaves it, %" PRIu64 " to spare\n",
		 verdict->pages_free, verdict->pages_busy, verdict->pages_spare);
	json_put_number(json, "free", verdict->pages_free);
	json_put_number(json, "busy", verdict->pages_busy);
	json_put_number(json, "spare", verdict->pages_spare);
}

/* Only a decision that got as far as the pages has counted them. */
static bool pages_counted(enum img_reason reason)
{
	return reason == IMG_OK || reason == IMG_E_NO_MEMORY;
}

static int decide(const struct image *image, struct today *today)
{
	const struct img_proof_probe probe = proofs_probe(&today->proofs);
	const struct img_machine machine = { .fp = &today->fp,
					     .map = today->map.range,
					     .nr_map = today->map.nr,
					     .runtime_services = today->runtime_services,
					     .proofs = &probe };
	struct img_verdict verdict;

	proofs_report(&today->proofs, image->meta, json_put_array(out_json(), "proofs"), NULL,
		      NULL);
	img_decide(image->meta, &machine, IMG_SPARE_PAGES, &verdict);
	proofs_complete_detail(&today->proofs, verdict.reason, &verdict.detail);
	if (pages_counted(verdict.reason))
		report_pages(&verdict);
	if (verdict.reason)
		return refuse(image->area, image->slot, verdict.reason, &verdict.detail);
	out_text("verdict: the loader would restore slot %c, generation %" PRIu64 "\n",
		 text_slot(image->slot), image->header->generation);
	json_put_bool(json_put_object(out_json(), "verdict"), "restore", true);
	return 0;
}

static void report_image(const struct image *image)
{
	struct json_object *json = out_json();

	out_text("%s: slot %c, generation %" PRIu64 "\n", image->area->part.path,
		 text_slot(image->slot), image->header->generation);
	json_put_slot(json, "slot", image->slot);
	json_put_number(json, "generation", image->header->generation);
	slotstate_json_seal(image->header, image->tables->seal.domain, json);
	(void)json_array_of(json, "not_compared");
	if (!img_slot_is_sealed(image->header))
		return;
	out_text("  sealed (%s)\n", slotstate_seal(image->header, image->tables->seal.domain));
	report_gap("authenticity, and what the loader has restored before",
		   "the key is in the firmware");
}

/* Does the boot entry ask for sealed images without Secure Boot, too? */
static int read_always(bool *ret_always)
{
	char options[BOOT_MAX_OPTIONS + 1];
	_cleanup_entry_ struct boot_entry entry = { .present = false };
	int status = efivars_find_entry(&entry);

	if (status || !entry.present)
		return status;
	efivars_entry_options(&entry, options);
	*ret_always = boot_options_seal_always(options);
	return 0;
}

/*
 * What only the firmware knows is taken to be in the image's favour; report_image() has named it.
 * A system can read neither the loader's memory of old images nor its rule for vetted kernels.
 */
static int check_trust(const struct image *image)
{
	const struct img_seal *seal =
		img_slot_is_sealed(image->header) ? &image->tables->seal : NULL;
	struct img_trust trust = { 0 };
	struct img_detail detail = { 0 };
	enum secureboot state;
	enum img_reason reason;
	int status = secureboot_read(&state);

	if (!status && state == SECUREBOOT_UNKNOWN) {
		report_gap("whether the image must be sealed", "there are no EFI variables");
		return 0;
	}
	if (!status)
		status = read_always(&trust.always);
	if (status)
		return status;
	trust.secure_boot = state == SECUREBOOT_ON;
	reason = img_trust_decide(image->header, seal, &trust, &detail);
	return reason ? refuse(image->area, image->slot, reason, &detail) : 0;
}

static int simulate_image(const struct request *req, const struct image *image)
{
	__attribute__((cleanup(free_today))) struct today *today = calloc(1, sizeof(*today));
	int status;

	if (!today)
		return fail_errno(FAIL_NO_MEMORY, "%s", image->area->part.path);
	report_image(image);
	status = check_trust(image);
	if (!status)
		status = read_machine(req, image, today);
	return status ? status : decide(image, today);
}

/*
 * The loader looks for an area on partitions, or where its boot entry says (efi/discover.c).  A
 * file that holds a partition's content is no concern of a boot entry.
 */
static int check_entry(const struct area *area)
{
	const struct img_detail detail = { .object = "boot entry", .field = "area=" };
	const struct where_option place = where_option(&area->header);
	_cleanup_entry_ struct boot_entry entry = { .present = false };
	char options[BOOT_MAX_OPTIONS + 1];
	int status;

	if (!area_is_here(area))
		return 0;
	if (!efivars_available()) {
		report_gap("the boot entry's option area=", "there are no EFI variables");
		return 0;
	}
	status = efivars_find_entry(&entry);
	if (status || !entry.present)
		return status;
	efivars_entry_options(&entry, options);
	if (boot_options_have_area(options, place.s))
		return 0;
	return refuse(area, 0, IMG_E_AREA_MISSING, &detail);
}

static int simulate(const struct request *req)
{
	const struct area_request request = { .verb = "simulate",
					      .path = req->path,
					      .slot = req->slot };
	_cleanup_area_ struct area area = AREA_CLOSED;
	_cleanup_meta_ struct image_meta meta = { .buf = NULL };
	struct slots slots;
	struct img_detail detail = { 0 };
	struct image image = { .area = &area, .tables = &meta, .meta = &meta.meta };
	enum img_reason reason;
	int status = area_open(&request, &area);

	if (status)
		return status;
	json_put_text(out_json(), "device", area.part.path);
	status = check_entry(&area);
	if (!status)
		status = choose(req, &area, &slots, &image.slot);
	if (status)
		return status;
	image.header = &slots.header[image.slot];
	reason = image_read_meta(&area, image.slot, image.header, &meta, &detail);
	if (reason == IMG_E_DISK_READ || reason == IMG_E_NO_MEMORY)
		return image_fail(reason, NULL, area.part.path);
	if (reason)
		return refuse(&area, image.slot, reason, &detail);
	return simulate_image(req, &image);
}

int verb_simulate(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .slot = -1 };
	int status = args_parse(verb, argc, argv, &req, &req.path);

	if (!status && req.this_boot == (req.memmap != NULL))
		status = fail(FAIL_USAGE, "simulate: give either --this-boot or --memmap FILE");
	return status ? status : simulate(&req);
}
