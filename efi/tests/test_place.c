// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loader's middle, from claiming memory to the last page in its place, on
 * the host: a piece of address space stands for the machine's RAM, a table of
 * fake boot services for the firmware, a buffer for the disk.  Many random
 * memory maps and images; after the staged pages are copied as the trampoline
 * would, every page of the image must be where it belongs, and all that was
 * allocated must come back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <imgfmt/writer.h>

#include "workers.h"

#define RAM_START     0x10000000ull
#define RAM_PAGES     (96 * MIB / IMG_PAGE_SIZE)
#define FIRMWARE_AT   0x20000000ull /* where the firmware's other allocations come from */
#define FIRMWARE_SIZE (32 * MIB)
#define MAX_RANGES    64
#define MAX_RUNS      4096
#define ROUNDS	      60

static uint8_t kind_of[RAM_PAGES]; /* EFI memory type of today */
static bool taken[RAM_PAGES];	   /* claimed by the loader */
static uint64_t firmware_used;	   /* bytes */
static uint64_t nr_allocated;	   /* calls not yet undone */
static uint8_t *disk_bytes;
static uint64_t disk_size;
static uint64_t read_to_fail; /* 1: the next one; 0: none */

EFI_BOOT_SERVICES *BS;
EFI_SYSTEM_TABLE *ST;

void report_progress(const struct loader *l, uint64_t chunks)
{
	(void)l;
	(void)chunks;
}

/* The firmware. */

static EFI_STATUS EFIAPI fake_allocate(EFI_ALLOCATE_TYPE type, EFI_MEMORY_TYPE memory_type,
				       UINTN pages, EFI_PHYSICAL_ADDRESS *phys)
{
	UINTN i, first = (*phys - RAM_START) / IMG_PAGE_SIZE;

	assert_int_equal(memory_type, EfiLoaderData);
	if (type == AllocateAnyPages) {
		if (pages * IMG_PAGE_SIZE > FIRMWARE_SIZE - firmware_used)
			return EFI_OUT_OF_RESOURCES;
		*phys = FIRMWARE_AT + firmware_used;
		firmware_used += pages * IMG_PAGE_SIZE;
		nr_allocated++;
		return EFI_SUCCESS;
	}
	for (i = first; i < first + pages; i++) {
		assert_true(i < RAM_PAGES && kind_of[i] == EfiConventionalMemory && !taken[i]);
		taken[i] = true;
	}
	nr_allocated++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_free(EFI_PHYSICAL_ADDRESS phys, UINTN pages)
{
	UINTN i, first = (phys - RAM_START) / IMG_PAGE_SIZE;

	for (i = 0; phys < FIRMWARE_AT && i < pages; i++) {
		assert_true(taken[first + i]);
		taken[first + i] = false;
	}
	nr_allocated--;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_map(UINTN *size, EFI_MEMORY_DESCRIPTOR *map, UINTN *key, UINTN *step,
				  UINT32 *version)
{
	UINTN i, n = 0, room = *size / sizeof(*map);

	for (i = 0; i < RAM_PAGES; i++) {
		bool more = i && kind_of[i] == kind_of[i - 1];

		if (!more && n < room)
			map[n] = (EFI_MEMORY_DESCRIPTOR){ .Type = kind_of[i],
							  .PhysicalStart =
								  RAM_START + i * IMG_PAGE_SIZE };
		n += !more;
		if (n <= room)
			map[n - 1].NumberOfPages++;
	}
	*key = 1;
	*step = sizeof(*map);
	*version = EFI_MEMORY_DESCRIPTOR_VERSION;
	*size = n * sizeof(*map);
	return n <= room ? EFI_SUCCESS : EFI_BUFFER_TOO_SMALL;
}

static EFI_STATUS EFIAPI fake_locate(EFI_GUID *guid, VOID *registration, VOID **interface)
{
	(void)guid;
	(void)registration;
	(void)interface;
	return EFI_NOT_FOUND;
}

static EFI_STATUS EFIAPI fake_read(EFI_BLOCK_IO *bio, UINT32 media, EFI_LBA lba, UINTN size,
				   VOID *to)
{
	(void)bio;
	(void)media;
	assert_true(lba * 512 + size <= disk_size);
	if (read_to_fail && --read_to_fail == 0)
		return EFI_DEVICE_ERROR;
	memcpy(to, disk_bytes + lba * 512, size);
	return EFI_SUCCESS;
}

static void firmware_start(void)
{
	static EFI_BOOT_SERVICES services = { .AllocatePages = fake_allocate,
					      .FreePages = fake_free,
					      .GetMemoryMap = (EFI_GET_MEMORY_MAP)fake_map,
					      .LocateProtocol = fake_locate };
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

	BS = &services;
	assert_ptr_not_equal(mmap((void *)RAM_START, RAM_PAGES * IMG_PAGE_SIZE,
				  PROT_READ | PROT_WRITE, flags, -1, 0),
			     MAP_FAILED);
	assert_ptr_not_equal(
		mmap((void *)FIRMWARE_AT, FIRMWARE_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0),
		MAP_FAILED);
}

static void firmware_stop(void)
{
	munmap((void *)RAM_START, RAM_PAGES * IMG_PAGE_SIZE);
	munmap((void *)FIRMWARE_AT, FIRMWARE_SIZE);
}

/* A map of the day: mostly conventional, with boot-services memory strewn in. */
static void random_map(void)
{
	UINTN i, left = 0;
	uint8_t kind = EfiConventionalMemory;

	memset(taken, 0, sizeof(taken));
	firmware_used = 0;
	for (i = 0; i < RAM_PAGES; i++, left--) {
		if (left == 0) {
			kind = rand() % 4 ? EfiConventionalMemory : EfiBootServicesData;
			left = kind == EfiConventionalMemory ? 1 + (UINTN)rand() % 4096
							     : 1 + (UINTN)rand() % 256;
		}
		kind_of[i] = kind;
	}
}

/* The image. */

struct image {
	struct img_run_disk run[MAX_RUNS];
	struct img_chunk_disk chunk[RAM_PAGES / IMG_CHUNK_PAGES + 2];
	bool wanted[RAM_PAGES];
	struct img_writer writer;
	uint8_t in[IMG_CHUNK_SIZE], out[IMG_ENCODE_BOUND];
	uint64_t workmem[IMG_PORT_LZ4_WORKMEM / 8 + 1];
	uint32_t in_chunk;
};

/* What page `pfn` holds: constant, compressible or noise, by its number. */
static void page_content(uint64_t pfn, uint64_t *word)
{
	uint64_t state = pfn * 0x9e3779b97f4a7c15ull + 1;
	UINTN i;

	for (i = 0; i < IMG_PAGE_SIZE / 8; i++) {
		if (pfn / 300 % 3 == 2)
			state = state * 6364136223846793005ull + 1442695040888963407ull;
		word[i] = pfn % 7 == 0 ? pfn / 100 : state;
	}
}

static void flush_chunk(struct image *image)
{
	struct img_chunk chunk;

	if (!image->in_chunk)
		return;
	img_chunk_encode(image->in, image->in_chunk, image->out, image->workmem, &chunk);
	assert_int_equal(img_writer_chunk(&image->writer, &chunk), IMG_OK);
	memcpy(disk_bytes + chunk.offset, image->out, img_block_align(chunk.size));
	image->in_chunk = 0;
}

static void add_page(struct image *image, uint64_t pfn)
{
	uint64_t *page = (uint64_t *)(image->in + (size_t)image->in_chunk * IMG_PAGE_SIZE), word;

	page_content(pfn, page);
	if (img_page_is_fill(page, &word)) {
		assert_int_equal(img_writer_page(&image->writer, pfn, IMG_RUN_FILL, word), IMG_OK);
		return;
	}
	assert_int_equal(img_writer_page(&image->writer, pfn, IMG_RUN_STORED, 0), IMG_OK);
	if (++image->in_chunk == IMG_CHUNK_PAGES)
		flush_chunk(image);
}

/* Runs of pages wanted and not, until about `percent` of memory is wanted. */
static struct img_meta random_image(struct image *image, int percent)
{
	struct img_writer *w = &image->writer;
	UINTN i, left = 0;
	bool want = false;

	memset(image, 0, sizeof(*image));
	img_writer_init(w, disk_size, image->run, MAX_RUNS, image->chunk, ARRAY_SIZE(image->chunk));
	for (i = 0; i < RAM_PAGES; i++, left--) {
		if (left == 0) {
			want = rand() % 100 < percent;
			left = 1 + (UINTN)rand() % 200;
		}
		image->wanted[i] = want && img_writer_has_room(w, 2);
		if (image->wanted[i])
			add_page(image, RAM_START / IMG_PAGE_SIZE + i);
	}
	flush_chunk(image);
	return (struct img_meta){ .run = w->run,
				  .nr_runs = w->nr_runs,
				  .chunk = w->chunk,
				  .nr_chunks = w->nr_chunks,
				  .nr_pages = w->nr_pages,
				  .nr_stored = w->nr_stored };
}

/* What the trampoline does. */
static void copy_staged(const struct staging *s)
{
	uint64_t i;

	for (i = 0; i < s->count; i++)
		memcpy((void *)s->copy[i].to, (void *)s->copy[i].from,
		       s->copy[i].pages * IMG_PAGE_SIZE);
}

static void check_pages(const struct image *image)
{
	uint64_t expected[IMG_PAGE_SIZE / 8];
	UINTN i;

	for (i = 0; i < RAM_PAGES; i++) {
		if (!image->wanted[i])
			continue;
		page_content(RAM_START / IMG_PAGE_SIZE + i, expected);
		assert_memory_equal((void *)(RAM_START + i * IMG_PAGE_SIZE), expected,
				    IMG_PAGE_SIZE);
	}
}

/* Until the end of boot services nothing outside of claimed memory may change. */
static uint64_t digest_of_unclaimed(void)
{
	uint64_t sum = 0;
	UINTN i;

	for (i = 0; i < RAM_PAGES; i++) {
		if (!taken[i])
			sum = sum * 31 + img_port_xxh64((void *)(RAM_START + i * IMG_PAGE_SIZE),
							IMG_PAGE_SIZE);
	}
	return sum;
}

struct fixture {
	struct image image;
	struct loader loader;
	EFI_BLOCK_IO_MEDIA media;
	EFI_BLOCK_IO bio;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	firmware_start();
	disk_size = RAM_PAGES * IMG_PAGE_SIZE + 4 * MIB;
	disk_bytes = calloc(1, disk_size);
	f->media.BlockSize = 512;
	f->bio.Media = &f->media;
	f->bio.ReadBlocks = fake_read;
	srand(20);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	free(disk_bytes);
	free(*state);
	firmware_stop();
	return 0;
}

static struct loader *new_round(struct fixture *f, int percent)
{
	struct loader *l = &f->loader;

	random_map();
	memset((void *)RAM_START, 0x5a, RAM_PAGES * IMG_PAGE_SIZE);
	memset(l, 0, sizeof(*l));
	l->options.one_core = true;
	l->disk = (struct disk){ .bio = &f->bio, .block = 512, .size = disk_size };
	l->meta = random_image(&f->image, percent);
	return l;
}

static void give_back(struct loader *l)
{
	mem_release(l);
	assert_int_equal(nr_allocated, 0);
}

static void test_every_page_in_its_place(void **state)
{
	struct fixture *f = *state;
	uint64_t direct = 0, staged = 0;
	int round, refused = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct loader *l = new_round(f, round);
		enum img_reason reason = mem_claim(l);
		uint64_t before = digest_of_unclaimed();

		assert_int_equal(reason, IMG_OK);
		reason = place_image(l);
		assert_int_equal(digest_of_unclaimed(), before);
		if (reason == IMG_OK) {
			copy_staged(&l->staging);
			check_pages(&f->image);
			direct += l->handoff.pages_direct;
			staged += l->handoff.pages_staged;
		} else {
			assert_int_equal(reason, IMG_E_NO_MEMORY);
			refused++;
		}
		give_back(l);
	}
	assert_true(refused < ROUNDS / 2);
	assert_true(staged && direct > staged);
}

static void test_damaged_chunk(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_round(f, 30);
	uint64_t number = l->meta.nr_chunks / 2;
	struct img_chunk chunk = img_meta_chunk(&l->meta, number);

	disk_bytes[chunk.offset + chunk.size / 2] ^= 1;
	assert_int_equal(mem_claim(l), IMG_OK);
	assert_int_equal(place_image(l), IMG_E_CHUNK_CHECKSUM);
	assert_int_equal(l->detail.index, number);
	give_back(l);
}

static void test_read_error(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_round(f, 50);

	assert_int_equal(mem_claim(l), IMG_OK);
	read_to_fail = 2;
	assert_int_equal(place_image(l), IMG_E_DISK_READ);
	assert_int_equal(read_to_fail, 0);
	give_back(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_page_in_its_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_chunk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_read_error, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("efi/place", tests, NULL, NULL);
}
