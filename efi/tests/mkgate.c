// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the partition that gate.efi restores, identical to the last byte on
 * every host:
 *
 *   mkgate PARTITION
 *
 * Synthetic memory, fragmented like a machine's: text, tables with pointers,
 * sparse and constant pages, and some that LZ4 cannot compress.  Prints
 * "pages=N digest=N": what gate.efi must find in memory in the end.
 *
 * Compiled with the loader's lz4 source, not with the host's library: another
 * version may compress differently.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate.h"
#include "sample.h"

#define PARTITION_SIZE (48u << 20)
#define PAGE_WORDS     (IMG_PAGE_SIZE / 8)

struct maker {
	struct sample_job *job;
	uint64_t random;
	uint64_t pages, digest;
};

static uint64_t below(struct maker *m, uint64_t limit)
{
	return gate_random(&m->random) % limit;
}

static void make_text(struct maker *m, uint64_t *page)
{
	char *at = (char *)page, *end = at + IMG_PAGE_SIZE;

	while (at < end) {
		/* Few words, and the low numbers are frequent: the smaller of two. */
		uint64_t a = below(m, 900), b = below(m, 900), word = a < b ? a : b;
		uint64_t i, length = 2 + word % 7;

		for (i = 0; i < length && at < end; i++, word = word * 31 + 7)
			*at++ = (char)('a' + word % 26);
		if (at < end)
			*at++ = ' ';
	}
}

/* Records of 64 bytes: two pointers, a counter, flags, and bytes that were never written. */
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

/* Noise only in long stretches, so that whole chunks are stored raw. */
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

static void add_page(struct maker *m, uint64_t pfn, const uint64_t *page)
{
	m->pages++;
	m->digest = gate_digest(m->digest, page);
	sample_add_page(m->job, pfn, page, false);
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
}

/* An image needs a proof; gate.efi does not check it. */
static const struct img_proof proof = { .kind = IMG_PROOF_IMAGE_PARTITION, .size = IMG_BLOCK };

static const struct sample_image gate = {
	.record = { .jump_address = 0xffffffff81000000,
		    .jump_address_phys = GATE_FIRST_PFN * IMG_PAGE_SIZE,
		    .cr3 = GATE_FIRST_PFN * IMG_PAGE_SIZE,
		    .arch_magic = IMG_ARCH_MAGIC,
		    .cr0 = 0x80050033,
		    .cr4 = 0x6f0,
		    .efer = 0xd01,
		    .paging_levels = 4,
		    .handoff_phys = GATE_FIRST_PFN * IMG_PAGE_SIZE,
		    .ram_bytes = 1ull << 29 },
	.proof = &proof,
	.nr_proofs = 1,
	.state = { .valid = true },
};

static struct img_slot put_image(struct maker *m, struct sample *sample)
{
	struct img_slot slot = { .mode = IMG_MODE_GOLDEN,
				 .generation = 1,
				 .created = 1700000000,
				 .kernel_release = "gate" };

	memset(slot.image_uuid, 0x47, sizeof(slot.image_uuid));
	m->job = sample_begin(sample, &gate);
	add_pages(m);
	return sample_end(m->job, &slot);
}

static void write_or_die(const struct sample *sample, const char *path)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(sample->partition, 1, sample->size, f) != sample->size || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct maker m = { .random = 0 };
	struct img_slot slot;
	struct sample sample;

	if (argc != 2) {
		fputs("usage: mkgate PARTITION\n", stderr);
		return 2;
	}
	sample = sample_area(PARTITION_SIZE, IMG_BLOCK, 1);
	memset(sample.area.uuid, 0x46, sizeof(sample.area.uuid));
	slot = put_image(&m, &sample);
	img_area_encode(&sample.area, sample.partition + img_area_header_offset(sample.size));
	write_or_die(&sample, argv[1]);
	fprintf(stderr, "mkgate: %" PRIu64 " KiB\n", slot.meta_offset / 1024);
	printf("pages=%" PRIu64 " digest=%" PRIu64 "\n", m.pages, m.digest);
	sample_free(&sample);
	return 0;
}
