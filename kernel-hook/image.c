// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the stream to the slot.  Tasks are frozen, devices work, allocations do
 * no I/O; all memory of any size was reserved before.
 *
 * Commit: the slot's old header and state are erased and that is flushed; then
 * chunks and sections, flushed; then the header, flushed.  Whatever interrupts
 * this leaves an empty slot, and the other slot's image as it was.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>

#include "disk.h"
#include "snapshot.h"

static int write_failed(struct snapshot *snapshot, const char *what, int error)
{
	if (!error)
		return 0;
	return report_obstacle(snapshot->report, IMG_E_DISK_WRITE, error, "%s of slot %c: error %d",
			       what, 'A' + snapshot->target.slot, error);
}

/* Header and state, which lie side by side: one write of zeroes. */
static int slot_erase(struct snapshot *snapshot)
{
	struct target *target = &snapshot->target;
	void *zeroes = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, 1);
	int error = -ENOMEM;

	if (zeroes)
		error = disk_write(target->file, target->slot_offset, zeroes, 2 * IMG_BLOCK);
	if (!error)
		error = disk_flush(target->file);
	free_pages((unsigned long)zeroes, 1);
	return write_failed(snapshot, "old header", error);
}

/* The next page of the stream, or a page of zeroes that the stream leaves out. */
static int page_read(struct snapshot *snapshot, u64 entry, const struct pack_page *page)
{
	if (!(entry & STREAM_PFN_ZERO))
		return checkpoint_read(&snapshot->checkpoint, page->user);
	memset(page->kernel, 0, PAGE_SIZE);
	return 0;
}

static bool page_pack(struct snapshot *snapshot, u64 entry)
{
	struct pack_page page;
	int error;

	if (!pack_reserve(&snapshot->pack, &page))
		return false;
	error = page_read(snapshot, entry, &page);
	if (error) {
		report_obstacle(snapshot->report, IMG_E_CAPTURE, error,
				"page %llx of the stream: error %d", entry, error);
		return false;
	}
	return pack_commit(&snapshot->pack, entry & ~STREAM_PFN_ZERO);
}

/* How far the auxiliary ranges have been merged into the stream. */
struct aux_cursor {
	u64 range;
	u64 page;
};

static bool aux_page_pack(struct snapshot *snapshot, const struct record_aux *aux, u64 page)
{
	struct pack_page to;

	if (!pack_reserve(&snapshot->pack, &to))
		return false;
	memcpy(to.kernel, aux->data + page * PAGE_SIZE, PAGE_SIZE);
	return pack_commit(&snapshot->pack, aux->pfn + page);
}

/* Packs the auxiliary pages below `pfn`; one at `pfn` gives way to the stream's. */
static bool aux_pack_until(struct snapshot *snapshot, struct aux_cursor *at, u64 pfn)
{
	const struct record *record = &snapshot->record;

	while (at->range < record->nr_aux) {
		const struct record_aux *aux = &record->aux[at->range];

		if (at->page == aux->pages) {
			at->range++;
			at->page = 0;
		} else if (aux->pfn + at->page > pfn) {
			break;
		} else if (aux->pfn + at->page == pfn) {
			at->page++;
		} else if (!aux_page_pack(snapshot, aux, at->page++)) {
			return false;
		}
	}
	return true;
}

static bool stream_pack(struct snapshot *snapshot)
{
	struct aux_cursor aux = { 0 };
	u64 i;

	for (i = 0; i < snapshot->stream.count; i++) {
		u64 entry = snapshot->stream.pfn[i];

		if (!aux_pack_until(snapshot, &aux, entry & ~STREAM_PFN_ZERO) ||
		    !page_pack(snapshot, entry))
			return false;
	}
	return aux_pack_until(snapshot, &aux, ~0ull);
}

/* Runs of consecutive pfns; an auxiliary range adds itself and may split none. */
static u64 runs_count(const struct snapshot *snapshot)
{
	u64 i, next = ~0ull, runs = snapshot->record.nr_aux;

	for (i = 0; i < snapshot->stream.count; i++) {
		u64 pfn = snapshot->stream.pfn[i] & ~STREAM_PFN_ZERO;

		runs += pfn != next;
		next = pfn + 1;
	}
	return runs;
}

static int pages_write(struct snapshot *snapshot)
{
	struct target *target = &snapshot->target;
	struct pack *pack = &snapshot->pack;

	pack_begin(pack, target->file, target->slot_offset, target->slot_size,
		   runs_count(snapshot));
	(void)stream_pack(snapshot); /* its failures are in pack or report */
	pack_drain(pack);
	(void)pack_verdict(pack, snapshot->report);
	return report_error(snapshot->report);
}

static void slot_describe(const struct snapshot *snapshot, struct img_slot *slot)
{
	slot->mode = IMG_MODE_GOLDEN;
	slot->generation = snapshot->generation;
	slot->created = ktime_get_real_seconds();
	memcpy(slot->area_uuid, snapshot->target.area.uuid, sizeof(slot->area_uuid));
	memcpy(slot->image_uuid, snapshot->image_uuid, sizeof(slot->image_uuid));
	strscpy(slot->kernel_release, init_utsname()->release, sizeof(slot->kernel_release));
	strscpy(slot->description, snapshot->description, sizeof(slot->description));
}

static int sections_write(struct snapshot *snapshot, const struct img_slot *slot,
			  const void *const data[])
{
	const struct target *target = &snapshot->target;
	int error = 0;
	u32 i;

	for (i = 0; i < slot->nr_sections && !error; i++)
		error = disk_write(target->file, target->slot_offset + slot->section[i].offset,
				   data[i], img_block_align(slot->section[i].size));
	if (!error)
		error = disk_flush(target->file);
	return write_failed(snapshot, "sections", error);
}

static int header_write(struct snapshot *snapshot, const struct img_slot *slot)
{
	const struct target *target = &snapshot->target;
	void *block = (void *)__get_free_page(GFP_KERNEL);
	int error = -ENOMEM;

	if (block) {
		img_slot_encode(slot, block);
		error = disk_write(target->file, target->slot_offset, block, IMG_BLOCK);
	}
	if (!error)
		error = disk_flush(target->file);
	free_page((unsigned long)block);
	return write_failed(snapshot, "header", error);
}

static void figures_take(struct snapshot *snapshot, const struct img_slot *slot)
{
	snapshot->figures.pages = slot->nr_pages;
	snapshot->figures.stored_pages = slot->nr_stored;
	snapshot->figures.bytes = slot->data_size + slot->meta_size;
}

static int slot_commit(struct snapshot *snapshot, struct img_slot *slot)
{
	struct img_writer_sections sections = record_sections(&snapshot->record);
	const void *data[IMG_MAX_SECTIONS];
	enum img_reason reason;
	int error;

	slot_describe(snapshot, slot);
	reason = img_writer_finish(&snapshot->pack.writer, &sections, slot, data);
	if (reason)
		return report_obstacle(snapshot->report, reason, 0,
				       "sections behind %llu chunks in a slot of %llu MiB",
				       snapshot->pack.writer.nr_chunks,
				       snapshot->target.slot_size >> 20);
	error = sections_write(snapshot, slot, data);
	if (!error)
		error = header_write(snapshot, slot);
	if (!error)
		figures_take(snapshot, slot);
	return error;
}

int image_write(struct snapshot *snapshot)
{
	struct img_slot *slot = kzalloc(sizeof(*slot), GFP_KERNEL);
	int error;

	if (!slot)
		return report_obstacle(snapshot->report, IMG_E_CAPTURE, -ENOMEM,
				       "no memory for a slot header");
	error = stream_begin(&snapshot->stream, snapshot->report);
	if (!error) {
		record_finish(&snapshot->record, &snapshot->stream.arch);
		error = slot_erase(snapshot);
	}
	if (!error)
		error = pages_write(snapshot);
	if (!error)
		error = slot_commit(snapshot, slot);
	kfree(slot);
	return error;
}

int image_count_restore(struct snapshot *snapshot, u64 restores)
{
	const struct target *target = &snapshot->target;
	struct img_state state = { .restores = restores };
	void *block = (void *)get_zeroed_page(GFP_KERNEL);
	int error;

	if (!block)
		return -ENOMEM;
	img_state_encode(&state, snapshot->image_uuid, block);
	error = disk_write(target->file, target->slot_offset + IMG_BLOCK, block, IMG_BLOCK);
	if (!error)
		error = disk_flush(target->file);
	free_page((unsigned long)block);
	return error;
}
