// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/slotstate.h"
#include "machine/fingerprint_item.h"
#include "verbs/inspect.h"

static void put_header(const struct inspect_slot *slot, struct json_object *to)
{
	const struct img_slot *header = &slot->header;

	json_put_uuid(to, "image_uuid", header->image_uuid);
	json_put_number(to, "generation", header->generation);
	json_put_number(to, "created", header->created);
	json_put_text(to, "kernel", header->kernel_release);
	json_put_text(to, "description", slotstate_description(header, &slot->state).s);
	json_put_number(to, "pages", header->nr_pages);
	json_put_number(to, "pages_stored", header->nr_stored);
	json_put_number(to, "tables_bytes", header->meta_size);
}

static void put_stats(const struct inspect_slot *slot, struct json_object *to)
{
	const struct stats *s = &slot->stats;

	json_put_number(to, "runs", slot->meta.meta.nr_runs);
	json_put_number(to, "pages_constant", s->pages_filled);
	json_put_number(to, "pages_zero", s->pages_zero);
	json_put_number(to, "pages_in_constant_chunks", s->pages_in_fill_chunks);
	json_put_number(to, "stored_bytes", s->bytes_stored);
	json_put_number(to, "disk_bytes", s->bytes_on_disk);
	json_put_real(to, "percent_of_memory", stats_percent(&slot->meta.meta, s));
	to = json_put_object(to, "chunks");
	json_put_number(to, "lz4", s->chunks_lz4);
	json_put_number(to, "raw", s->chunks_raw);
	json_put_number(to, "constant", s->chunks_fill);
}

static void put_record(const struct img_record *record, struct json_object *to)
{
	json_put_hex(to, "jump_address", record->jump_address);
	json_put_hex(to, "jump_address_phys", record->jump_address_phys);
	json_put_hex(to, "cr0", record->cr0);
	json_put_hex(to, "cr3", record->cr3);
	json_put_hex(to, "cr4", record->cr4);
	json_put_hex(to, "efer", record->efer);
	json_put_number(to, "paging_levels", record->paging_levels);
	json_put_hex(to, "handoff_phys", record->handoff_phys);
	json_put_hex(to, "efi_runtime", record->efi_runtime);
	json_put_hex(to, "key_phys", record->key_phys);
	json_put_number(to, "ram_bytes", record->ram_bytes);
}

static void put_fingerprint(const struct img_meta *meta, struct json_object *to)
{
	for (uint64_t i = 0; i < meta->nr_fp; i++) {
		struct img_fp_item item = img_meta_fp(meta, i);
		struct fingerprint_item_text text = fingerprint_item_describe(&item);
		struct json_object *row = json_append_object(to);

		json_put_text(row, "field", img_fp_field_name(item.field));
		json_put_number(row, "index", item.index);
		json_put_hex(row, "value0", item.value[0]);
		json_put_hex(row, "value1", item.value[1]);
		json_put_text(row, "what", text.what);
		json_put_text(row, "text", text.value);
	}
}

static void put_runtime_map(const struct img_meta *meta, struct json_object *to)
{
	for (uint64_t i = 0; i < meta->nr_rtmap; i++) {
		struct img_rtregion region = img_meta_rtregion(meta, i);
		struct json_object *row = json_append_object(to);

		json_put_number(row, "type", region.type);
		json_put_hex(row, "phys", region.phys);
		json_put_hex(row, "virt", region.virt);
		json_put_number(row, "pages", region.pages);
		json_put_hex(row, "attribute", region.attribute);
	}
}

static void put_aux(const struct img_meta *meta, struct json_object *to)
{
	for (uint64_t i = 0; i < meta->nr_aux; i++) {
		struct img_aux aux = img_meta_aux(meta, i);
		struct json_object *row = json_append_object(to);

		json_put_number(row, "pfn", aux.pfn);
		json_put_number(row, "pages", aux.pages);
		json_put_number(row, "kind", aux.kind);
	}
}

static void put_proofs(const struct img_meta *meta, struct json_object *to)
{
	for (uint64_t i = 0; i < meta->nr_proofs; i++) {
		struct img_proof proof = img_meta_proof(meta, i);
		struct json_object *row = json_append_object(to);
		bool own = text_is_zero_uuid(proof.part_uuid);

		json_put_text(row, "kind", img_proof_kind_name(proof.kind));
		json_put_text(row, "partition", own ? NULL : text_guid(proof.part_uuid).s);
		json_put_bool(row, "whole_disk", proof.flags & IMG_PROOF_WHOLE_DISK);
		json_put_number(row, "offset", proof.offset);
		json_put_number(row, "size", proof.size);
		json_put_hex(row, "digest", proof.digest);
	}
}

static void put_runs(const struct inspect_slot *slot, struct json_object *to)
{
	for (uint64_t i = 0; i < slot->stats.nr_biggest; i++) {
		struct img_run run = img_meta_run(&slot->meta.meta, slot->stats.biggest[i]);
		struct json_object *row = json_append_object(to);

		json_put_number(row, "pfn", run.pfn);
		json_put_number(row, "pages", run.pages);
		json_put_bool(row, "constant", run.kind == IMG_RUN_FILL);
	}
}

void inspect_json(const struct inspect_slot *slot, struct json_object *to)
{
	json_put_slot(to, "slot", slot->number);
	json_put_text(to, "status", slot->reason ? img_reason_code(slot->reason) : "ok");
	if (slot->reason)
		return;
	put_header(slot, to);
	slotstate_json_seal(&slot->header, slot->meta.seal.domain, to);
	slotstate_json(&slot->header, &slot->state, to);
	put_stats(slot, to);
	put_record(&slot->meta.meta.record, json_put_object(to, "record"));
	put_fingerprint(&slot->meta.meta, json_put_array(to, "fingerprint"));
	put_runtime_map(&slot->meta.meta, json_put_array(to, "runtime_map"));
	put_aux(&slot->meta.meta, json_put_array(to, "auxiliary_ranges"));
	put_proofs(&slot->meta.meta, json_put_array(to, "proofs"));
	put_runs(slot, json_put_array(to, "longest_runs"));
}
