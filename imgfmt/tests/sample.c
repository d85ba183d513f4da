// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Deterministic images; see sample.h. */
#include <stdio.h>
#include <stdlib.h>

#include "sample.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))

#define MAX_RUNS   64u
#define MAX_CHUNKS 64u

#define SAMPLE_RECORD                                                                              \
	{                                                                                          \
		.jump_address = 0xffffffff81c00010ull,                                             \
		.jump_address_phys = 0x3c00010ull,                                                 \
		.cr3 = 0x2610000ull,                                                               \
		.arch_magic = IMG_ARCH_MAGIC,                                                      \
		.cr0 = 0x80050033ull,                                                              \
		.cr4 = 0x6f0ull,                                                                   \
		.efer = 0xd01ull,                                                                  \
		.paging_levels = 4,                                                                \
		.handoff_phys = 0x123000ull,                                                       \
		.efi_runtime = 0xfffffffeffe80b98ull,                                              \
		.ram_bytes = 1ull << 30,                                                           \
		.e820_digest = { 0x78, 0x56, 0x34, 0x12 },                                         \
	}

static const struct img_fp_item sample_fp[] = {
	{ IMG_FP_CPU_LEAF, 0, { 0x756e65470000000dull, 0x49656e696c65746eull } },
	{ IMG_FP_CPU_COUNT, 0, { 2, 0 } },
	{ IMG_FP_RAM_BYTES, 0, { 0x3ff00000ull, 0 } },
	{ IMG_FP_PCI_DEVICE, 0x10, { 0x1100100010411af4ull, 0x0000000001000001ull } },
	{ IMG_FP_MACHINE_ID, 0, { 0x4a1b2c3d4e5f6071ull, 0x8192a3b4c5d6e7f8ull } },
};

static const struct img_rtregion sample_rtmap[] = {
	{ IMG_EFI_RUNTIME_DATA, 0x3f680000, 0xfffffffeffe80000ull, 4, IMG_EFI_ATTR_RUNTIME | 0xf },
	{ IMG_EFI_RUNTIME_CODE, 0x3f684000, 0xfffffffeffe00000ull, 2, IMG_EFI_ATTR_RUNTIME | 0xf },
};

static const struct img_aux sample_aux[] = {
	{ 0x101, 1, IMG_AUX_BOOT_SERVICES },
};

#define SAMPLE_PARTUUID                                                                            \
	{                                                                                          \
		0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,                                    \
		0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,                                    \
	}

/* The disk of the image, its partition (a block of zeroes), and a file system elsewhere. */
static const struct img_proof sample_proof[] = {
	{ { 0 }, IMG_PROOF_PARTITION_TABLE, IMG_PROOF_WHOLE_DISK, 512, 512, 0x0102030405060708ull },
	{ { 0 }, IMG_PROOF_IMAGE_PARTITION, 0, 0, 4096, 0xac869b6f32d8bbdbull },
	{ SAMPLE_PARTUUID, IMG_PROOF_EXT_SUPER, 0, 1024, 1024, 0x1112131415161718ull },
	{ SAMPLE_PARTUUID, IMG_PROOF_EXT_JOURNAL, 0, 0x200000, 1024, 0x2122232425262728ull },
};

/* Text, a word, zeroes (the handoff page), and a word which is stored all the same. */
static const struct sample_run tiny_runs[] = {
	{ 0x100, 2, CONTENT_TEXT, false, true },
	{ 0x102, 2, CONTENT_WORD, false, false },
	{ 0x123, 1, CONTENT_ZERO, false, false },
	{ 0x200, 1, CONTENT_WORD, true, true },
};

#define SAMPLE_TABLES                                                                              \
	.record = SAMPLE_RECORD, .fp = sample_fp, .nr_fp = COUNT(sample_fp),                       \
	.rtmap = sample_rtmap, .nr_rtmap = COUNT(sample_rtmap), .aux = sample_aux,                 \
	.nr_aux = COUNT(sample_aux), .proof = sample_proof, .nr_proofs = COUNT(sample_proof)

const struct sample_image sample_tiny = {
	.run = tiny_runs,
	.nr_runs = COUNT(tiny_runs),
	SAMPLE_TABLES,
	.slot = 0,
	.generation = 1,
	.mode = IMG_MODE_GOLDEN,
	.restores = 3,
	.attempts = 1,
	.description = "worked example",
};

const struct sample_image sample_older = {
	.run = tiny_runs,
	.nr_runs = COUNT(tiny_runs),
	SAMPLE_TABLES,
	.slot = 0,
	.generation = 6,
	.mode = IMG_MODE_ONCE,
	.description = "the older image",
};

/* Chunks: 256 pages LZ4, 40 raw, 5 fill, 256 and 54 LZ4; runs on both sides of 4 GiB. */
static const struct sample_run full_runs[] = {
	{ 0x100, 256, CONTENT_TEXT, false, false },    { 0x300, 40, CONTENT_NOISE, false, true },
	{ 0x400, 300, CONTENT_ZERO, false, false },    { 0x600, 2, CONTENT_WORD, false, false },
	{ 0x700, 5, CONTENT_WORD, true, true },	       { 0x705, 10, CONTENT_TEXT, false, false },
	{ 0x100000, 299, CONTENT_TEXT, false, false }, { 0x10012b, 1, CONTENT_NOISE, false, true },
};

const struct sample_image sample_full = {
	.run = full_runs,
	.nr_runs = COUNT(full_runs),
	SAMPLE_TABLES,
	.slot = 1,
	.generation = 7,
	.mode = IMG_MODE_GOLDEN,
	.restores = 12,
	.attempts = 2,
	.description = "every kind of run and chunk \xe2\x80\x94 \xc3\xbc",
};

void sample_page(uint64_t pfn, enum content content, void *page)
{
	uint64_t word[IMG_PAGE_SIZE / 8] = { 0 };
	uint64_t state = pfn;

	for (size_t i = 0; i < COUNT(word); i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		if (content == CONTENT_WORD)
			word[i] = 0xa5a5a5a5a5a5a5a5ull;
		else if (content == CONTENT_NOISE)
			word[i] = state ^ state >> 29;
		else if (content == CONTENT_TEXT)
			word[i] = i ? 0x2e65676170206120ull : pfn; /* " a page." */
	}
	memcpy(page, word, sizeof(word));
}

static void *xalloc(size_t size)
{
	void *p = aligned_alloc(IMG_BLOCK, (size + IMG_BLOCK - 1) & ~(size_t)(IMG_BLOCK - 1));

	if (!p) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	memset(p, 0, size);
	return p;
}

static void must(enum img_reason reason, const char *what)
{
	if (reason == IMG_OK)
		return;
	fprintf(stderr, "sample: %s: %s\n", what, img_reason_sentence(reason));
	exit(1);
}

static void uuid_of(uint8_t uuid[16], uint8_t seed)
{
	for (uint8_t i = 0; i < 16; i++)
		uuid[i] = (uint8_t)(seed + i);
}

struct sample sample_area(uint64_t partition_size, uint64_t swap_size, uint32_t nr_slots)
{
	struct sample s = { .partition = xalloc(partition_size), .size = partition_size };

	must(img_area_layout(partition_size, swap_size, nr_slots, &s.area), "layout");
	uuid_of(s.area.uuid, 0x10);
	s.area.created = 1700000000;
	img_area_encode(&s.area, s.partition + img_area_header_offset(partition_size));
	return s;
}

void sample_free(struct sample *sample)
{
	free(sample->partition);
	sample->partition = NULL;
}

/* What one image's writing works with. */
struct job {
	struct img_writer writer;
	struct img_run_disk run[MAX_RUNS];
	struct img_chunk_disk chunk[MAX_CHUNKS];
	uint8_t *to; /* the slot */
	uint8_t *pending, *out, *workmem;
	uint32_t nr_pending;
};

static void close_chunk(struct job *job)
{
	struct img_chunk chunk;

	if (!job->nr_pending)
		return;
	img_chunk_encode(job->pending, job->nr_pending, job->out, job->workmem, &chunk);
	must(img_writer_chunk(&job->writer, &chunk), "chunk");
	memcpy(job->to + chunk.offset, job->out, img_block_align(chunk.size));
	job->nr_pending = 0;
}

static void add_page(struct job *job, uint64_t pfn, const struct sample_run *run)
{
	uint8_t *page = job->pending + (size_t)job->nr_pending * IMG_PAGE_SIZE;
	uint64_t fill = 0;

	sample_page(pfn, run->content, page);
	if (!run->store && img_page_is_fill(page, &fill)) {
		must(img_writer_page(&job->writer, pfn, IMG_RUN_FILL, fill), "fill page");
		return;
	}
	must(img_writer_page(&job->writer, pfn, IMG_RUN_STORED, 0), "page");
	if (++job->nr_pending == IMG_CHUNK_PAGES)
		close_chunk(job);
}

static void add_pages(struct job *job, const struct sample_image *image)
{
	for (uint32_t i = 0; i < image->nr_runs; i++) {
		for (uint64_t j = 0; j < image->run[i].pages; j++)
			add_page(job, image->run[i].pfn + j, &image->run[i]);
		if (image->run[i].close_chunk)
			close_chunk(job);
	}
	close_chunk(job);
}

static void put_sections(struct job *job, const struct sample_image *image, struct img_slot *slot)
{
	struct img_record_disk record = img_record_encode(&image->record);
	struct img_fp_disk fp[16];
	struct img_rtmap_disk rtmap[16];
	struct img_aux_disk aux[16];
	struct img_proof_disk proof[16];
	const struct img_writer_sections in = {
		.record = &record,
		.fp = fp,
		.rtmap = rtmap,
		.aux = aux,
		.nr_fp = image->nr_fp,
		.nr_rtmap = image->nr_rtmap,
		.nr_aux = image->nr_aux,
		.proof = proof,
		.nr_proofs = image->nr_proofs,
	};
	const void *data[IMG_MAX_SECTIONS];

	for (uint32_t i = 0; i < image->nr_fp; i++)
		fp[i] = img_fp_encode(&image->fp[i]);
	for (uint32_t i = 0; i < image->nr_rtmap; i++)
		rtmap[i] = img_rtregion_encode(&image->rtmap[i]);
	for (uint32_t i = 0; i < image->nr_aux; i++)
		aux[i] = img_aux_encode(&image->aux[i]);
	for (uint32_t i = 0; i < image->nr_proofs; i++)
		proof[i] = img_proof_encode(&image->proof[i]);
	must(img_writer_finish(&job->writer, &in, slot, data), "finish");
	for (uint32_t i = 0; i < slot->nr_sections; i++)
		if (slot->section[i].size)
			memcpy(job->to + slot->section[i].offset, data[i], slot->section[i].size);
}

static void put_headers(struct job *job, const struct sample *sample,
			const struct sample_image *image, struct img_slot *slot)
{
	const struct img_state state = { .valid = true,
					 .restores = image->restores,
					 .attempts = image->attempts };

	slot->mode = image->mode;
	memcpy(slot->area_uuid, sample->area.uuid, 16);
	uuid_of(slot->image_uuid, (uint8_t)(0x40 + image->generation));
	slot->generation = image->generation;
	slot->created = 1700000000 + image->generation;
	strcpy(slot->kernel_release, "6.1.0-13-amd64");
	snprintf(slot->description, sizeof(slot->description), "%s", image->description);
	img_state_encode(&state, slot->image_uuid, job->to + IMG_BLOCK);
	img_slot_encode(slot, job->to);
}

void sample_write(struct sample *sample, const struct sample_image *image)
{
	const struct img_extent *extent = &sample->area.slot[image->slot];
	struct img_slot slot = { 0 };
	struct job *job = xalloc(sizeof(*job));

	job->to = sample->partition + extent->offset;
	job->pending = xalloc(IMG_CHUNK_SIZE);
	job->out = xalloc(IMG_ENCODE_BOUND);
	job->workmem = xalloc(IMG_PORT_LZ4_WORKMEM);
	img_writer_init(&job->writer, extent->size, job->run, MAX_RUNS, job->chunk, MAX_CHUNKS);
	add_pages(job, image);
	put_sections(job, image, &slot);
	put_headers(job, sample, image, &slot);
	free(job->pending);
	free(job->out);
	free(job->workmem);
	free(job);
}

struct sample sample_make_tiny(void)
{
	struct sample s = sample_area((16 << 10) + 2 * IMG_MIN_SLOT_SIZE + IMG_BLOCK, 16 << 10, 2);

	sample_write(&s, &sample_tiny);
	return s;
}

struct sample sample_make_full(void)
{
	/* An odd size: the header is the last whole block. */
	struct sample s = sample_area((8 << 20) + 1536, 64 << 10, 2);

	sample_write(&s, &sample_older);
	sample_write(&s, &sample_full);
	return s;
}
