// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <uuid/uuid.h>

#include "area/slotstate.h"
#include "base/text.h"
#include "machine/fingerprint_item.h"
#include "verbs/inspect.h"

static struct text pages_size(uint64_t pages)
{
	return text_size(pages * IMG_PAGE_SIZE);
}

static void show_header(const struct inspect_slot *slot)
{
	const struct img_slot *header = &slot->header;
	char uuid[UUID_STR_LEN];

	uuid_unparse_lower(header->image_uuid, uuid);
	printf("slot %c: generation %" PRIu64 ", %s, %s\n", text_slot(slot->number),
	       header->generation, slotstate_mode(header->mode),
	       slotstate_counts(header, &slot->state).s);
	slotstate_print_refusal("  ", header, &slot->state);
	printf("  image        %s\n", uuid);
	printf("  taken        %s\n", text_time(header->created, time(NULL)).s);
	printf("  kernel       %s\n", header->kernel_release);
	if (img_slot_is_sealed(header))
		printf("  sealed       %s; %s\n", slotstate_seal(header, slot->meta.seal.domain),
		       SEAL_NOT_CHECKED);
	if (img_slot_description(header, &slot->state)[0])
		printf("  description  %s\n", slotstate_description(header, &slot->state).s);
}

static void show_stats(const struct inspect_slot *slot)
{
	const struct stats *s = &slot->stats;
	const struct img_slot *header = &slot->header;

	printf("  memory       %" PRIu64 " pages (%s) in %" PRIu64 " runs\n", header->nr_pages,
	       pages_size(header->nr_pages).s, slot->meta.meta.nr_runs);
	printf("  constant     %" PRIu64 " pages in %" PRIu64 " runs, %" PRIu64
	       " of them zero; %" PRIu64 " more in chunks\n",
	       s->pages_filled, s->runs_filled, s->pages_zero, s->pages_in_fill_chunks);
	printf("  on disk      %s, %.1f %% of the memory, and %s of tables\n",
	       text_size(s->bytes_on_disk).s, stats_percent(&slot->meta.meta, s),
	       text_size(header->meta_size).s);
	printf("  chunks       %" PRIu64 " LZ4, %" PRIu64 " raw, %" PRIu64 " constant\n",
	       s->chunks_lz4, s->chunks_raw, s->chunks_fill);
}

static void show_record(const struct img_record *record)
{
	printf("  re-entry     %#" PRIx64 " (physical %#" PRIx64 "), cr3 %#" PRIx64 ", %" PRIu32
	       " paging levels\n",
	       record->jump_address, record->jump_address_phys, record->cr3, record->paging_levels);
	printf("  registers    cr0 %#" PRIx64 ", cr4 %#" PRIx64 ", efer %#" PRIx64 "\n",
	       record->cr0, record->cr4, record->efer);
	printf("  handoff      page at %#" PRIx64 "\n", record->handoff_phys);
	if (record->key_phys)
		printf("  key          page at %#" PRIx64 "\n", record->key_phys);
	printf("  efi.runtime  %#" PRIx64 "\n", record->efi_runtime);
	printf("  RAM          %s\n", text_size(record->ram_bytes).s);
}

static void show_fingerprint(const struct img_meta *meta)
{
	printf("  fingerprint, %" PRIu64 " items\n", meta->nr_fp);
	for (uint64_t i = 0; i < meta->nr_fp; i++) {
		struct img_fp_item item = img_meta_fp(meta, i);
		struct fingerprint_item_text text = fingerprint_item_describe(&item);

		printf("    %-26s %s\n", text.what, text.value);
	}
}

static void show_runtime_map(const struct img_meta *meta)
{
	printf("  EFI runtime map, %" PRIu64 " regions\n", meta->nr_rtmap);
	for (uint64_t i = 0; i < meta->nr_rtmap; i++) {
		struct img_rtregion region = img_meta_rtregion(meta, i);

		printf("    %#14" PRIx64 " at %#18" PRIx64 " %6" PRIu64 " pages, type %" PRIu32
		       ", attributes %#" PRIx64 "\n",
		       region.phys, region.virt, region.pages, region.type, region.attribute);
	}
}

static void show_aux(const struct img_meta *meta)
{
	printf("  auxiliary ranges, %" PRIu64 "\n", meta->nr_aux);
	for (uint64_t i = 0; i < meta->nr_aux; i++) {
		struct img_aux aux = img_meta_aux(meta, i);

		printf("    page %#" PRIx64 ", %" PRIu64 " pages, kind %" PRIu32 "\n", aux.pfn,
		       aux.pages, aux.kind);
	}
}

static void show_proofs(const struct img_meta *meta)
{
	printf("  proofs, %" PRIu64 "\n", meta->nr_proofs);
	for (uint64_t i = 0; i < meta->nr_proofs; i++) {
		struct img_proof proof = img_meta_proof(meta, i);

		printf("    %-26s %s%s, byte %" PRIu64 ", %" PRIu32 " bytes\n",
		       img_proof_kind_name(proof.kind),
		       proof.flags & IMG_PROOF_WHOLE_DISK ? "disk of " : "",
		       text_is_zero_uuid(proof.part_uuid) ? "the image's partition"
							  : text_guid(proof.part_uuid).s,
		       proof.offset, proof.size);
	}
}

static void show_runs(const struct inspect_slot *slot)
{
	printf("  longest runs\n");
	for (uint64_t i = 0; i < slot->stats.nr_biggest; i++) {
		struct img_run run = img_meta_run(&slot->meta.meta, slot->stats.biggest[i]);

		printf("    page %#10" PRIx64 ", %7" PRIu32 " pages (%s), %s\n", run.pfn, run.pages,
		       pages_size(run.pages).s, run.kind == IMG_RUN_FILL ? "constant" : "stored");
	}
}

void inspect_text(const struct inspect_slot *slot)
{
	if (slot->reason) {
		printf("slot %c: empty\n", text_slot(slot->number));
		return;
	}
	show_header(slot);
	show_stats(slot);
	show_record(&slot->meta.meta.record);
	show_fingerprint(&slot->meta.meta);
	show_runtime_map(&slot->meta.meta);
	show_aux(&slot->meta.meta);
	show_proofs(&slot->meta.meta);
	show_runs(slot);
}
