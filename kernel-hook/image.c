// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the stream to the slot.  Tasks are frozen, devices work, allocations do no I/O; all large
 * memory was reserved before.
 *
 * Commit: the slot's old header and state are erased and flushed; then chunks, sections and a new
 * state, flushed; then the header, flushed.  Whatever interrupts this leaves an empty slot, and the
 * other slot's image unchanged.
 *
 * The proofs are read after everything else: the freeze has flushed the disks by then, and the copy
 * of memory knows them in that state.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/ktime.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/utsname.h>

#include "fault.h"
#include "held.h"
#include "image.h"
#include "pack.h"
#include "proofs.h"
#include "record.h"
#include "report.h"
#include "request.h"
#include "seal.h"
#include "slot.h"
#include "status.h"
#include "stream.h"
#include "target.h"
#include "volume.h"

/* Reports an error; 0 is none. */
static int write_failed(struct image *image, const char *what, int error)
{
	if (!error)
		return 0;
	return report_obstacle(image->report, IMG_E_DISK_WRITE, error, "%s of slot %c: error %d",
			       what, 'A' + image->target->slot, error);
}

static int old_image_erase(struct image *image)
{
	const struct target *target = image->target;

	image->erased = slot_generation(target, target->slot);
	return write_failed(image, "erasure", slot_erase(target, target->slot));
}

/* The next page of the stream, or a page of zeroes that the stream leaves out. */
static int page_read(struct image *image, u64 entry, const struct pack_page *page)
{
	if (!(entry & STREAM_PFN_ZERO))
		return checkpoint_read(image->stream->checkpoint, page->user);
	memset(page->kernel, 0, PAGE_SIZE);
	return 0;
}

static bool page_pack(struct image *image, u64 entry)
{
	struct pack_page page;
	int error;

	if (!pack_reserve(image->pack, &page))
		return false;
	error = page_read(image, entry, &page);
	if (error) {
		report_obstacle(image->report, IMG_E_CAPTURE, error,
				"page %llx of the stream: error %d", entry, error);
		return false;
	}
	return pack_commit(image->pack, entry & ~STREAM_PFN_ZERO);
}

/* How far the auxiliary ranges have been merged into the stream. */
struct aux_cursor {
	u64 range;
	u64 page;
};

static bool aux_page_pack(struct image *image, const struct record_aux *aux, u64 page)
{
	struct pack_page to;

	if (!pack_reserve(image->pack, &to))
		return false;
	memcpy(to.kernel, aux->data + page * PAGE_SIZE, PAGE_SIZE);
	return pack_commit(image->pack, aux->pfn + page);
}

/* Packs the auxiliary pages below `pfn`; at `pfn` itself the stream's page takes precedence. */
static bool aux_pack_until(struct image *image, struct aux_cursor *at, u64 pfn)
{
	const struct record *record = image->record;

	while (at->range < record->nr_aux) {
		const struct record_aux *aux = &record->aux[at->range];

		if (at->page == aux->pages) {
			at->range++;
			at->page = 0;
		} else if (aux->pfn + at->page > pfn) {
			break;
		} else if (aux->pfn + at->page == pfn) {
			at->page++;
		} else if (!aux_page_pack(image, aux, at->page++)) {
			return false;
		}
	}
	return true;
}

static bool stream_pack(struct image *image)
{
	struct aux_cursor aux = { 0 };
	u64 i;

	for (i = 0; i < image->stream->count; i++) {
		u64 entry = stream_pfn(image->stream, i);

		if (i == image->stream->count / 2 && fault_at(FAULT_PAGE, image->report))
			return false;
		if (!aux_pack_until(image, &aux, entry & ~STREAM_PFN_ZERO) ||
		    !page_pack(image, entry))
			return false;
	}
	return aux_pack_until(image, &aux, ~0ull);
}

/* Counts runs of consecutive pfns; an auxiliary range adds one and must not split another. */
static u64 runs_count(const struct image *image)
{
	u64 i, next = ~0ull, runs = image->record->nr_aux;

	for (i = 0; i < image->stream->count; i++) {
		u64 pfn = stream_pfn(image->stream, i) & ~STREAM_PFN_ZERO;

		runs += pfn != next;
		next = pfn + 1;
	}
	return runs;
}

static int pages_write(struct image *image)
{
	const struct target *target = image->target;
	struct pack *pack = image->pack;

	pack_begin(pack, &target->volume, target->slot_offset, target->slot_size,
		   runs_count(image));
	(void)stream_pack(image); /* its failures are in pack or report */
	pack_drain(pack);
	(void)pack_verdict(pack, image->report);
	(void)fault_at(FAULT_DRAIN, image->report);
	return report_error(image->report);
}

static int seal_failed(struct image *image, const char *what, int error)
{
	if (!error)
		return 0;
	return report_obstacle(image->report, IMG_E_CAPTURE, error, "%s: error %d", what, error);
}

static void slot_describe(const struct image *image, struct img_slot *slot)
{
	slot->mode = image->request->mode;
	slot->generation = image->generation;
	slot->created = ktime_get_real_seconds();
	memcpy(slot->area_uuid, image->target->area.uuid, sizeof(slot->area_uuid));
	memcpy(slot->image_uuid, image->uuid, sizeof(slot->image_uuid));
	strscpy(slot->kernel_release, init_utsname()->release, sizeof(slot->kernel_release));
	strscpy(slot->description, image->request->description, sizeof(slot->description));
}

static int sections_write(struct image *image, const struct img_slot *slot,
			  const void *const data[])
{
	const struct target *target = image->target;
	int error = 0;
	u32 i;

	for (i = 0; i < slot->nr_sections && !error; i++)
		error = volume_write(&target->volume, target->slot_offset + slot->section[i].offset,
				     data[i], img_block_align(slot->section[i].size));
	return write_failed(image, "sections", error);
}

static int state_write(struct image *image)
{
	const struct target *target = image->target;

	return write_failed(image, "state", slot_write_state(target, target->slot, image->uuid));
}

static int slot_flush(struct image *image, const char *what)
{
	return write_failed(image, what, volume_flush(&image->target->volume));
}

/*
 * A header whose write or flush failed may be on the disk all the same.  The machine keeps running,
 * so that image must never be restored: the machine then writes to file systems, and the image
 * would be stale.
 */
static void header_withdraw(struct image *image)
{
	const struct target *target = image->target;
	int error = slot_erase(target, target->slot);

	image->uncertain = error;
	if (error)
		pr_err("slot %c may hold a failed image, and cannot be erased: error %d\n",
		       'A' + target->slot, error);
}

static int header_commit(struct image *image, const struct img_slot *slot)
{
	const struct target *target = image->target;
	int error = write_failed(image, "header", slot_write_header(target, target->slot, slot));
	bool absent = false;

	if (error) /* The slot was empty, durably: it still is if it looks so. */
		absent = slot_holds_none(target, target->slot);
	else
		error = fault_or(FAULT_HEADER_FLUSH, image->report,
				 slot_flush(image, "flush of the header"));
	if (error && !absent)
		header_withdraw(image);
	return error;
}

static void figures_take(struct image *image, const struct img_slot *slot)
{
	image->figures->pages = slot->nr_pages;
	image->figures->stored_pages = slot->nr_stored;
	image->figures->bytes = slot->data_size + slot->meta_size;
	image->figures->encode_ns = pack_encode_ns(image->pack);
	image->figures->disk_ns = image->pack->costs.disk_ns;
}

/* Fills in the slot header, and data[i] with the contents of section i. */
static int sections_lay_out(struct image *image, struct img_slot *slot,
			    const void *data[IMG_MAX_SECTIONS])
{
	struct img_writer_sections sections = record_sections(image->record);
	enum img_reason reason;

	sections.proof = image->proofs->disk;
	sections.nr_proofs = image->proofs->nr;
	sections.seal = image->seal->section;
	reason = img_writer_finish(&image->pack->writer, &sections, slot, data);
	if (!reason)
		return 0;
	return report_obstacle(image->report, reason, 0,
			       "sections after %llu chunks in a slot of %llu MiB",
			       image->pack->writer.nr_chunks, image->target->slot_size >> 20);
}

/*
 * The gates see to that; here it is what is about to happen.  dm-crypt is passed by, so only a seal
 * keeps the memory secret.
 */
static int secrecy_check(struct image *image)
{
	if (!image->target->crypt || image->seal->on)
		return 0;
	return report_obstacle(image->report, IMG_E_GATE_CRYPT, 0,
			       "%s is in an encrypted volume, and the image is not sealed",
			       image->target->name);
}

/* Everything that the header makes an image. */
static int slot_fill(struct image *image, struct img_slot *slot)
{
	const void *data[IMG_MAX_SECTIONS];
	struct report *report = image->report;
	int error = secrecy_check(image);

	if (!error)
		error = fault_or(FAULT_ERASE, report, old_image_erase(image));
	if (!error)
		error = fault_or(
			FAULT_SEAL_KEY, report,
			seal_failed(image, "keys of the seal", seal_begin(image->seal, slot)));
	if (!error)
		error = pages_write(image);
	if (!error)
		error = fault_or(
			FAULT_PROOFS_COLLECT, report,
			proofs_collect(image->proofs, image->survey, image->target, report));
	if (!error)
		error = sections_lay_out(image, slot, data);
	if (!error)
		error = fault_or(
			FAULT_SEAL_MAC, report,
			seal_failed(image, "MAC of the seal", seal_close(image->seal, slot, data)));
	if (!error)
		error = fault_or(FAULT_SECTIONS, report, sections_write(image, slot, data));
	if (!error)
		error = fault_or(FAULT_STATE, report, state_write(image));
	if (!error)
		error = fault_or(FAULT_FLUSH, report, slot_flush(image, "flush"));
	if (!error)
		figures_take(image, slot);
	return error;
}

static int slot_write(struct image *image)
{
	struct img_slot *slot = held_kcalloc(1, sizeof(*slot));
	int error;

	if (!slot)
		return report_obstacle(image->report, IMG_E_CAPTURE, -ENOMEM,
				       "no memory for a slot header");
	slot_describe(image, slot);
	error = slot_fill(image, slot);
	if (!error && image->request->level == SNAPSHOT_IMAGE)
		error = fault_or(FAULT_HEADER, image->report, header_commit(image, slot));
	held_kfree(slot);
	return error;
}

int image_write(struct image *image)
{
	int error = fault_or(FAULT_STREAM_BEGIN, image->report,
			     stream_begin(image->stream, image->report));

	if (error || image->request->level < SNAPSHOT_TEST_WRITE)
		return error;
	record_finish(image->record, &image->stream->arch);
	error = slot_write(image);
	seal_end(image->seal);
	return error;
}
