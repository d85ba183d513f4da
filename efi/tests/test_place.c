// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The middle part of the loader, from claiming memory to the last page in its
 * place, on the host: a piece of address space represents the machine's memory, a
 * table of fake boot services the firmware, a buffer the disk.  The tests use many
 * random memory maps and images.  After the staged pages are copied as the
 * trampoline would copy them, every page of the image must be in its place, and
 * every allocation must be freed.  Asynchronous reads end late, in any order or in
 * an error, or are refused; none must be under way when the loader is done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <imgfmt/writer.h>

#include "batch.h"
#include "claim.h"
#include "console.h"
#include "crypto.h"
#include "loader.h"
#include "pipeline.h"
#include "report.h"
#include "volume.h"

#define RAM_START     0x10000000ull
#define RAM_PAGES     (96 * MIB / IMG_PAGE_SIZE)
#define FIRMWARE_AT   0x20000000ull /* the firmware's other allocations */
#define FIRMWARE_SIZE (32 * MIB)
#define MAX_RANGES    64
#define MAX_RUNS      4096
#define ROUNDS	      60

static uint8_t kind_of[RAM_PAGES]; /* today's EFI memory type */
static bool taken[RAM_PAGES];	   /* claimed by the loader */
static uint64_t firmware_used;	   /* bytes */
static uint64_t nr_allocated;	   /* allocations not yet freed */
static uint8_t *disk_bytes;
static uint64_t disk_size;
static uint64_t read_to_fail; /* 1: the next one; 0: none */
static uint64_t reads;	      /* synchronous ones */
static UINTN image_end;	      /* the image has no page from here on */
static bool constant;	      /* all pages hold one word, but are stored nevertheless */

EFI_BOOT_SERVICES *BS;
EFI_SYSTEM_TABLE *ST;

static uint64_t reported;     /* chunks, in the last progress report */
static uint64_t press_esc_at; /* when this many are in their places; 0: never */

void report_progress(struct loader *l, uint64_t chunks)
{
	assert_true(chunks >= reported && chunks <= l->meta.nr_chunks);
	reported = chunks;
}

bool console_escape(struct console *c)
{
	(void)c;
	return press_esc_at && reported >= press_esc_at;
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
	reads++;
	if (read_to_fail && --read_to_fail == 0)
		return EFI_DEVICE_ERROR;
	memcpy(to, disk_bytes + lba * 512, size);
	return EFI_SUCCESS;
}

/* Asynchronous reads: the clock that ends them ticks whenever an event is checked. */

#define MAX_READS 64

struct fake_event {
	bool open, signalled;
};

static struct fake_read {
	struct fake_event event;
	EFI_BLOCK_IO2_TOKEN *token; /* NULL: not under way */
	uint64_t offset, size;
	void *to;
	uint64_t due;
	bool fails;
} queued[MAX_READS];

static uint64_t nr_queued; /* so far, refused ones included */
static uint64_t under_way, most, out_of_order;
static uint64_t now;
static uint64_t longest;		  /* ticks that a read takes at most */
static uint64_t to_fail, to_refuse, slow; /* one bit per read, by its number */
static bool no_events;

static void reset_reads(uint64_t ticks)
{
	memset(queued, 0, sizeof(queued));
	nr_queued = under_way = most = out_of_order = now = reads = 0;
	longest = ticks;
	to_fail = to_refuse = slow = 0;
	no_events = false;
}

static EFI_STATUS EFIAPI fake_create_event(UINT32 type, EFI_TPL tpl, EFI_EVENT_NOTIFY notify,
					   VOID *context, EFI_EVENT *event)
{
	(void)tpl;
	(void)context;
	assert_true(type == 0 && !notify);
	if (no_events)
		return EFI_OUT_OF_RESOURCES;
	assert_true(nr_queued < MAX_READS);
	queued[nr_queued].event = (struct fake_event){ .open = true };
	*event = &queued[nr_queued].event;
	return EFI_SUCCESS;
}

static struct fake_read *read_of(EFI_EVENT event)
{
	return (struct fake_read *)((uint8_t *)event - offsetof(struct fake_read, event));
}

static EFI_STATUS EFIAPI fake_close_event(EFI_EVENT event)
{
	struct fake_read *r = read_of(event);

	assert_true(r->event.open && !r->token);
	r->event.open = false;
	return EFI_SUCCESS;
}

static void end_one(struct fake_read *r)
{
	struct fake_read *earlier;

	for (earlier = queued; earlier < r; earlier++)
		out_of_order += earlier->token != NULL;
	if (!r->fails)
		memcpy(r->to, disk_bytes + r->offset, r->size);
	r->token->TransactionStatus = r->fails ? EFI_DEVICE_ERROR : EFI_SUCCESS;
	r->token = NULL;
	r->event.signalled = true;
	under_way--;
}

static EFI_STATUS EFIAPI fake_check_event(EFI_EVENT event)
{
	struct fake_read *r = read_of(event);
	uint64_t i;

	assert_true(r->event.open);
	now++;
	for (i = 0; i < nr_queued; i++) {
		if (queued[i].token && queued[i].due <= now)
			end_one(&queued[i]);
	}
	if (!r->event.signalled)
		return EFI_NOT_READY;
	r->event.signalled = false;
	return EFI_SUCCESS;
}

/* The buffer holds no useful data until the read has ended. */
static EFI_STATUS EFIAPI fake_read_ex(EFI_BLOCK_IO2_PROTOCOL *bio2, UINT32 media, EFI_LBA lba,
				      EFI_BLOCK_IO2_TOKEN *token, UINTN size, VOID *to)
{
	struct fake_read *r = read_of(token->Event);

	(void)bio2;
	(void)media;
	assert_ptr_equal(r, &queued[nr_queued]);
	assert_true(size && lba * 512 + size <= disk_size);
	if (to_refuse >> nr_queued++ & 1)
		return EFI_OUT_OF_RESOURCES;
	memset(to, 0xdb, size);
	*r = (struct fake_read){
		.event = r->event,
		.token = token,
		.offset = lba * 512,
		.size = size,
		.to = to,
		.due = now + (slow >> (r - queued) & 1 ? 2 * longest : (uint64_t)rand() % longest),
		.fails = to_fail >> (r - queued) & 1
	};
	under_way++;
	if (most < under_way)
		most = under_way;
	return EFI_SUCCESS;
}

static void assert_no_reads_left(void)
{
	uint64_t i;

	assert_int_equal(under_way, 0);
	for (i = 0; i < MAX_READS; i++)
		assert_false(queued[i].event.open);
}

/* No device paths. */
static EFI_STATUS EFIAPI fake_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **interface)
{
	(void)handle;
	(void)guid;
	(void)interface;
	return EFI_UNSUPPORTED;
}

static void firmware_start(void)
{
	static EFI_BOOT_SERVICES services = { .AllocatePages = fake_allocate,
					      .FreePages = fake_free,
					      .GetMemoryMap = (EFI_GET_MEMORY_MAP)fake_map,
					      .HandleProtocol = fake_protocol,
					      .LocateProtocol = fake_locate,
					      .CreateEvent = fake_create_event,
					      .CloseEvent = fake_close_event,
					      .CheckEvent = fake_check_event };
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

/* A memory map: mostly conventional memory, with boot-services memory scattered in it. */
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

/* The content of page `pfn`, by its number: one word, compressible data, or noise. */
static void page_content(uint64_t pfn, uint64_t *word)
{
	bool noise = pfn / 300 % 3;
	uint64_t state = pfn * 0x9e3779b97f4a7c15ull + 1;
	UINTN i;

	for (i = 0; i < IMG_PAGE_SIZE / 8; i++) {
		if (noise || i % 16 == 0)
			state = state * 6364136223846793005ull + 1442695040888963407ull;
		word[i] = constant ? 42 : pfn % 7 == 0 ? pfn / 100 : state;
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
	if (!constant && img_page_is_fill(page, &word)) {
		assert_int_equal(img_writer_page(&image->writer, pfn, IMG_RUN_FILL, word), IMG_OK);
		return;
	}
	assert_int_equal(img_writer_page(&image->writer, pfn, IMG_RUN_STORED, 0), IMG_OK);
	if (++image->in_chunk == IMG_CHUNK_PAGES)
		flush_chunk(image);
}

/* Alternates runs of wanted and unwanted pages, so that about `percent` of memory is wanted. */
static struct img_meta random_image(struct image *image, int percent)
{
	struct img_writer *w = &image->writer;
	UINTN i, left = 0;
	bool want = false;

	memset(image, 0, sizeof(*image));
	img_writer_init(w, disk_size, image->run, MAX_RUNS, image->chunk, ARRAY_SIZE(image->chunk));
	for (i = 0; i < image_end; i++, left--) {
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

/* Until the end of boot services nothing outside claimed memory may change. */
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
	EFI_BLOCK_IO2_PROTOCOL bio2;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->media.BlockSize = 512;
	f->bio.Media = &f->media;
	f->bio.ReadBlocks = fake_read;
	f->bio2.Media = &f->media;
	f->bio2.ReadBlocksEx = fake_read_ex;
	nr_allocated = read_to_fail = 0;
	reset_reads(1);
	image_end = RAM_PAGES;
	constant = false;
	srand(20);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

/* Runs once: every test refills memory and disk, which takes less time than allocating them. */
static int set_up_machine(void **state)
{
	(void)state;
	firmware_start();
	disk_size = RAM_PAGES * IMG_PAGE_SIZE + 4 * MIB;
	disk_bytes = calloc(1, disk_size);
	return disk_bytes ? 0 : -1;
}

static int tear_down_machine(void **state)
{
	(void)state;
	free(disk_bytes);
	firmware_stop();
	return 0;
}

static struct loader *new_round(struct fixture *f, int percent)
{
	struct loader *l = &f->loader;

	reported = press_esc_at = 0;
	random_map();
	memset((void *)RAM_START, 0x5a, RAM_PAGES * IMG_PAGE_SIZE);
	memset(l, 0, sizeof(*l));
	l->options.one_core = true;
	volume_open_partition(&(struct disk){ .bio = &f->bio, .block = 512, .size = disk_size },
			      &l->volume);
	l->meta = random_image(&f->image, percent);
	return l;
}

static enum img_reason claim_memory(struct loader *l)
{
	return claim_all(&l->memory, &l->meta, &l->map, &l->claim);
}

/* The image has no page in the second half of memory, which is enough for all buffers. */
static struct loader *new_roomy_round(struct fixture *f)
{
	struct loader *l;

	image_end = RAM_PAGES / 2;
	l = new_round(f, 80);
	memset(kind_of + image_end, EfiConventionalMemory, RAM_PAGES - image_end);
	return l;
}

static void give_back(struct loader *l)
{
	alloc_release(&l->memory);
	assert_int_equal(nr_allocated, 0);
}

static void test_every_page_in_its_place(void **state)
{
	struct fixture *f = *state;
	uint64_t direct = 0, staged = 0;
	int round, refused = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct loader *l = new_round(f, round);
		enum img_reason reason = claim_memory(l);
		uint64_t before = digest_of_unclaimed();

		assert_int_equal(reason, IMG_OK);
		reason = pipeline_run(l);
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
	struct loader *l = new_roomy_round(f);
	uint64_t number = l->meta.nr_chunks / 2;
	struct img_chunk chunk = img_meta_chunk(&l->meta, number);

	disk_bytes[chunk.offset + chunk.size / 2] ^= 1;
	assert_int_equal(claim_memory(l), IMG_OK);
	assert_int_equal(pipeline_run(l), IMG_E_CHUNK_CHECKSUM);
	assert_int_equal(l->detail.index, number);
	give_back(l);
}

static void test_read_error(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_roomy_round(f);

	assert_int_equal(claim_memory(l), IMG_OK);
	read_to_fail = 2;
	assert_int_equal(pipeline_run(l), IMG_E_DISK_READ);
	assert_int_equal(read_to_fail, 0);
	give_back(l);
}

/* A disk that reads asynchronously, with each read taking at most this many ticks. */
static struct loader *new_async_round(struct fixture *f, uint64_t ticks)
{
	struct loader *l = new_roomy_round(f);

	l->volume.disk[0].bio2 = &f->bio2;
	reset_reads(ticks);
	assert_int_equal(claim_memory(l), IMG_OK);
	return l;
}

static void restores(struct fixture *f)
{
	struct loader *l = &f->loader;

	assert_int_equal(pipeline_run(l), IMG_OK);
	assert_no_reads_left();
	copy_staged(&l->staging);
	check_pages(&f->image);
}

static void refuses(struct loader *l, enum img_reason reason, uint64_t chunk)
{
	assert_int_equal(pipeline_run(l), reason);
	assert_no_reads_left();
	assert_string_equal(l->detail.object, "chunk");
	assert_int_equal(l->detail.index, chunk);
}

/* The first chunk of the read with this number. */
static uint64_t first_chunk_of_read(const struct loader *l, uint64_t number)
{
	uint64_t chunk = 0;

	while (number--)
		chunk = batch_next(&l->meta, chunk).end;
	assert_true(chunk < l->meta.nr_chunks);
	return chunk;
}

static void test_reads_end_late_and_out_of_order(void **state)
{
	static const uint64_t ticks[] = { 1, 3, 50, 5000 };
	struct fixture *f = *state;
	uint64_t passed = 0, two = 0, round;

	for (round = 0; round < 3 * ARRAY_SIZE(ticks); round++) {
		struct loader *l = new_async_round(f, ticks[round % ARRAY_SIZE(ticks)]);

		restores(f);
		assert_int_equal(reads, 0);
		assert_true(most <= 2);
		two += most == 2;
		passed += out_of_order;
		give_back(l);
	}
	assert_true(two && passed);
}

static void test_reads_refused(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_async_round(f, 50);

	to_refuse = 0xaaaaaaaaaaaaaaaa;
	restores(f);
	assert_int_equal(reads, nr_queued / 2);
	give_back(l);

	l = new_async_round(f, 50);
	to_refuse = UINT64_MAX;
	restores(f);
	assert_int_equal(reads, nr_queued);
	give_back(l);

	l = new_async_round(f, 50);
	no_events = true;
	restores(f);
	assert_int_equal(nr_queued, 0);
	assert_true(reads);
	give_back(l);
}

/*
 * From here on the area is a map of two partitions: the disk's bytes up to the border, which follow
 * the others now, and those others.
 */
static void split_disk(struct loader *l, uint64_t border)
{
	static struct img_area map;
	uint8_t *first = malloc(border);

	assert_non_null(first);
	memcpy(first, disk_bytes, border);
	memmove(disk_bytes, disk_bytes + border, disk_size - border);
	memcpy(disk_bytes + disk_size - border, first, border);
	free(first);
	map = (struct img_area){ .nr_map = 2,
				 .map = { { .offset = disk_size - border, .size = border },
					  { .size = disk_size - border } } };
	l->volume.map = &map;
	l->volume.disk[1] = l->volume.disk[0];
	l->volume.nr_disks = 2;
	l->volume.disk_of[1] = 1;
}

/* The border of two pieces is within a read, which is synchronous then, in two parts. */
static void test_map(void **state)
{
	struct fixture *f = *state;
	uint64_t number;

	for (number = 0; number < 4; number++) {
		struct loader *l = new_async_round(f, 50);
		uint64_t chunk = first_chunk_of_read(l, number);

		split_disk(l, img_meta_chunk(&l->meta, chunk).offset + IMG_BLOCK);
		restores(f);
		assert_int_equal(reads, 2);
		assert_true(nr_queued > 4);
		give_back(l);
	}
}

static void test_map_read_error(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_async_round(f, 1000);
	uint64_t chunk = first_chunk_of_read(l, 1);

	split_disk(l, img_meta_chunk(&l->meta, chunk).offset + IMG_BLOCK);
	read_to_fail = 2; /* its second part */
	refuses(l, IMG_E_DISK_READ, chunk);
	assert_int_equal(l->volume.last, 1);
	give_back(l);
}

/* While one read is under way, the next is refused, and then fails as a synchronous read. */
static void test_synchronous_read_fails_beside_another(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_async_round(f, 1000);

	to_refuse = 2;
	read_to_fail = 1;
	refuses(l, IMG_E_DISK_READ, first_chunk_of_read(l, 1));
	assert_int_equal(read_to_fail, 0);
	give_back(l);
}

static void test_read_ends_in_error(void **state)
{
	struct fixture *f = *state;
	uint64_t number, ticks;

	for (number = 0; number < 5; number++) {
		for (ticks = 1; ticks < 10000; ticks *= 30) {
			struct loader *l = new_async_round(f, ticks);

			to_fail = 1ull << number;
			refuses(l, IMG_E_DISK_READ, first_chunk_of_read(l, number));
			assert_true(nr_queued <= number + 2);
			give_back(l);
		}
	}
}

/* Both reads under way fail: the first is reported. */
static void test_two_reads_end_in_error(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_async_round(f, 1000);

	to_fail = 3ull << 2;
	refuses(l, IMG_E_DISK_READ, first_chunk_of_read(l, 2));
	assert_int_equal(nr_queued, 4);
	give_back(l);
}

static void damage(const struct loader *l, uint64_t number)
{
	struct img_chunk chunk = img_meta_chunk(&l->meta, number);

	assert_true(chunk.size);
	disk_bytes[chunk.offset + chunk.size / 2] ^= 1;
}

/* The reads under way continue, although nobody needs them. */
static void test_damaged_chunk_while_reading(void **state)
{
	struct fixture *f = *state;
	uint64_t number;

	for (number = 0; number < 12; number += 3) {
		struct loader *l = new_async_round(f, 1000);

		damage(l, number);
		refuses(l, IMG_E_CHUNK_CHECKSUM, number);
		give_back(l);
	}
}

/* A damaged chunk, then an error of the read under way: the chunk is reported. */
static void test_damaged_chunk_and_read_error(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_async_round(f, 1000);

	damage(l, 0);
	to_fail = slow = 2;
	refuses(l, IMG_E_CHUNK_CHECKSUM, 0);
	assert_true(nr_queued >= 2);
	give_back(l);
}

/* No read is left under way, no memory is kept, and no object is named. */
static void test_escape(void **state)
{
	static const uint64_t ticks[] = { 1, 50, 5000 };
	struct fixture *f = *state;
	uint64_t round;

	for (round = 0; round < 12; round++) {
		struct loader *l =
			round % 4 ? new_async_round(f, ticks[round % 3]) : new_roomy_round(f);

		if (round % 4 == 0)
			assert_int_equal(claim_memory(l), IMG_OK);
		press_esc_at = 1 + round * (l->meta.nr_chunks - 2) / 11;
		assert_int_equal(pipeline_run(l), IMG_E_USER_ESCAPE);
		assert_no_reads_left();
		assert_true(reported >= press_esc_at && reported < l->meta.nr_chunks);
		assert_null(l->detail.object);
		give_back(l);
	}
}

/* Without memory for the list of copies, nothing is read. */
static void test_nothing_is_read_without_memory(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_async_round(f, 50);

	l->claim.owned.nr = 0;
	assert_int_equal(pipeline_run(l), IMG_E_NO_MEMORY);
	assert_no_reads_left();
	assert_int_equal(nr_queued + reads, 0);
	give_back(l);
}

/* Chunks of one word take no space on the disk: nothing is read. */
static void test_nothing_to_read(void **state)
{
	struct fixture *f = *state;
	struct loader *l;

	constant = true;
	l = new_async_round(f, 50);
	assert_true(l->meta.nr_chunks > 2);
	restores(f);
	assert_int_equal(l->handoff.bytes_read, 0);
	give_back(l);
}

/* The option `probe`. */

static void check_probe(const struct loader *l)
{
	const struct img_work *probe = &l->handoff.probe;
	uint64_t i, on_disk = 0, lz4 = 0;

	for (i = 0; i < l->meta.nr_chunks; i++) {
		struct img_chunk c = img_meta_chunk(&l->meta, i);

		on_disk += img_block_align(c.size);
		lz4 += c.kind == IMG_CHUNK_LZ4 ? c.pages * IMG_PAGE_SIZE : 0;
	}
	assert_true(lz4);
	assert_int_equal(probe->bytes_read, on_disk);
	assert_int_equal(probe->bytes_decoded, lz4);
	assert_true(probe->read && probe->verify && probe->decode);
	assert_int_equal(probe->place, 0);
	assert_true(l->handoff.probe_elapsed >= probe->read + probe->verify + probe->decode);
	/* The restore's own figures do not include the probe's. */
	assert_int_equal(l->handoff.work.bytes_read, on_disk);
	assert_int_equal(l->handoff.bytes_read, on_disk);
}

static void test_probe(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_async_round(f, 50);

	restores(f);
	assert_int_equal(l->handoff.probe_elapsed, 0);
	assert_int_equal(l->handoff.probe.bytes_read, 0);
	give_back(l);

	l = new_async_round(f, 50);
	l->options.probe = true;
	restores(f);
	check_probe(l);
	assert_int_equal(reads, nr_queued); /* every read once synchronously, once asynchronously */
	give_back(l);
}

static void test_probe_finds_damage(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_async_round(f, 50);
	uint64_t number = l->meta.nr_chunks / 2;

	l->options.probe = true;
	damage(l, number);
	refuses(l, IMG_E_CHUNK_CHECKSUM, number);
	assert_int_equal(nr_queued, 0);
	assert_true(l->handoff.probe.bytes_read);
	give_back(l);
}

static void test_probe_read_error(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_async_round(f, 50);

	l->options.probe = true;
	read_to_fail = 3;
	refuses(l, IMG_E_DISK_READ, first_chunk_of_read(l, 2));
	assert_int_equal(nr_queued, 0);
	give_back(l);
}

/* Sealed chunks. */

static struct img_tag_disk tag[RAM_PAGES / IMG_CHUNK_PAGES + 2];

static void sum_chunk(struct fixture *f, uint64_t number)
{
	struct img_chunk chunk = img_meta_chunk(&f->loader.meta, number);

	f->image.chunk[number].csum =
		img_put64(img_port_xxh64(disk_bytes + chunk.offset, chunk.size));
}

static void seal_chunk(struct fixture *f, uint64_t number, uint64_t as_number)
{
	struct img_chunk chunk = img_meta_chunk(&f->loader.meta, number);
	br_gcm_context gcm = f->loader.cipher->gcm;
	uint8_t iv[IMG_IV_SIZE];

	img_seal_iv(as_number, iv);
	br_gcm_reset(&gcm, iv, sizeof(iv));
	br_gcm_flip(&gcm);
	br_gcm_run(&gcm, 1, disk_bytes + chunk.offset, chunk.size);
	br_gcm_get_tag(&gcm, tag[number].tag);
	sum_chunk(f, number);
}

/* shift: added to the number that each chunk is sealed under. */
static struct loader *new_sealed_round(struct fixture *f, uint64_t shift)
{
	static const uint8_t key[IMG_KEY_SIZE] = { 20 };
	static struct crypto_cipher cipher;
	struct loader *l = new_async_round(f, 50);
	uint64_t i;

	memset(tag, 0, sizeof(tag));
	crypto_cipher_init(key, &cipher);
	l->cipher = &cipher;
	l->meta.tag = tag;
	for (i = 0; i < l->meta.nr_chunks; i++) {
		if (img_meta_chunk(&l->meta, i).kind != IMG_CHUNK_FILL)
			seal_chunk(f, i, i + shift);
	}
	return l;
}

static void test_sealed(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_sealed_round(f, 0);

	restores(f);
	give_back(l);
	constant = true; /* chunks without data: nothing to open */
	l = new_sealed_round(f, 0);
	restores(f);
	give_back(l);
	constant = false;
	l = new_sealed_round(f, 0);
	l->options.probe = true;
	restores(f);
	check_probe(l);
	give_back(l);
}

static void is_not_authentic(struct loader *l, uint64_t number)
{
	refuses(l, IMG_E_NOT_AUTHENTIC, number);
	assert_string_equal(l->detail.field, "tag");
	give_back(l);
}

/* Everything but the tag is right: the decoder sees nothing of the chunk. */
static void test_sealed_chunk_changed(void **state)
{
	struct fixture *f = *state;
	uint64_t number;
	int probe;

	for (number = 0; number < 9; number += 4) {
		for (probe = 0; probe < 2; probe++) {
			struct loader *l = new_sealed_round(f, 0);

			l->options.probe = probe;
			damage(l, number);
			sum_chunk(f, number);
			is_not_authentic(l, number);

			l = new_sealed_round(f, 0);
			l->options.probe = probe;
			tag[number].tag[15] ^= 0x80;
			is_not_authentic(l, number);
		}
	}
}

/* A chunk is authentic only under its own number. */
static void test_sealed_chunk_moved(void **state)
{
	struct fixture *f = *state;

	is_not_authentic(new_sealed_round(f, 1), 0);
}

/* Damage to the disk is called damage. */
static void test_sealed_chunk_damaged(void **state)
{
	struct fixture *f = *state;
	struct loader *l = new_sealed_round(f, 0);

	damage(l, 4);
	refuses(l, IMG_E_CHUNK_CHECKSUM, 4);
	assert_null(l->detail.field);
	give_back(l);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_page_in_its_place),
		TEST(test_damaged_chunk),
		TEST(test_read_error),
		TEST(test_reads_end_late_and_out_of_order),
		TEST(test_reads_refused),
		TEST(test_map),
		TEST(test_map_read_error),
		TEST(test_synchronous_read_fails_beside_another),
		TEST(test_read_ends_in_error),
		TEST(test_two_reads_end_in_error),
		TEST(test_damaged_chunk_while_reading),
		TEST(test_damaged_chunk_and_read_error),
		TEST(test_escape),
		TEST(test_nothing_is_read_without_memory),
		TEST(test_nothing_to_read),
		TEST(test_sealed),
		TEST(test_sealed_chunk_changed),
		TEST(test_sealed_chunk_moved),
		TEST(test_sealed_chunk_damaged),
		TEST(test_probe),
		TEST(test_probe_finds_damage),
		TEST(test_probe_read_error),
	};

	return cmocka_run_group_tests_name("efi/place", tests, set_up_machine, tear_down_machine);
}
