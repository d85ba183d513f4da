// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the partition that gate.efi restores, the same one to the last byte
 * wherever it is made:
 *
 *   mkgate PARTITION
 *
 * Made-up memory, fragmented as a machine's is: text, tables with pointers,
 * sparse and constant pages, and some that LZ4 cannot make smaller.  Prints
 * "pages=N digest=N": what gate.efi must find in memory in the end.
 *
 * Compiled with the lz4 source that the loader has, not with the host's
 * library: another version may compress otherwise.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <imgfmt/writer.h>

#include "gate.h"

#define PARTITION_SIZE (48u << 20)
#define MAX_RUNS       16384
#define MAX_CHUNKS     256
#define PAGE_WORDS     (IMG_PAGE_SIZE / 8)

struct maker {
	uint8_t *slot;
	struct img_writer writer;
	struct img_run_disk run[MAX_RUNS];
	struct img_chunk_disk chunk[MAX_CHUNKS];
	uint64_t in[IMG_CHUNK_SIZE / 8], out[IMG_ENCODE_BOUND / 8];
	uint64_t work[IMG_PORT_LZ4_WORKMEM / 8 + 1];
	uint32_t pending; /* pages in `in` */
	uint64_t random;
	uint64_t pages, digest;
};

static void check(enum img_reason reason, const char *what)
{
	if (reason == IMG_OK)
		return;
	fprintf(stderr, "mkgate: %s: %s\n", what, img_reason_code(reason));
	exit(1);
}

static uint64_t below(struct maker *m, uint64_t limit)
{
	return gate_random(&m->random) % limit;
}

static void make_text(struct maker *m, uint64_t *page)
{
	char *at = (char *)page, *end = at + IMG_PAGE_SIZE;

	while (at < end) {
		/* Of few words some are frequent: the smaller of two numbers. */
		uint64_t a = below(m, 900), b = below(m, 900), word = a < b ? a : b;
		uint64_t i, length = 2 + word % 7;

		for (i = 0; i < length && at < end; i++, word = word * 31 + 7)
			*at++ = (char)('a' + word % 26);
		if (at < end)
			*at++ = ' ';
	}
}

/* Records of 64 bytes: two pointers, a counter, flags, and what was never written. */
static void make_table(struct maker *m, uint64_t *page)
{
	uint64_t i, near = 0xffff888000000000ull + (below(m, 1 << 18) << 12);

	memset(page, 0, IMG_PAGE_SIZE);
	for (i = 0; i < PAGE_WORDS; i += 8) {
		page[i] = near + below(m, 64) * 64;
		page[i + 1] = below(m, 4) ? page[i] + 8 : 0xffffffff81000000ull + below(m, 4096);
		page[i + 3] = below(m, 1000);
		page[i + 5] = 1ull << below(m, 4);
	}
}

static void make_sparse(struct maker *m, uint64_t *page)
{
	int i;

	memset(page, 0, IMG_PAGE_SIZE);
	for (i = 0; i < 12; i++)
		page[below(m, PAGE_WORDS)] = gate_random(&m->random);
}

static void make_noise(struct maker *m, uint64_t *page)
{
	uint64_t i;

	for (i = 0; i < PAGE_WORDS; i++)
		page[i] = gate_random(&m->random);
}

static void make_constant(uint64_t word, uint64_t *page)
{
	uint64_t i;

	for (i = 0; i < PAGE_WORDS; i++)
		page[i] = word;
}

/* Noise in long stretches only, so that whole chunks of it are stored raw. */
static void make_page(struct maker *m, uint64_t pfn, uint64_t *page)
{
	uint64_t kind = below(m, 16);

	if (pfn / 2048 % 5 == 3)
		make_noise(m, page);
	else if (kind < 5)
		make_text(m, page);
	else if (kind < 10)
		make_table(m, page);
	else if (kind < 12)
		make_sparse(m, page);
	else
		make_constant(kind == 15 ? 0xcccccccccccccccc : 0, page);
}

static void flush_chunk(struct maker *m)
{
	struct img_chunk chunk;

	if (!m->pending)
		return;
	img_chunk_encode(m->in, m->pending, m->out, m->work, &chunk);
	check(img_writer_chunk(&m->writer, &chunk), "chunk");
	memcpy(m->slot + chunk.offset, m->out, img_block_align(chunk.size));
	m->pending = 0;
}

static void add_page(struct maker *m, uint64_t pfn, const uint64_t *page)
{
	uint64_t word;

	m->pages++;
	m->digest = gate_digest(m->digest, page);
	if (img_page_is_fill(page, &word)) {
		check(img_writer_page(&m->writer, pfn, IMG_RUN_FILL, word), "page");
		return;
	}
	check(img_writer_page(&m->writer, pfn, IMG_RUN_STORED, 0), "page");
	memcpy(m->in + m->pending * PAGE_WORDS, page, IMG_PAGE_SIZE);
	if (++m->pending == IMG_CHUNK_PAGES)
		flush_chunk(m);
}

/* The handoff page, then runs of pages, mostly short ones, with gaps between. */
static void add_pages(struct maker *m)
{
	uint64_t pfn = GATE_FIRST_PFN, page[PAGE_WORDS] = { 0 }, left;

	add_page(m, pfn++, page);
	while (pfn < GATE_IMAGE_END_PFN) {
		pfn += 1 + below(m, below(m, 8) ? 8 : 256);
		left = 1 + below(m, below(m, 8) ? 16 : 512);
		for (; left && pfn < GATE_IMAGE_END_PFN; left--, pfn++) {
			make_page(m, pfn, page);
			add_page(m, pfn, page);
		}
	}
	flush_chunk(m);
}

static void put_sections(struct maker *m, struct img_slot *slot)
{
	const struct img_record record = {
		.jump_address = 0xffffffff81000000,
		.jump_address_phys = GATE_FIRST_PFN * IMG_PAGE_SIZE,
		.cr3 = GATE_FIRST_PFN * IMG_PAGE_SIZE,
		.arch_magic = IMG_ARCH_MAGIC,
		.cr0 = 0x80050033,
		.cr4 = 0x6f0,
		.efer = 0xd01,
		.paging_levels = 4,
		.handoff_phys = GATE_FIRST_PFN * IMG_PAGE_SIZE,
		.ram_bytes = 1ull << 29,
	};
	/* There must be one; nobody looks at it here. */
	const struct img_proof proof = { .kind = IMG_PROOF_IMAGE_PARTITION, .size = IMG_BLOCK };
	struct img_record_disk record_disk = img_record_encode(&record);
	struct img_proof_disk proof_disk = img_proof_encode(&proof);
	const struct img_writer_sections in = { .record = &record_disk,
						.proof = &proof_disk,
						.nr_proofs = 1 };
	const void *data[IMG_MAX_SECTIONS];
	uint32_t i;

	check(img_writer_finish(&m->writer, &in, slot, data), "sections");
	for (i = 0; i < slot->nr_sections; i++)
		if (slot->section[i].size)
			memcpy(m->slot + slot->section[i].offset, data[i], slot->section[i].size);
}

static void put_image(struct maker *m, const struct img_area *area)
{
	struct img_slot slot = { .mode = IMG_MODE_GOLDEN, .generation = 1, .created = 1700000000 };
	const struct img_state state = { .valid = true };

	img_writer_init(&m->writer, area->slot[0].size, m->run, MAX_RUNS, m->chunk, MAX_CHUNKS);
	add_pages(m);
	put_sections(m, &slot);
	memcpy(slot.area_uuid, area->uuid, sizeof(slot.area_uuid));
	memset(slot.image_uuid, 0x47, sizeof(slot.image_uuid));
	strcpy(slot.kernel_release, "gate");
	img_state_encode(&state, slot.image_uuid, m->slot + IMG_BLOCK);
	img_slot_encode(&slot, m->slot);
}

int main(int argc, char **argv)
{
	static struct maker m;
	static uint8_t partition[PARTITION_SIZE];
	struct img_area area;
	FILE *f;

	if (argc != 2) {
		fputs("usage: mkgate PARTITION\n", stderr);
		return 2;
	}
	check(img_area_layout(PARTITION_SIZE, IMG_BLOCK, 1, &area), "area");
	memset(area.uuid, 0x46, sizeof(area.uuid));
	area.created = 1700000000;
	m.slot = partition + area.slot[0].offset;
	put_image(&m, &area);
	img_area_encode(&area, partition + img_area_header_offset(PARTITION_SIZE));
	f = fopen(argv[1], "wb");
	if (!f || fwrite(partition, 1, PARTITION_SIZE, f) != PARTITION_SIZE || fclose(f)) {
		perror(argv[1]);
		return 1;
	}
	fprintf(stderr, "mkgate: %" PRIu64 " runs, %" PRIu64 " chunks, %" PRIu64 " KiB\n",
		m.writer.nr_runs, m.writer.nr_chunks, m.writer.position / 1024);
	printf("pages=%" PRIu64 " digest=%" PRIu64 "\n", m.pages, m.digest);
	return 0;
}
