// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Deterministic images; see sample.h. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sample.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))

#define MAX_RUNS   16384u
#define MAX_CHUNKS 256u

#define SAMPLE_RECORD_OF(key_page)                                                                 \
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
		.key_phys = key_page,                                                              \
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

/* Text, a word, zeroes (the handoff page), and a word that is stored nevertheless. */
static const struct sample_run tiny_runs[] = {
	{ 0x100, 2, CONTENT_TEXT, false, true },
	{ 0x102, 2, CONTENT_WORD, false, false },
	{ 0x123, 1, CONTENT_ZERO, false, false },
	{ 0x200, 1, CONTENT_WORD, true, true },
};

#define SAMPLE_TABLES_OF(key_page)                                                                 \
	.record = SAMPLE_RECORD_OF(key_page), .fp = sample_fp, .nr_fp = COUNT(sample_fp),          \
	.rtmap = sample_rtmap, .nr_rtmap = COUNT(sample_rtmap), .aux = sample_aux,                 \
	.nr_aux = COUNT(sample_aux), .proof = sample_proof, .nr_proofs = COUNT(sample_proof)
#define SAMPLE_TABLES SAMPLE_TABLES_OF(0)

/* Just below the runtime regions. */
#define SAMPLE_KEY_PAGE 0x3f67f000ull

#define SAMPLE_BYTES(b)                                                                            \
	{                                                                                          \
		(b) + 0,  (b) + 1,  (b) + 2,  (b) + 3,	(b) + 4,  (b) + 5,  (b) + 6,  (b) + 7,     \
		(b) + 8,  (b) + 9,  (b) + 10, (b) + 11, (b) + 12, (b) + 13, (b) + 14, (b) + 15,    \
		(b) + 16, (b) + 17, (b) + 18, (b) + 19, (b) + 20, (b) + 21, (b) + 22, (b) + 23,    \
		(b) + 24, (b) + 25, (b) + 26, (b) + 27, (b) + 28, (b) + 29, (b) + 30, (b) + 31,    \
	}

const struct sample_seal sample_secure = {
	.domain = IMG_SEAL_SECURE,
	.secret = SAMPLE_BYTES(0x00),
	.nonce = SAMPLE_BYTES(0x60),
	.salt = SAMPLE_BYTES(0x80),
};

const struct sample_seal sample_open_seal = {
	.domain = IMG_SEAL_OPEN,
	.secret = SAMPLE_BYTES(0x20),
	.nonce = SAMPLE_BYTES(0x60),
	.salt = SAMPLE_BYTES(0x80),
};

const struct sample_image sample_tiny = {
	.run = tiny_runs,
	.nr_runs = COUNT(tiny_runs),
	SAMPLE_TABLES,
	.slot = 0,
	.kernel = "6.1.0-13-amd64",
	.generation = 1,
	.mode = IMG_MODE_GOLDEN,
	.state = { .valid = true, .restores = 3, .attempts = 1 },
	.description = "worked example",
};

const struct sample_image sample_tiny_sealed = {
	.run = tiny_runs,
	.nr_runs = COUNT(tiny_runs),
	SAMPLE_TABLES_OF(SAMPLE_KEY_PAGE),
	.slot = 0,
	.kernel = "6.1.0-13-amd64",
	.generation = 1,
	.mode = IMG_MODE_GOLDEN,
	.state = { .valid = true, .restores = 3, .attempts = 1 },
	.description = "worked example",
	.seal = &sample_secure,
};

const struct sample_image sample_older = {
	.run = tiny_runs,
	.nr_runs = COUNT(tiny_runs),
	SAMPLE_TABLES,
	.slot = 0,
	.kernel = "6.1.0-13-amd64",
	.generation = 6,
	.mode = IMG_MODE_ONCE,
	.state = { .valid = true },
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
	.kernel = "6.1.0-13-amd64",
	.generation = 7,
	.mode = IMG_MODE_GOLDEN,
	.state = { .valid = true, .restores = 12, .attempts = 2 },
	.description = "every kind of run and chunk \xe2\x80\x94 \xc3\xbc",
};

const struct sample_image sample_sealed = {
	.run = full_runs,
	.nr_runs = COUNT(full_runs),
	SAMPLE_TABLES_OF(SAMPLE_KEY_PAGE),
	.slot = 1,
	.kernel = "6.1.0-13-amd64",
	.generation = 7,
	.mode = IMG_MODE_GOLDEN,
	.state = { .valid = true, .restores = 12, .attempts = 2 },
	.description = "sealed",
	.seal = &sample_secure,
};

/* xorshift64 (Marsaglia 2003). */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Text in a language of 1024 words, some of them frequent. */
static void make_words(uint64_t pfn, uint8_t *page)
{
	uint64_t state = (pfn + 1) * 2654435761u;
	size_t at = 0;

	while (at < IMG_PAGE_SIZE) {
		uint64_t word = draw(&state) & draw(&state) & 0x3ff;
		uint64_t letters = (word + 1) * 0x9e3779b97f4a7c15ull;

		for (size_t i = 0; i < 2 + word % 7 && at < IMG_PAGE_SIZE; i++)
			page[at++] = (uint8_t)(letters >> 8 * i);
	}
}

void sample_page(uint64_t pfn, enum content content, void *page)
{
	uint64_t word[IMG_PAGE_SIZE / 8] = { 0 };
	uint64_t state = pfn;

	if (content == CONTENT_WORDS) {
		make_words(pfn, page);
		return;
	}
	for (size_t i = 0; i < COUNT(word); i++) {
		if (content == CONTENT_WORD) {
			word[i] = 0xa5a5a5a5a5a5a5a5ull;
		} else if (content == CONTENT_TEXT) {
			word[i] = i ? 0x2e65676170206120ull : pfn; /* " a page." */
		} else if (content == CONTENT_NOISE) {
			state = state * 6364136223846793005ull + 1442695040888963407ull;
			word[i] = state ^ state >> 29;
		}
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

static uint8_t uuid_seed(const struct sample_image *image)
{
	return (uint8_t)(0x40 + image->generation);
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

static int open_or_die(const char *path, uint64_t *ret_size)
{
	struct stat info;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &info)) {
		perror(path);
		exit(1);
	}
	*ret_size = (uint64_t)info.st_size;
	return fd;
}

struct sample sample_open(const char *path)
{
	struct sample s = { 0 };
	int fd = open_or_die(path, &s.size);

	s.partition = mmap(NULL, s.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (s.partition == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	close(fd);
	must(img_area_decode(s.partition + img_area_header_offset(s.size), s.size, &s.area, NULL),
	     "area");
	return s;
}

void sample_close(struct sample *sample)
{
	munmap(sample->partition, sample->size);
	sample->partition = NULL;
}

/* The state of writing one image. */
struct sample_job {
	const struct sample *sample;
	const struct sample_image *image;
	struct img_writer writer;
	struct img_run_disk run[MAX_RUNS];
	struct img_chunk_disk chunk[MAX_CHUNKS];
	struct img_fp_disk fp[IMG_FP_MAX_ITEMS];
	struct img_rtmap_disk rtmap[16];
	struct img_aux_disk aux[16];
	struct img_proof_disk proof[IMG_MAX_PROOFS];
	struct img_tag_disk tag[MAX_CHUNKS];
	struct img_seal_keys keys; /* of a sealed image */
	uint8_t *to;		   /* the slot */
	uint8_t *pending, *out, *workmem;
	uint32_t nr_pending;
};

void sample_seal_keys(const struct sample_seal *seal, const struct img_slot *slot,
		      struct img_seal_keys *ret_keys)
{
	uint8_t boot_key[IMG_KEY_SIZE];

	if (img_seal_boot_key(&cipher_hmac, seal->secret, seal->nonce, boot_key) &&
	    img_seal_keys(&cipher_hmac, boot_key, slot, seal->salt, ret_keys))
		return;
	fputs("sample: keys\n", stderr);
	exit(1);
}

/* The keys are needed for the first chunk, long before there is a header. */
static void begin_seal(struct sample_job *job)
{
	struct img_slot slot = { .generation = job->image->generation };

	uuid_of(slot.image_uuid, uuid_seed(job->image));
	memcpy(slot.area_uuid, job->sample->area.uuid, sizeof(slot.area_uuid));
	sample_seal_keys(job->image->seal, &slot, &job->keys);
	img_writer_sealed(&job->writer, job->tag);
}

struct sample_job *sample_begin(struct sample *sample, const struct sample_image *image)
{
	const struct img_extent *extent = &sample->area.slot[image->slot];
	struct sample_job *job = xalloc(sizeof(*job));

	job->sample = sample;
	job->image = image;
	job->to = sample->partition + extent->offset;
	job->pending = xalloc(IMG_CHUNK_SIZE);
	job->out = xalloc(IMG_ENCODE_BOUND);
	job->workmem = xalloc(IMG_PORT_LZ4_WORKMEM);
	img_writer_init(&job->writer, extent->size, job->run, MAX_RUNS, job->chunk, MAX_CHUNKS);
	if (image->index)
		must(img_writer_index(&job->writer, image->index), "index");
	if (image->seal)
		begin_seal(job);
	return job;
}

/* Starts with a token that promises more literals than the chunk has. */
static void spoil(struct sample_job *job, struct img_chunk *chunk)
{
	memset(job->out, 0xff, 16);
	chunk->csum = img_port_xxh64(job->out, chunk->size);
}

/* In place; the padding stays zero.  The chunk's number is the one that the writer gives it. */
static void encrypt(struct sample_job *job, struct img_chunk *chunk, uint8_t ret_tag[IMG_TAG_SIZE])
{
	uint8_t iv[IMG_IV_SIZE];

	img_seal_iv(job->writer.nr_chunks, iv);
	cipher_seal(job->keys.enc, iv, job->out, chunk->size, ret_tag);
	img_chunk_sum(chunk, job->out);
}

void sample_close_chunk(struct sample_job *job)
{
	bool seal = job->image->seal;
	uint8_t tag[IMG_TAG_SIZE];
	struct img_chunk chunk;

	if (!job->nr_pending)
		return;
	img_chunk_encode(job->pending, job->nr_pending, job->out, job->workmem, &chunk);
	if (job->image->spoil && job->writer.nr_chunks == 0)
		spoil(job, &chunk);
	seal = seal && chunk.kind != IMG_CHUNK_FILL;
	if (seal)
		encrypt(job, &chunk, tag);
	must(img_writer_chunk(&job->writer, &chunk), "chunk");
	if (seal)
		img_writer_tag(&job->writer, tag);
	memcpy(job->to + chunk.offset, job->out, img_block_align(chunk.size));
	job->nr_pending = 0;
}

/* Adds the page to the index; true if it needs no place in a chunk. */
static bool index_page(struct sample_job *job, uint64_t pfn, const void *page, bool store)
{
	uint64_t fill = 0;
	bool is_fill = !store && img_page_is_fill(page, &fill);

	if (!job->image->index)
		must(img_writer_page(&job->writer, pfn, is_fill ? IMG_RUN_FILL : IMG_RUN_STORED,
				     fill),
		     "page");
	return is_fill;
}

void sample_add_page(struct sample_job *job, uint64_t pfn, const void *page, bool store)
{
	if (index_page(job, pfn, page, store))
		return;
	memcpy(job->pending + (size_t)job->nr_pending * IMG_PAGE_SIZE, page, IMG_PAGE_SIZE);
	if (++job->nr_pending == IMG_CHUNK_PAGES)
		sample_close_chunk(job);
}

static void add_runs(struct sample_job *job)
{
	uint64_t page[IMG_PAGE_SIZE / 8];

	for (uint32_t i = 0; i < job->image->nr_runs; i++) {
		const struct sample_run *run = &job->image->run[i];

		for (uint64_t pfn = run->pfn; pfn < run->pfn + run->pages; pfn++) {
			sample_page(pfn, run->content, page);
			sample_add_page(job, pfn, page, run->store);
		}
		if (run->close_chunk)
			sample_close_chunk(job);
	}
}

static void encode_tables(struct sample_job *job)
{
	const struct sample_image *image = job->image;

	for (uint32_t i = 0; i < image->nr_fp; i++)
		job->fp[i] = img_fp_encode(&image->fp[i]);
	for (uint32_t i = 0; i < image->nr_rtmap; i++)
		job->rtmap[i] = img_rtregion_encode(&image->rtmap[i]);
	for (uint32_t i = 0; i < image->nr_aux; i++)
		job->aux[i] = img_aux_encode(&image->aux[i]);
	for (uint32_t i = 0; i < image->nr_proofs; i++)
		job->proof[i] = img_proof_encode(&image->proof[i]);
}

static struct img_seal_disk encode_seal(const struct sample_seal *seal)
{
	struct img_seal s = { .domain = seal->domain };

	memcpy(s.nonce, seal->nonce, sizeof(s.nonce));
	memcpy(s.salt, seal->salt, sizeof(s.salt));
	return img_seal_encode(&s);
}

/* Once everything that the MAC covers is known. */
static void close_seal(const struct sample_job *job, struct img_slot *slot,
		       const void *const data[IMG_MAX_SECTIONS], struct img_seal_disk *seal)
{
	uint8_t header[IMG_BLOCK];

	img_slot_encode(slot, header);
	if (img_seal_close(&cipher_hmac, &job->keys, slot, data, header, seal))
		return;
	fputs("sample: MAC\n", stderr);
	exit(1);
}

static void put_sections(struct sample_job *job, struct img_slot *slot)
{
	const struct sample_image *image = job->image;
	struct img_seal_disk seal;
	struct img_record_disk record = img_record_encode(&image->record);
	const struct img_writer_sections in = {
		.record = &record,
		.fp = job->fp,
		.rtmap = job->rtmap,
		.aux = job->aux,
		.nr_fp = image->nr_fp,
		.nr_rtmap = image->nr_rtmap,
		.nr_aux = image->nr_aux,
		.proof = job->proof,
		.nr_proofs = image->nr_proofs,
		.seal = &seal,
	};
	const void *data[IMG_MAX_SECTIONS];

	encode_tables(job);
	if (image->seal)
		seal = encode_seal(image->seal);
	must(img_writer_finish(&job->writer, &in, slot, data), "finish");
	if (image->seal)
		close_seal(job, slot, data, &seal);
	for (uint32_t i = 0; i < slot->nr_sections; i++)
		if (slot->section[i].size)
			memcpy(job->to + slot->section[i].offset, data[i], slot->section[i].size);
}

struct img_slot sample_end(struct sample_job *job, const struct img_slot *header)
{
	struct img_slot slot = *header;

	sample_close_chunk(job);
	memcpy(slot.area_uuid, job->sample->area.uuid, sizeof(slot.area_uuid));
	put_sections(job, &slot);
	img_state_encode(&job->image->state, slot.image_uuid, job->to + IMG_BLOCK);
	img_slot_encode(&slot, job->to);
	free(job->pending);
	free(job->out);
	free(job->workmem);
	free(job);
	return slot;
}

struct img_slot sample_write(struct sample *sample, const struct sample_image *image)
{
	struct sample_job *job = sample_begin(sample, image);
	struct img_slot header = { .mode = image->mode,
				   .generation = image->generation,
				   .created = 1700000000 + image->generation };

	uuid_of(header.image_uuid, uuid_seed(image));
	snprintf(header.kernel_release, sizeof(header.kernel_release), "%s", image->kernel);
	snprintf(header.description, sizeof(header.description), "%s", image->description);
	add_runs(job);
	return sample_end(job, &header);
}

static struct sample make_tiny(const struct sample_image *image)
{
	struct sample s = sample_area((16 << 10) + 2 * IMG_MIN_SLOT_SIZE + IMG_BLOCK, 16 << 10, 2);

	sample_write(&s, image);
	return s;
}

static struct sample make_full(const struct sample_image *image)
{
	/* An odd size: the header is the last whole block. */
	struct sample s = sample_area((8 << 20) + 1536, 64 << 10, 2);

	sample_write(&s, &sample_older);
	sample_write(&s, image);
	return s;
}

struct sample sample_make_tiny(void)
{
	return make_tiny(&sample_tiny);
}

struct sample sample_make_full(void)
{
	return make_full(&sample_full);
}

struct sample sample_make_tiny_sealed(void)
{
	return make_tiny(&sample_tiny_sealed);
}

struct sample sample_make_sealed(void)
{
	return make_full(&sample_sealed);
}
