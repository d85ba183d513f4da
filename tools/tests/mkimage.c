// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of libsample: writes an image of synthetic memory, with every kind of run and
 * chunk, into a slot of a prepared partition file:
 *
 *	mkimage [OPTION]... FILE SLOT GENERATION [DESCRIPTION]
 *
 *	--once          a one-shot image
 *	--restores N    its state: the count (default 7)
 *	--attempts N    (default 0)
 *	--consumed
 *	--rank N
 *	--describe TEXT its state's description
 *	--state KIND    valid, none (never written), foreign (another image's)
 *	--spoil         the first chunk is not a valid LZ4 block, although its checksum is correct
 *	--item F:I:A:B  an item of the fingerprint: field, index, two words; the first --item or
 *			--processor replaces the synthetic items
 *	--processor     the items of this processor
 *	--sealed DOMAIN secure or open
 *	--proof G:K:F:O:S:D
 *			a proof: partition as hexadecimal digits in the order of a GPT, kind, flags,
 *			offset, size, digest; the first replaces the synthetic proofs
 *
 * Prints a line "NAME OFFSET SIZE", in partition bytes, for each region, so that
 * a test can damage it.
 */
#include <cpuid.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))

/* Only a few pages of words, which are slow to make: a better compressor must gain something. */
static const struct sample_run runs[] = {
	{ 0x100, 268, CONTENT_TEXT, false, false },   { 0x20c, 32, CONTENT_WORDS, false, false },
	{ 0x1000, 400, CONTENT_ZERO, false, false },  { 0x2000, 212, CONTENT_NOISE, false, false },
	{ 0x3000, 256, CONTENT_NOISE, false, false }, { 0x4000, 256, CONTENT_WORD, true, false },
	{ 0x100000, 33, CONTENT_TEXT, false, false },
};

static const struct img_fp_item fp[] = {
	{ IMG_FP_CPU_LEAF, 0, { 0x756e65470000000dull, 0x49656e696c65746eull } },
	{ IMG_FP_CPU_COUNT, 0, { 2, 0 } },
	{ IMG_FP_RAM_BYTES, 0, { 1ull << 30, 0 } },
	{ IMG_FP_ACPI_TABLE, 0, { 0x000000f450434146ull, 0x1234 } },
	{ IMG_FP_PCI_DEVICE, 0xfa, { 0x29228086ull, 0x01060102 } },
};

static const struct img_rtregion rtmap[] = {
	{ IMG_EFI_RUNTIME_DATA, 0x3f000000, 0xfffffffeff000000, 16, IMG_EFI_ATTR_RUNTIME | 0xf },
};

static const struct img_aux aux[] = {
	{ .pfn = 0x100000, .pages = 2, .kind = IMG_AUX_BOOT_SERVICES },
};

#define PARTUUID                                                                                   \
	{ 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,                                          \
	  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff }

static const struct img_proof proofs[] = {
	{ { 0 }, IMG_PROOF_PARTITION_TABLE, IMG_PROOF_WHOLE_DISK, 512, 512, 1 },
	{ { 0 }, IMG_PROOF_IMAGE_PARTITION, 0, 0, 4096, 2 },
	{ PARTUUID, IMG_PROOF_EXT_SUPER, 0, 1024, 1024, 0xfedcba9876543210 },
};

static const struct sample_image synthetic = {
	.run = runs,
	.nr_runs = COUNT(runs),
	.record = { .jump_address = 0xffffffff81234000,
		    .jump_address_phys = 0x1234000,
		    .cr3 = 0x100000,
		    .arch_magic = IMG_ARCH_MAGIC,
		    .cr0 = 0x80050033,
		    .cr4 = 0x6f0,
		    .efer = 0xd01,
		    .paging_levels = 4,
		    .handoff_phys = 0x101000,
		    .efi_runtime = 0xfffffffeff000000,
		    .ram_bytes = 1ull << 30 },
	.fp = fp,
	.nr_fp = COUNT(fp),
	.rtmap = rtmap,
	.nr_rtmap = COUNT(rtmap),
	.aux = aux,
	.nr_aux = COUNT(aux),
	.proof = proofs,
	.nr_proofs = COUNT(proofs),
	.kernel = "6.1.0-sample",
	.mode = IMG_MODE_GOLDEN,
	.state = { .valid = true, .restores = 7 },
};

/* The image, and the tables from options that replace the synthetic ones. */
struct request {
	struct sample_image image;
	const char *state_kind;
	struct img_fp fp;
	struct img_proof proof[IMG_MAX_PROOFS];
	uint32_t nr_proofs;
};

static void die(const char *what)
{
	fprintf(stderr, "mkimage: %s\n", what);
	exit(1);
}

/* Numbers separated by colons. */
static void parse_numbers(const char *text, unsigned int nr, uint64_t *to)
{
	char *end = NULL;

	for (unsigned int i = 0; i < nr; i++, text = end + 1) {
		to[i] = strtoull(text, &end, 0);
		if (end == text || *end != (i + 1 < nr ? ':' : '\0'))
			die("numbers");
	}
}

static void add_item(struct request *req, const char *text)
{
	uint64_t n[4];

	parse_numbers(text, 4, n);
	img_fp_add(&req->fp, (uint32_t)n[0], (uint32_t)n[1], n[2], n[3]);
}

static void ask_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t ret_reg[4])
{
	(void)ctx;
	__cpuid_count(leaf, subleaf, ret_reg[0], ret_reg[1], ret_reg[2], ret_reg[3]);
}

static void add_processor(struct request *req)
{
	const struct img_probe probe = { .cpuid = ask_cpuid };

	img_fp_add_cpuid(&req->fp, &probe);
}

static void add_proof(struct request *req, const char *text)
{
	struct img_proof *proof = &req->proof[req->nr_proofs++];
	unsigned int byte;
	uint64_t n[5];

	for (size_t i = 0; i < sizeof(proof->part_uuid); i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			die("partition");
		proof->part_uuid[i] = (uint8_t)byte;
	}
	parse_numbers(text + 2 * sizeof(proof->part_uuid) + 1, 5, n);
	proof->kind = (enum img_proof_kind)n[0];
	proof->flags = (uint32_t)n[1];
	proof->offset = n[2];
	proof->size = (uint32_t)n[3];
	proof->digest = n[4];
}

/* False: not an option of the state. */
static bool take_state_option(struct img_state *state, int key)
{
	if (key == 'r')
		state->restores = strtoull(optarg, NULL, 10);
	else if (key == 'a')
		state->attempts = (uint32_t)strtoul(optarg, NULL, 10);
	else if (key == 'c')
		state->consumed = true;
	else if (key == 'R')
		state->rank = strtoull(optarg, NULL, 10);
	else if (key == 'd')
		snprintf(state->description, sizeof(state->description), "%s", optarg);
	else
		return false;
	return true;
}

static void set_seal(struct request *req, const char *domain)
{
	if (strcmp(domain, "secure") == 0)
		req->image.seal = &sample_secure;
	else if (strcmp(domain, "open") == 0)
		req->image.seal = &sample_open_seal;
	else
		die("domain");
	req->image.record.key_phys = 0x3effe000;
}

static void take_option(struct request *req, int key)
{
	if (take_state_option(&req->image.state, key))
		return;
	if (key == 'o')
		req->image.mode = IMG_MODE_ONCE;
	else if (key == 's')
		req->state_kind = optarg;
	else if (key == 'S')
		req->image.spoil = true;
	else if (key == 'z')
		set_seal(req, optarg);
	else if (key == 'i')
		add_item(req, optarg);
	else if (key == 'p')
		add_processor(req);
	else if (key == 'P')
		add_proof(req, optarg);
	else
		die("unknown option");
}

static void take_options(struct request *req, int argc, char **argv)
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
		{ "sealed", required_argument, NULL, 'z' },
		{ "item", required_argument, NULL, 'i' },
		{ "processor", no_argument, NULL, 'p' },
		{ "proof", required_argument, NULL, 'P' },
		{ 0 },
	};
	int key;

	while ((key = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(req, key);
}

/* Replaces the synthetic tables by those from options. */
static void replace_tables(struct request *req)
{
	if (req->fp.count) {
		img_fp_sort(&req->fp);
		req->image.fp = req->fp.item;
		req->image.nr_fp = req->fp.count;
	}
	if (req->nr_proofs) {
		req->image.proof = req->proof;
		req->image.nr_proofs = req->nr_proofs;
	}
}

/* Writes a state that the image does not recognise as its own. */
static void replace_state(const struct request *req, uint8_t *sector)
{
	static const uint8_t foreign[16] = { 0xff };

	if (strcmp(req->state_kind, "none") == 0)
		memset(sector, 0, 512);
	else if (strcmp(req->state_kind, "foreign") == 0)
		img_state_encode(&req->image.state, foreign, sector);
}

static void show(const char *name, uint64_t offset, uint64_t size)
{
	if (size)
		printf("%s %" PRIu64 " %" PRIu64 "\n", name, offset, size);
}

static void show_chunks(const struct sample *sample, uint64_t slot, const struct img_section *table)
{
	const uint8_t *at = sample->partition + slot + table->offset;
	struct img_chunk_disk chunk;
	char name[32];

	for (uint64_t i = 0; i < table->size / sizeof(chunk); i++) {
		memcpy(&chunk, at + i * sizeof(chunk), sizeof(chunk));
		snprintf(name, sizeof(name), "chunk-%" PRIu64, i);
		show(name, slot + img_get64(chunk.offset), img_get32(chunk.size));
	}
}

static void show_regions(const struct sample *sample, uint64_t slot, const struct img_slot *header)
{
	static const char *const names[] = { "none",	  "record", "fingerprint", "runtime-map",
					     "aux",	  "proofs", "page-index",  "chunk-table",
					     "signature", "seal",   "tags" };

	show("area-header", img_area_header_offset(sample->size), IMG_BLOCK);
	show("slot-header", slot, IMG_BLOCK);
	show("state", slot + IMG_BLOCK, 512);
	for (uint32_t i = 0; i < header->nr_sections; i++) {
		const struct img_section *section = &header->section[i];

		show(names[section->type], slot + section->offset, section->size);
		if (section->type == IMG_SEC_CHUNK_TABLE)
			show_chunks(sample, slot, section);
	}
}

int main(int argc, char **argv)
{
	static struct request req = { .state_kind = "valid" };
	struct img_slot header;
	struct sample sample;
	uint64_t slot;

	req.image = synthetic;
	img_fp_init(&req.fp);
	take_options(&req, argc, argv);
	argc -= optind;
	argv += optind;
	if (argc < 3)
		die("usage: mkimage [OPTION]... FILE SLOT GENERATION [DESCRIPTION]");
	replace_tables(&req);
	req.image.slot = (uint32_t)atoi(argv[1]);
	req.image.generation = strtoull(argv[2], NULL, 10);
	req.image.description = argc > 3 ? argv[3] : "";
	sample = sample_open(argv[0]);
	slot = sample.area.slot[req.image.slot].offset;
	header = sample_write(&sample, &req.image);
	replace_state(&req, sample.partition + slot + IMG_BLOCK);
	show_regions(&sample, slot, &header);
	sample_close(&sample);
	return 0;
}
