// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * All code that reads an image, and the decision about it.
 *
 * Input: one byte that says in which parts the machine differs from the image's
 * own, whether the image is sealed, and whether its area is a map; those parts; what
 * the firmware knows of a sealed image; then edits to a valid slot and its area
 * header: offset (2 bytes), length (1), bytes.  The target corrects the checksums
 * after the edits, and the MAC if the input says so; otherwise no edit would get past
 * them.
 */
#include "fuzz.h"
#include "sample.h"

#define NR_BLOCKS 16u
#define SLOT_SIZE ((NR_BLOCKS - 1) * IMG_BLOCK) /* small, for speed; the area's block follows */
#define AREA_AT	  SLOT_SIZE

#define OTHER_FINGERPRINT 1u
#define OTHER_DISKS	  2u
#define OTHER_MAP	  4u
#define OTHER_TABLE	  8u
#define OTHER_AREA	  16u /* the slot header need not belong to the area */
#define OTHER_SEALED	  32u
#define OTHER_PLACE	  64u /* the area is a map, not a partition */

#define TRUST_SECURE_BOOT 1u
#define TRUST_ALWAYS	  2u
#define TRUST_FORGED	  4u /* the MAC is that of the edited image */
#define TRUST_NO_HMAC	  8u

#define MAX_RANGES 16u

static _Alignas(8) uint8_t bytes[NR_BLOCKS * IMG_BLOCK];
static uint64_t partition_size;

static void keep(struct sample s, uint8_t good[sizeof(bytes)])
{
	partition_size = s.size;
	memcpy(good, s.partition + s.area.slot[0].offset, SLOT_SIZE);
	memcpy(good + AREA_AT, s.partition + img_area_header_offset(s.size), IMG_BLOCK);
	sample_free(&s);
}

static void start_over(bool sealed)
{
	static uint8_t good[2][sizeof(bytes)];

	if (!partition_size) {
		keep(sample_make_tiny(), good[0]);
		keep(sample_make_tiny_sealed(), good[1]);
	}
	memcpy(bytes, good[sealed], sizeof(bytes));
}

/* The same area, in three pieces of two partitions. */
static void put_map(void)
{
	uint8_t *block = bytes + AREA_AT;
	struct img_area area;

	must(img_area_decode(block, partition_size, &area, NULL) == IMG_OK);
	area.nr_map = 3;
	for (uint32_t i = 0; i < 3; i++) {
		struct img_piece *piece = &area.map[i];

		memset(piece->part_uuid, 1 + (int)i % 2, sizeof(piece->part_uuid));
		piece->offset = (3 - i) << 24;
		piece->size = (i + 1) * 64 * IMG_BLOCK;
	}
	area.map[2].size += area.offset + area.size - img_area_map_size(&area);
	img_area_encode(&area, block);
}

static void put_csum(void *to, const void *data, size_t size)
{
	img_le64 csum = img_put64(img_port_xxh64(data, size));

	memcpy(to, &csum, sizeof(csum));
}

static void resum(void)
{
	struct img_slot_disk *slot = (struct img_slot_disk *)bytes;
	struct img_state_disk *state = (struct img_state_disk *)(bytes + IMG_BLOCK);
	struct img_area_disk *area = (struct img_area_disk *)(bytes + AREA_AT);

	for (uint32_t i = 0; i < IMG_MAX_SECTIONS; i++) {
		uint64_t offset = img_get64(slot->section[i].offset);
		uint64_t length = img_get64(slot->section[i].size);

		if (img_get32(slot->section[i].type) && offset <= SLOT_SIZE &&
		    length <= SLOT_SIZE - offset)
			put_csum(&slot->section[i].csum, bytes + offset, length);
	}
	put_csum(&slot->csum, slot, offsetof(struct img_slot_disk, csum));
	put_csum(&area->csum, area, offsetof(struct img_area_disk, csum));
	put_csum(&state->csum, state, offsetof(struct img_state_disk, csum));
}

static void edit(struct input *in)
{
	while (in->size > 3) {
		size_t offset = (size_t)take(in, 2);
		size_t length = (size_t)take(in, 1) + 1;

		if (length > sizeof(bytes) - offset)
			length = sizeof(bytes) - offset;
		take_bytes(in, bytes + offset, length);
	}
}

/* The machine. */

struct machine {
	uint32_t other;
	struct img_fp fp;
	struct img_memrange map[MAX_RANGES];
	struct img_proof_probe probe;
	struct img_machine today;
	uint8_t answer[32]; /* what the disks answer */
	uint32_t asked;
	uint32_t firmware; /* TRUST_... */
	struct img_trust trust;
};

/* An answer of 0: unchanged; 1: other bytes; 2 and 3: the disk is missing or unreadable. */
static enum img_reason digest_today(void *ctx, const struct img_proof *proof, uint64_t *ret_digest)
{
	struct machine *m = ctx;
	uint8_t answer = m->answer[m->asked++ % sizeof(m->answer)] % 4;

	*ret_digest = proof->digest + (answer == 1);
	if (answer == 2)
		return IMG_E_DISK_MISSING;
	return answer == 3 ? IMG_E_DISK_READ : IMG_OK;
}

static void take_fp(struct machine *m, struct input *in)
{
	uint32_t nr = (uint32_t)take(in, 1) % 16;

	img_fp_init(&m->fp);
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t field = (uint32_t)take(in, 1);
		uint32_t index = (uint32_t)take(in, 1);

		img_fp_add(&m->fp, field, index, take(in, 4), take(in, 1));
	}
	img_fp_sort(&m->fp);
}

static void copy_fp(struct machine *m, const struct img_meta *meta)
{
	img_fp_init(&m->fp);
	for (uint64_t i = 0; i < meta->nr_fp; i++) {
		struct img_fp_item item = img_meta_fp(meta, i);

		img_fp_add(&m->fp, item.field, item.index, item.value[0], item.value[1]);
	}
	m->fp.overflow = false;
}

static void put_range(struct machine *m, uint32_t type, uint64_t phys, uint64_t pages,
		      uint64_t attribute)
{
	if (m->today.nr_map < MAX_RANGES)
		m->map[m->today.nr_map++] = (struct img_memrange){ phys, pages, type, attribute };
}

/* The ranges need not be sorted or disjoint: firmware may report anything. */
static void take_map(struct machine *m, struct input *in)
{
	uint64_t nr = take(in, 1) % (MAX_RANGES + 1);

	for (uint64_t i = 0; i < nr; i++) {
		uint8_t type = (uint8_t)take(in, 1);
		uint64_t phys = take(in, 5) << 12, pages = take(in, 2);

		put_range(m, type & 15, phys, type & 64 ? ~0ull : pages,
			  type & 128 ? IMG_EFI_ATTR_RUNTIME : 0);
	}
	img_memmap_sort(m->map, m->today.nr_map);
}

/* Boot services below 0x102000, free memory above, and the image's own runtime regions. */
static void copy_map(struct machine *m, const struct img_meta *meta)
{
	put_range(m, IMG_EFI_BOOT_DATA, 0, 0x102, 0);
	put_range(m, IMG_EFI_CONVENTIONAL, 0x102000, 0x10000, 0);
	for (uint64_t i = 0; i < meta->nr_rtmap; i++) {
		struct img_rtregion r = img_meta_rtregion(meta, i);

		put_range(m, r.type, r.phys, r.pages, r.attribute);
	}
	img_memmap_sort(m->map, m->today.nr_map);
}

static void machine_make(struct machine *m, struct input *in)
{
	memset(m, 0, sizeof(*m));
	m->other = (uint32_t)take(in, 1);
	m->probe = (struct img_proof_probe){ m, digest_today };
	m->today = (struct img_machine){ .fp = &m->fp, .map = m->map, .proofs = &m->probe };
	if (m->other & OTHER_FINGERPRINT)
		take_fp(m, in);
	if (m->other & OTHER_DISKS)
		take_bytes(in, m->answer, sizeof(m->answer));
	if (m->other & OTHER_MAP)
		take_map(m, in);
	if (m->other & OTHER_TABLE)
		m->today.runtime_services = take(in, 8);
	if (m->other & OTHER_SEALED) {
		m->firmware = (uint32_t)take(in, 1);
		m->trust.history.floor = take(in, 1);
		m->trust.history.consumed = take(in, 1);
	}
	m->trust.secure_boot = m->firmware & TRUST_SECURE_BOOT;
	m->trust.always = m->firmware & TRUST_ALWAYS;
}

static void machine_finish(struct machine *m, const struct img_meta *meta)
{
	if (!(m->other & OTHER_FINGERPRINT))
		copy_fp(m, meta);
	if (!(m->other & OTHER_MAP))
		copy_map(m, meta);
	if (!(m->other & OTHER_TABLE))
		m->today.runtime_services = img_runtime_phys(meta);
}

/* The seal. */

/* No cryptography, but a function of key and data; it reads every byte. */
static bool fake_mac(void *ctx, const uint8_t key[IMG_KEY_SIZE], const struct img_bytes *part,
		     uint32_t parts, uint8_t ret_mac[IMG_KEY_SIZE])
{
	const struct machine *m = ctx;
	uint64_t sum = img_port_xxh64(key, IMG_KEY_SIZE);

	for (uint32_t i = 0; i < parts; i++)
		sum = sum * 31 + img_port_xxh64(part[i].data, part[i].size);
	for (size_t i = 0; i < IMG_KEY_SIZE; i++)
		ret_mac[i] = (uint8_t)(sum >> 8 * (i % 8));
	return !(m->firmware & TRUST_NO_HMAC);
}

static void forge(const struct img_hmac *hmac, const struct img_seal_keys *keys,
		  const struct img_slot *slot, const uint8_t *sections, struct img_seal *seal)
{
	struct img_seal_disk disk = img_seal_encode(seal);
	const void *data[IMG_MAX_SECTIONS];
	struct img_slot copy = *slot;

	for (uint32_t i = 0; i < slot->nr_sections; i++)
		data[i] = sections + (slot->section[i].offset - slot->meta_offset);
	if (img_seal_close(hmac, keys, &copy, data, bytes, &disk))
		memcpy(seal->mac, disk.mac, sizeof(disk.mac));
}

/* Whether the image is what the key's owner wrote. */
static bool authentic(struct machine *m, const struct img_slot *slot, const uint8_t *sections,
		      struct img_seal *seal)
{
	const struct img_hmac hmac = { m, fake_mac };
	struct img_detail detail;
	struct img_seal_keys keys;
	bool good;

	if (!img_seal_keys(&hmac, seal->nonce, slot, seal->salt, &keys)) {
		must(m->firmware & TRUST_NO_HMAC);
		memset(&keys, 0, sizeof(keys));
	}
	if (m->firmware & TRUST_FORGED)
		forge(&hmac, &keys, slot, sections, seal);
	good = img_seal_verify(&hmac, &keys, slot, seal, bytes, sections, &detail) == IMG_OK;
	must(good || detail.object != NULL);
	must(!good || !(m->firmware & TRUST_NO_HMAC));
	if (m->firmware & TRUST_FORGED)
		must(good == !(m->firmware & TRUST_NO_HMAC));
	return good;
}

/* As the loader: true if the image may be read on. */
static bool trusted(struct machine *m, const struct img_slot *slot, const uint8_t *sections)
{
	struct img_history history = m->trust.history;
	bool sealed = img_slot_is_sealed(slot);
	struct img_detail detail;
	struct img_seal seal;

	if (sealed && img_seal_decode(slot, sections, &seal, &detail) != IMG_OK)
		return false;
	if (img_trust_decide(slot, sealed ? &seal : NULL, &m->trust, &detail) != IMG_OK) {
		must(detail.object != NULL);
		return false;
	}
	must(sealed == (m->trust.secure_boot || m->trust.always));
	if (!sealed)
		return true;
	must((seal.domain == IMG_SEAL_SECURE) == m->trust.secure_boot);
	if (!authentic(m, slot, sections, &seal))
		return false;
	(void)img_history_accept(&history, slot, 0);
	must(history.floor >= m->trust.history.floor &&
	     history.consumed >= m->trust.history.consumed);
	m->trust.history = history;
	must((img_trust_decide(slot, &seal, &m->trust, NULL) == IMG_OK) ==
	     (slot->mode == IMG_MODE_GOLDEN));
	return true;
}

/* The decision about the image. */

static void decide(const struct img_meta *meta, struct machine *m)
{
	struct img_detail detail;
	struct img_verdict v;

	machine_finish(m, meta);
	img_decide(meta, &m->today, 16, &v);
	must(v.reason < IMG_REASON_COUNT);
	if (v.reason == IMG_OK) {
		must(v.pages_free + v.pages_busy == meta->nr_pages);
		must(v.pages_spare >= v.pages_busy + 16);
		/* Each half of the decision, taken alone, has the same result. */
		m->asked = 0;
		must(img_fp_compare(meta, &m->fp, &detail) == IMG_OK);
		must(img_proof_check(meta, &m->probe, &detail) == IMG_OK);
	} else {
		must(v.detail.object != NULL);
	}
}

static void use_pool(const struct img_meta *meta)
{
	static const struct img_range range[] = { { 0, 0xa0 }, { 0x100, 0x1000 } };
	const struct img_owned owned = { range, 2 };
	struct img_range extent;
	struct img_pool pool;

	img_pool_init(&pool, meta, &owned);
	(void)img_pool_contiguous(&pool, 8, 0x800);
	do {
		uint64_t run;
		bool is_owned;

		extent = img_pool_next(&pool, 64);
		if (!extent.pages)
			break;
		run = img_meta_find_pfn(meta, extent.pfn);
		must(run == meta->nr_runs ||
		     img_meta_run(meta, run).pfn >= extent.pfn + extent.pages);
		must(img_owned_span(&owned, extent.pfn, extent.pages, &is_owned) == extent.pages);
		must(is_owned);
	} while (extent.pages);
	for (uint64_t i = 0; i < meta->nr_stored && i < 1000; i++)
		must(img_meta_run(meta, img_meta_find_stored(meta, i)).kind == IMG_RUN_STORED);
}

/* The image. */

static void decode_chunks(const struct img_meta *meta)
{
	static uint64_t pages[IMG_CHUNK_SIZE / 8];

	for (uint64_t i = 0; i < meta->nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(meta, i);
		/* Allocated to its exact size, so that the sanitizer sees a step outside. */
		uint8_t *stored = malloc(chunk.size + 1);

		must(stored != NULL);
		memcpy(stored, bytes + chunk.offset, chunk.size);
		(void)img_chunk_check(&chunk, stored);
		if (meta->tag) /* in place of the cipher, whose library is trusted */
			stored[chunk.size] = meta->tag[i].tag[IMG_TAG_SIZE - 1];
		(void)img_chunk_decode(&chunk, stored, pages);
		free(stored);
	}
}

static void enter(const struct img_slot *slot)
{
	struct img_state state, after, again;
	uint8_t sector[512];

	img_state_decode(bytes + IMG_BLOCK, slot->image_uuid, &state);
	must(state.valid || (!state.restores && !state.attempts && !state.consumed && !state.rank &&
			     !state.description[0]));
	must(img_slot_rank(slot, &state) >= slot->generation);
	must(strlen(img_slot_description(slot, &state)) < sizeof(state.description));
	after = img_state_entered(slot, &state);
	img_state_encode(&after, slot->image_uuid, sector);
	img_state_decode(sector, slot->image_uuid, &again);
	must(again.valid && again.restores == after.restores && again.attempts == after.attempts &&
	     again.consumed == after.consumed);
	must(again.rank == state.rank && !strcmp(again.description, state.description));
	must(again.restores && again.attempts && again.attempts >= state.attempts);
	if (slot->mode == IMG_MODE_ONCE)
		must(img_state_check(slot, &again, 0, NULL) != IMG_OK);
	else
		must((img_state_check(slot, &again, 0, NULL) == IMG_OK) ==
		     (again.attempts < IMG_MAX_ATTEMPTS));
}

static void check_map(const struct img_area *area)
{
	uint64_t at = 0;

	must(area->nr_map && area->nr_map <= IMG_MAX_MAP);
	for (uint32_t i = 0; i < area->nr_map; i++) {
		const struct img_piece *piece = &area->map[i];
		struct img_location first = img_area_locate(area, at);
		struct img_location last = img_area_locate(area, at + piece->size - 1);

		must(piece->size && piece->offset + piece->size > piece->offset);
		must(first.piece == i && first.offset == piece->offset && first.run == piece->size);
		must(last.piece == i && last.run == 1);
		at += piece->size;
		for (uint32_t j = 0; j < i; j++) {
			const struct img_piece *other = &area->map[j];

			must(memcmp(piece->part_uuid, other->part_uuid, 16) ||
			     piece->offset >= other->offset + other->size ||
			     other->offset >= piece->offset + piece->size);
		}
	}
	must(img_area_locate(area, at).run == 0);
	must(img_area_map_size(area) == at && at == area->offset + area->size);
}

/* A map is read without a size first, as the loader does. */
static void read_area(bool mapped)
{
	static struct img_area area, again;
	uint64_t end;

	if (img_area_decode(bytes + AREA_AT, mapped ? 0 : partition_size, &area, NULL) != IMG_OK)
		return;
	must(area.nr_map || !mapped);
	if (area.nr_map) {
		check_map(&area);
		must(img_area_decode(bytes + AREA_AT, img_area_map_size(&area), &again, NULL) ==
			     IMG_OK &&
		     !memcmp(&area, &again, sizeof(area)));
		must(img_area_decode(bytes + AREA_AT, img_area_map_size(&area) + IMG_BLOCK, &again,
				     NULL) != IMG_OK);
	}
	end = area.offset;
	for (uint32_t i = 0; i < area.nr_slots; i++) {
		must(area.slot[i].offset >= end && area.slot[i].size >= IMG_MIN_SLOT_SIZE);
		end = area.slot[i].offset + area.slot[i].size;
	}
	must(end <= area.offset + area.size - IMG_BLOCK);
}

static void read_slot(struct machine *m)
{
	struct img_area area = { .nr_slots = 1, .slot = { { 0, SLOT_SIZE } } };
	struct img_detail detail;
	struct img_slot slot;
	struct img_meta meta;
	uint8_t *sections;

	if (!(m->other & OTHER_AREA))
		memcpy(area.uuid, ((struct img_slot_disk *)bytes)->area_uuid, sizeof(area.uuid));
	if (img_slot_decode(bytes, &area, 0, &slot, &detail) != IMG_OK)
		return;
	enter(&slot);
	sections = malloc(slot.meta_size + 1);
	must(sections != NULL);
	memcpy(sections, bytes + slot.meta_offset, slot.meta_size);
	if (trusted(m, &slot, sections) &&
	    img_meta_decode(&slot, sections, &meta, &detail) == IMG_OK) {
		must(!meta.tag == !img_slot_is_sealed(&slot));
		must(meta.nr_proofs && meta.nr_proofs <= IMG_MAX_PROOFS);
		decode_chunks(&meta);
		decide(&meta, m);
		use_pool(&meta);
	}
	free(sections);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine machine;
	struct input in = { data, size };

	machine_make(&machine, &in);
	start_over(machine.other & OTHER_SEALED);
	if (machine.other & OTHER_PLACE)
		put_map();
	edit(&in);
	resum();
	read_area(machine.other & OTHER_PLACE);
	read_slot(&machine);
	return 0;
}
