// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes an image of made-up memory into a slot of a prepared partition file,
 * with every kind of run and chunk in it:
 *
 *	mkimage [OPTION]... FILE SLOT GENERATION [DESCRIPTION]
 *
 *	--once          an image for one restore
 *	--restores N    its state: the count (default 7)
 *	--attempts N    (default 0)
 *	--consumed
 *	--rank N
 *	--describe TEXT its state's description
 *	--state KIND    valid, none (never written), foreign (another image's)
 *	--spoil         the first chunk is no LZ4 block, though its checksum fits
 *	--item F:I:A:B  an item of the fingerprint: field, index, two words; the first of these
 *			and --processor replaces the made-up ones
 *	--processor     the items of this processor
 *	--proof G:K:F:O:S:D
 *			a proof: partition as hexadecimal digits in the order of a GPT, kind, flags,
 *			offset, size, digest; the first replaces the made-up ones
 *
 * Prints a line "NAME OFFSET SIZE" in partition bytes for each region, so that
 * a test can damage one on purpose.
 */
#include <cpuid.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area/image.h"
#include "base/io.h"

#define NR_RUNS	   64
#define NR_CHUNKS  64
#define PAGE_WORDS (IMG_PAGE_SIZE / 8)

struct maker {
	struct part part;
	struct img_area area;
	uint32_t slot;
	struct img_slot header;
	struct img_state state;
	const char *state_kind;
	bool spoil;
	bool given_fp;
	struct img_fp given;
	struct img_proof_disk proof[IMG_MAX_PROOFS];
	uint64_t nr_proofs; /* given; 0: the made-up ones */
	struct img_writer writer;
	struct img_run_disk run[NR_RUNS];
	struct img_chunk_disk chunk[NR_CHUNKS];
	struct img_fp_disk fp[IMG_FP_MAX_ITEMS];
	uint64_t pages[IMG_CHUNK_SIZE / 8]; /* the chunk that fills up */
	uint32_t nr_pages;
	uint8_t out[IMG_ENCODE_BOUND];
	uint64_t work[IMG_PORT_LZ4_WORKMEM / 8]; /* LZ4 wants its state aligned */
};

enum content { TEXT, NOISE, ONES, ZEROES };

static void die(const char *what)
{
	fprintf(stderr, "mkimage: %s\n", what);
	exit(1);
}

static void check(enum img_reason reason)
{
	if (reason)
		die(img_reason_code(reason));
}

static void write_slot(struct maker *m, const void *data, size_t size, uint64_t offset)
{
	if (io_pwrite(m->part.fd, data, size, m->area.slot[m->slot].offset + offset))
		die("write");
}

static void show(const struct maker *m, const char *name, uint64_t offset, uint64_t size)
{
	printf("%s %" PRIu64 " %" PRIu64 "\n", name, m->area.slot[m->slot].offset + offset, size);
}

/* A token that promises more literals than there are. */
static void spoil(struct maker *m, struct img_chunk *chunk)
{
	memset(m->out, 0xff, 16);
	chunk->csum = img_port_xxh64(m->out, chunk->size);
}

static void flush_chunk(struct maker *m)
{
	struct img_chunk chunk;
	char name[32];

	if (!m->nr_pages)
		return;
	img_chunk_encode(m->pages, m->nr_pages, m->out, m->work, &chunk);
	if (m->spoil && m->writer.nr_chunks == 0)
		spoil(m, &chunk);
	check(img_writer_chunk(&m->writer, &chunk));
	write_slot(m, m->out, (size_t)img_block_align(chunk.size), chunk.offset);
	snprintf(name, sizeof(name), "chunk-%" PRIu64, m->writer.nr_chunks - 1);
	if (chunk.size)
		show(m, name, chunk.offset, chunk.size);
	m->nr_pages = 0;
}

/* xorshift64: noise that no compressor gets small, the same in each run. */
static uint64_t noise(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void make_page(uint64_t *page, enum content content, uint64_t pfn)
{
	uint64_t state = pfn * 2654435761u + 1;

	for (size_t i = 0; i < PAGE_WORDS; i++) {
		if (content == TEXT)
			page[i] = pfn + (i / 16);
		else if (content == NOISE)
			page[i] = noise(&state);
		else
			page[i] = content == ONES ? ~0ull : 0;
	}
}

/* ONES are stored though constant, as a writer does whose index is full. */
static void add_pages(struct maker *m, uint64_t pfn, uint64_t count, enum content content)
{
	for (uint64_t end = pfn + count; pfn < end; pfn++) {
		uint64_t *page = m->pages + m->nr_pages * PAGE_WORDS;

		if (content == ZEROES) {
			check(img_writer_page(&m->writer, pfn, IMG_RUN_FILL, 0));
			continue;
		}
		make_page(page, content, pfn);
		check(img_writer_page(&m->writer, pfn, IMG_RUN_STORED, 0));
		if (++m->nr_pages == IMG_CHUNK_PAGES)
			flush_chunk(m);
	}
}

static void write_chunks(struct maker *m)
{
	add_pages(m, 0x100, 300, TEXT);
	add_pages(m, 0x1000, 400, ZEROES);
	add_pages(m, 0x2000, 212, NOISE);
	add_pages(m, 0x3000, 256, NOISE);
	add_pages(m, 0x4000, 256, ONES);
	add_pages(m, 0x100000, 33, TEXT);
	flush_chunk(m);
}

static void made_up_fingerprint(struct img_fp *fp)
{
	const struct img_pci_id pci = { .bus = 0,
					.devfn = 0xfa,
					.vendor = 0x8086,
					.device = 0x2922,
					.class_revision = 0x01060102 };

	img_fp_add(fp, IMG_FP_CPU_LEAF, 0, 0x756e65470000000dull, 0x49656e696c65746eull);
	img_fp_add(fp, IMG_FP_CPU_COUNT, 0, 2, 0);
	img_fp_add(fp, IMG_FP_RAM_BYTES, 0, 1ull << 30, 0);
	img_fp_add(fp, IMG_FP_ACPI_TABLE, 0, 0x000000f450434146ull, 0x1234);
	img_fp_add_pci(fp, &pci);
}

static uint64_t make_fingerprint(struct maker *m)
{
	if (!m->given_fp)
		made_up_fingerprint(&m->given);
	img_fp_sort(&m->given);
	for (uint32_t i = 0; i < m->given.count; i++)
		m->fp[i] = img_fp_encode(&m->given.item[i]);
	return m->given.count;
}

static const char *section_name(enum img_section_type type)
{
	static const char *const names[] = { "none", "record", "fingerprint", "runtime-map",
					     "aux",  "proofs", "page-index",  "chunk-table" };

	return names[type];
}

static const struct img_proof proofs[] = {
	{ .kind = IMG_PROOF_PARTITION_TABLE,
	  .flags = IMG_PROOF_WHOLE_DISK,
	  .offset = 512,
	  .size = 512,
	  .digest = 1 },
	{ .kind = IMG_PROOF_IMAGE_PARTITION, .offset = 0, .size = 4096, .digest = 2 },
	{ .part_uuid = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
			 0xcc, 0xdd, 0xee, 0xff },
	  .kind = IMG_PROOF_EXT_SUPER,
	  .offset = 1024,
	  .size = 1024,
	  .digest = 0xfedcba9876543210 },
};
#define NR_PROOFS (sizeof(proofs) / sizeof(proofs[0]))

static uint64_t make_proofs(struct maker *m)
{
	if (m->nr_proofs)
		return m->nr_proofs;
	for (size_t i = 0; i < NR_PROOFS; i++)
		m->proof[i] = img_proof_encode(&proofs[i]);
	return NR_PROOFS;
}

static void write_sections(struct maker *m)
{
	const struct img_record record = {
		.jump_address = 0xffffffff81234000,
		.jump_address_phys = 0x1234000,
		.cr3 = 0x100000,
		.arch_magic = IMG_ARCH_MAGIC,
		.cr0 = 0x80050033,
		.cr4 = 0x6f0,
		.efer = 0xd01,
		.paging_levels = 4,
		.handoff_phys = 0x101000,
		.efi_runtime = 0xfffffffeff000000,
		.ram_bytes = 1ull << 30,
	};
	const struct img_rtregion region = { .type = 6,
					     .phys = 0x3f000000,
					     .pages = 16,
					     .virt = 0xfffffffeff000000,
					     .attribute = 0x800000000000000full };
	const struct img_aux aux = { .pfn = 0x100000, .pages = 2, .kind = IMG_AUX_BOOT_SERVICES };
	struct img_record_disk record_disk = img_record_encode(&record);
	struct img_rtmap_disk region_disk = img_rtregion_encode(&region);
	struct img_aux_disk aux_disk = img_aux_encode(&aux);
	const struct img_writer_sections in = { .record = &record_disk,
						.fp = m->fp,
						.nr_fp = make_fingerprint(m),
						.rtmap = &region_disk,
						.nr_rtmap = 1,
						.aux = &aux_disk,
						.nr_aux = 1,
						.proof = m->proof,
						.nr_proofs = make_proofs(m) };
	const void *data[IMG_MAX_SECTIONS];

	check(img_writer_finish(&m->writer, &in, &m->header, data));
	for (uint32_t i = 0; i < m->header.nr_sections; i++) {
		const struct img_section *section = &m->header.section[i];

		write_slot(m, data[i], (size_t)section->size, section->offset);
		if (section->size)
			show(m, section_name(section->type), section->offset, section->size);
	}
}

static void write_state(struct maker *m)
{
	static const uint8_t foreign[16] = { 0xff };
	uint8_t sector[512] = { 0 };

	if (strcmp(m->state_kind, "none") != 0)
		img_state_encode(&m->state,
				 strcmp(m->state_kind, "foreign") == 0 ? foreign
								       : m->header.image_uuid,
				 sector);
	write_slot(m, sector, sizeof(sector), IMG_BLOCK);
	show(m, "state", IMG_BLOCK, sizeof(sector));
}

static void write_headers(struct maker *m)
{
	uint8_t block[IMG_BLOCK];

	write_state(m);
	img_slot_encode(&m->header, block);
	write_slot(m, block, sizeof(block), 0);
	show(m, "slot-header", 0, IMG_BLOCK);
	printf("area-header %" PRIu64 " %u\n", img_area_header_offset(m->part.size), IMG_BLOCK);
}

static void fill_header(struct maker *m, const char *generation, const char *description)
{
	m->header.generation = strtoull(generation, NULL, 10);
	m->header.created = 1700000000;
	memcpy(m->header.area_uuid, m->area.uuid, sizeof(m->header.area_uuid));
	memset(m->header.image_uuid, (int)m->header.generation, sizeof(m->header.image_uuid));
	snprintf(m->header.kernel_release, sizeof(m->header.kernel_release), "6.1.0-sample");
	snprintf(m->header.description, sizeof(m->header.description), "%s", description);
}

/* Numbers with colons between them. */
static void parse_numbers(const char *text, unsigned int nr, uint64_t *to)
{
	char *end = NULL;

	for (unsigned int i = 0; i < nr; i++, text = end + 1) {
		to[i] = strtoull(text, &end, 0);
		if (end == text || *end != (i + 1 < nr ? ':' : '\0'))
			die("numbers");
	}
}

static void take_item(struct maker *m, const char *text)
{
	uint64_t n[4];

	parse_numbers(text, 4, n);
	m->given_fp = true;
	img_fp_add(&m->given, (uint32_t)n[0], (uint32_t)n[1], n[2], n[3]);
}

static void ask_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t ret_reg[4])
{
	(void)ctx;
	__cpuid_count(leaf, subleaf, ret_reg[0], ret_reg[1], ret_reg[2], ret_reg[3]);
}

static void take_processor(struct maker *m)
{
	const struct img_probe probe = { .cpuid = ask_cpuid };

	m->given_fp = true;
	img_fp_add_cpuid(&m->given, &probe);
}

static void take_proof(struct maker *m, const char *text)
{
	struct img_proof proof = { .flags = 0 };
	unsigned int byte;
	uint64_t n[5];

	for (size_t i = 0; i < sizeof(proof.part_uuid); i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			die("partition");
		proof.part_uuid[i] = (uint8_t)byte;
	}
	parse_numbers(text + 2 * sizeof(proof.part_uuid) + 1, 5, n);
	proof.kind = (enum img_proof_kind)n[0];
	proof.flags = (uint32_t)n[1];
	proof.offset = n[2];
	proof.size = (uint32_t)n[3];
	proof.digest = n[4];
	m->proof[m->nr_proofs++] = img_proof_encode(&proof);
}

static void take_option(struct maker *m, int key)
{
	switch (key) {
	case 'o':
		m->header.mode = IMG_MODE_ONCE;
		break;
	case 'r':
		m->state.restores = strtoull(optarg, NULL, 10);
		break;
	case 'a':
		m->state.attempts = (uint32_t)strtoul(optarg, NULL, 10);
		break;
	case 'c':
		m->state.consumed = true;
		break;
	case 'R':
		m->state.rank = strtoull(optarg, NULL, 10);
		break;
	case 'd':
		snprintf(m->state.description, sizeof(m->state.description), "%s", optarg);
		break;
	case 's':
		m->state_kind = optarg;
		break;
	case 'S':
		m->spoil = true;
		break;
	case 'i':
		take_item(m, optarg);
		break;
	case 'p':
		take_processor(m);
		break;
	case 'P':
		take_proof(m, optarg);
		break;
	default:
		die("unknown option");
	}
}

static void take_options(struct maker *m, int argc, char **argv)
{
	static const struct option options[] = {
		{ "once", no_argument, NULL, 'o' },
		{ "restores", required_argument, NULL, 'r' },
		{ "attempts", required_argument, NULL, 'a' },
		{ "consumed", no_argument, NULL, 'c' },
		{ "rank", required_argument, NULL, 'R' },
		{ "describe", required_argument, NULL, 'd' },
		{ "state", required_argument, NULL, 's' },
		{ "spoil", no_argument, NULL, 'S' },
		{ "item", required_argument, NULL, 'i' },
		{ "processor", no_argument, NULL, 'p' },
		{ "proof", required_argument, NULL, 'P' },
		{ 0 },
	};
	int key;

	img_fp_init(&m->given);
	m->header.mode = IMG_MODE_GOLDEN;
	m->state = (struct img_state){ .valid = true, .restores = 7 };
	m->state_kind = "valid";
	while ((key = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(m, key);
}

int main(int argc, char **argv)
{
	static struct maker m;

	take_options(&m, argc, argv);
	argc -= optind - 1;
	argv += optind - 1;
	if (argc < 4)
		die("usage: mkimage [OPTION]... FILE SLOT GENERATION [DESCRIPTION]");
	if (part_open(argv[1], PART_CLAIM, &m.part))
		return 1;
	check(image_read_area(&m.part, &m.area, NULL));
	m.slot = (uint32_t)atoi(argv[2]);
	fill_header(&m, argv[3], argc > 4 ? argv[4] : "");
	img_writer_init(&m.writer, m.area.slot[m.slot].size, m.run, NR_RUNS, m.chunk, NR_CHUNKS);
	write_chunks(&m);
	write_sections(&m);
	write_headers(&m);
	part_close(&m.part);
	return 0;
}
