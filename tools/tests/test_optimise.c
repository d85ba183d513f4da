// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * optimise: the order of its writes, and a disk that fails, loses, tears or corrupts
 * each of them in turn.  Whatever happens, the original stays complete, and the
 * other slot holds a complete image or none.
 */
#include "cmocka_tests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "area/image.h"
#include "base/fail.h"
#include "base/io.h"
#include "sample.h"
#include "verbs/verbs.h"

#define SLOT_SIZE      (2u << 20)
#define PARTITION_SIZE (40960u + 2 * SLOT_SIZE + IMG_BLOCK)
#define PAGE_WORDS     (IMG_PAGE_SIZE / 8)
#define RESTORES       9u
#define ATTEMPTS       2u

/* The disk. */

enum fault { NONE, FAILS, LOST, TORN, CORRUPTED };

/* The fault affects the writes with numbers from fault_from to fault_until - 1. */
static enum fault fault;
static unsigned int fault_from, fault_until;

/* The requests to the disk. */
static struct event {
	bool flush;
	uint64_t offset, size;
} event[100];
static unsigned int nr_events, writes;

static void record(struct event what)
{
	assert_true(nr_events < sizeof(event) / sizeof(event[0]));
	event[nr_events++] = what;
}

int __real_io_pwrite(int fd, const void *buf, size_t size, uint64_t offset);
int __wrap_io_pwrite(int fd, const void *buf, size_t size, uint64_t offset);
int __wrap_io_pwrite(int fd, const void *buf, size_t size, uint64_t offset)
{
	bool met = fault != NONE && writes >= fault_from && writes < fault_until;
	uint8_t byte;

	writes++;
	record((struct event){ .offset = offset, .size = size });
	if (met && fault == FAILS) {
		errno = EIO;
		return -1;
	}
	if (met && fault == LOST)
		return 0;
	if (met && fault == TORN)
		size = 100;
	if (__real_io_pwrite(fd, buf, size, offset))
		return -1;
	if (!met || fault != CORRUPTED)
		return 0;
	byte = ((const uint8_t *)buf)[size / 3] ^ 1;
	return __real_io_pwrite(fd, &byte, 1, offset + size / 3);
}

/* This disk is a file in the page cache, which loses nothing of its own accord. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	(void)fd;
	record((struct event){ .flush = true });
	return 0;
}

/* A compressor whose output is valid but decodes to other bytes. */
static bool miscompresses;

int __real_LZ4_compress_HC_extStateHC(void *state, const char *in, char *out, int size,
				      int capacity, int level);
int __wrap_LZ4_compress_HC_extStateHC(void *state, const char *in, char *out, int size,
				      int capacity, int level);
int __wrap_LZ4_compress_HC_extStateHC(void *state, const char *in, char *out, int size,
				      int capacity, int level)
{
	static char other[IMG_CHUNK_SIZE];

	if (!miscompresses)
		return __real_LZ4_compress_HC_extStateHC(state, in, out, size, capacity, level);
	memcpy(other, in, (size_t)size);
	other[size - 1] ^= 1;
	return __real_LZ4_compress_HC_extStateHC(state, other, out, size, capacity, level);
}

static bool held;

int __real_open64(const char *file, int flags, ...);
int __wrap_open64(const char *file, int flags, ...);
int __wrap_open64(const char *file, int flags, ...)
{
	if (held && (flags & O_ACCMODE) == O_RDWR) {
		errno = EBUSY;
		return -1;
	}
	return __real_open64(file, flags, 0600);
}

/* The image: two adjacent runs, and a chunk of each kind. */

#define NR_WORDS  256u
#define NR_ONES	  30u
#define MAX_NOISE 256u
#define WORDS_PFN 0x100u
#define FILL_PFN  0x1000u
#define NOISE_PFN 0x2000u
#define ONES_PFN  0x3000u

static char top[] = "/tmp/fastbootctl-test.XXXXXX";
static char path[64], errors_path[64];
static struct img_area area;
static uint32_t nr_noise;

static struct img_run_disk run[5];
#define NR_RUNS (sizeof(run) / sizeof(run[0]))

static struct img_run_disk make_run(uint64_t pfn, uint32_t pages, uint64_t first)
{
	return (struct img_run_disk){ .pfn = img_put64(pfn),
				      .pages = img_put32(pages),
				      .kind = img_put32(IMG_RUN_STORED),
				      .first = img_put64(first) };
}

static void make_runs(void)
{
	run[0] = make_run(WORDS_PFN, 128, 0);
	run[1] = make_run(WORDS_PFN + 128, 128, 128);
	run[2] = make_run(FILL_PFN, 50, NR_WORDS);
	run[2].kind = img_put32(IMG_RUN_FILL);
	run[3] = make_run(NOISE_PFN, nr_noise, NR_WORDS);
	run[4] = make_run(ONES_PFN, NR_ONES, NR_WORDS + nr_noise);
}

/* The stored page of this number. */
static void make_page(uint64_t ordinal, void *page)
{
	if (ordinal < NR_WORDS)
		sample_page(WORDS_PFN + ordinal, CONTENT_WORDS, page);
	else if (ordinal < NR_WORDS + nr_noise)
		sample_page(NOISE_PFN + ordinal - NR_WORDS, CONTENT_NOISE, page);
	else
		sample_page(ONES_PFN, CONTENT_WORD, page);
}

static void put(uint64_t offset, const void *data, size_t size)
{
	int fd = __real_open64(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(__real_io_pwrite(fd, data, size, offset), 0);
	close(fd);
}

static void put_header(uint32_t slot, const struct img_slot *header)
{
	uint8_t block[IMG_BLOCK];

	img_slot_encode(header, block);
	put(area.slot[slot].offset, block, sizeof(block));
}

/* Writes an image; returns its header. */
static struct img_slot put_image(uint32_t slot, uint64_t generation)
{
	const struct sample_run stored[] = {
		{ WORDS_PFN, 200, CONTENT_WORDS, true, true },
		{ WORDS_PFN + 200, NR_WORDS - 200, CONTENT_WORDS, true, true },
		{ NOISE_PFN, nr_noise, CONTENT_NOISE, true, true },
		{ ONES_PFN, NR_ONES, CONTENT_WORD, true, true },
	};
	const struct img_meta index = { .run = run,
					.nr_runs = NR_RUNS,
					.nr_pages = NR_WORDS + 50 + nr_noise + NR_ONES,
					.nr_stored = NR_WORDS + nr_noise + NR_ONES };
	struct sample_image image = sample_full;
	struct sample sample = sample_open(path);
	struct img_slot header;

	make_runs();
	image.run = stored;
	image.nr_runs = sizeof(stored) / sizeof(stored[0]);
	image.index = &index;
	image.slot = slot;
	image.generation = generation;
	image.state.restores = RESTORES;
	image.state.attempts = ATTEMPTS;
	header = sample_write(&sample, &image);
	sample_close(&sample);
	return header;
}

/* Makes slots of these sizes, and an image of generation 5 in slot A. */
static struct img_slot lay_out(uint64_t size_a, uint64_t size_b)
{
	uint8_t block[IMG_BLOCK];
	int fd = __real_open64(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, PARTITION_SIZE), 0);
	close(fd);
	assert_int_equal(img_area_layout(PARTITION_SIZE, 40960, 2, &area), IMG_OK);
	area.slot[0].size = size_a;
	area.slot[1].offset = area.slot[0].offset + size_a;
	area.slot[1].size = size_b;
	memset(area.uuid, 0x77, sizeof(area.uuid));
	img_area_encode(&area, block);
	put(img_area_header_offset(PARTITION_SIZE), block, sizeof(block));
	return put_image(0, 5);
}

static void forget_events(void)
{
	nr_events = writes = 0;
}

static int set_up(void **state)
{
	(void)state;
	fault = NONE;
	fault_from = 0;
	fault_until = ~0u;
	held = miscompresses = false;
	nr_noise = 40;
	forget_events();
	(void)lay_out(SLOT_SIZE, SLOT_SIZE);
	return 0;
}

static int optimise(const char *option, const char *value)
{
	const struct verb verb = { .name = "optimise",
				   .operands = "[DEV]",
				   .options = optimise_options };
	char *argv[] = { (char *)(uintptr_t)"optimise", path,
			 (char *)(uintptr_t)"--yes",	(char *)(uintptr_t)option,
			 (char *)(uintptr_t)value,	NULL };

	return verb_optimise(&verb, value ? 5 : option ? 4 : 3, argv);
}

/* Runs it; its message on stderr must begin with the code. */
static void assert_refused(int status, const char *code, const char *option)
{
	_cleanup_free_ char *text = NULL;
	char start[64];
	int saved = dup(STDERR_FILENO), got;
	size_t size;

	assert_true(saved >= 0);
	assert_non_null(freopen(errors_path, "w", stderr));
	got = optimise(option, NULL);
	assert_int_equal(fflush(stderr), 0);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	assert_int_equal(io_read_file(errors_path, 4096, &text, &size), 0);
	snprintf(start, sizeof(start), "fastbootctl: %s: ", code);
	assert_memory_equal(text, start, strlen(start));
	assert_int_equal(got, status);
}

/* Looking. */

static void assert_pages(const struct area *opened, uint32_t slot, const struct img_meta *meta)
{
	static uint64_t stored[IMG_CHUNK_SIZE / 8], pages[IMG_CHUNK_SIZE / 8], page[PAGE_WORDS];
	const struct image_buffers buffers = { stored, pages };

	assert_int_equal(meta->nr_runs, NR_RUNS);
	assert_memory_equal(meta->run, run, sizeof(run));
	for (uint64_t n = 0; n < meta->nr_chunks; n++) {
		struct img_chunk chunk = img_meta_chunk(meta, n);

		assert_int_equal(image_read_chunk(opened, slot, &chunk, &buffers), IMG_OK);
		for (uint32_t i = 0; i < chunk.pages; i++) {
			make_page(chunk.first + i, page);
			assert_memory_equal(page, pages + i * PAGE_WORDS, sizeof(page));
		}
	}
}

/* Checks all of the image and returns its generation; 0: the slot is empty.  No third outcome. */
static uint64_t look(uint32_t slot, struct img_slot *ret_header)
{
	_cleanup_meta_ struct image_meta meta = { .buf = NULL };
	_cleanup_area_ struct area opened = { .part = PART_CLOSED, .header = area };
	struct img_state state;
	struct img_slot header;
	enum img_reason reason;

	assert_int_equal(part_open(path, PART_READ, &opened.part), 0);
	reason = image_read_slot(&opened, slot, &header, NULL);
	if (reason == IMG_E_SLOT_EMPTY)
		return 0;
	assert_int_equal(reason, IMG_OK);
	assert_int_equal(image_read_state(&opened, slot, &header, &state, NULL), IMG_OK);
	assert_true(state.valid);
	assert_int_equal(state.restores, RESTORES);
	assert_int_equal(state.attempts, ATTEMPTS);
	assert_int_equal(image_read_meta(&opened, slot, &header, &meta, NULL), IMG_OK);
	assert_pages(&opened, slot, &meta.meta);
	if (ret_header)
		*ret_header = header;
	return header.generation;
}

static void assert_nothing_was_written(void)
{
	assert_int_equal(writes, 0);
	assert_int_equal(look(0, NULL), 5);
}

/* The tests. */

static void the_copy_is_the_same_image_but_smaller(void **state)
{
	struct img_slot old, new;

	(void)state;
	assert_int_equal(optimise(NULL, NULL), 0);
	assert_int_equal(look(0, &old), 5);
	assert_int_equal(look(1, &new), 6);
	assert_true(new.data_size < old.data_size);
	assert_int_equal(new.mode, old.mode);
	assert_int_equal(new.created, old.created);
	assert_string_equal(new.kernel_release, old.kernel_release);
	assert_string_equal(new.description, old.description);
	assert_memory_not_equal(new.image_uuid, old.image_uuid, sizeof(new.image_uuid));
	/* All sections except the chunk table. */
	assert_int_equal(new.nr_sections, 7);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(new.section[i].size, old.section[i].size);
		assert_int_equal(new.section[i].csum, old.section[i].csum);
	}
}

/* Erase and flush, fill and flush, commit and flush; nothing outside the slot. */
static void the_order_of_the_writes(void **state)
{
	const struct event *last;
	uint64_t slot;

	(void)state;
	(void)put_image(1, 4);
	slot = area.slot[1].offset;
	assert_int_equal(optimise(NULL, NULL), 0);
	assert_true(nr_events > 8);
	assert_int_equal(event[0].offset, slot);
	assert_true(event[1].flush);
	for (unsigned int i = 0; i < nr_events; i++) {
		assert_true(event[i].flush ||
			    (event[i].offset >= slot &&
			     event[i].offset + event[i].size <= slot + SLOT_SIZE));
		/* The header: first and last. */
		assert_true(event[i].flush || event[i].offset != slot || i == 0 ||
			    i == nr_events - 2);
	}
	last = &event[nr_events - 2];
	assert_int_equal(last->offset, slot);
	assert_int_equal(last->size, IMG_BLOCK);
	assert_false(last->flush);
	assert_true(last[-1].flush && last[1].flush);
}

/* With an older image in the slot, so that erasing it is tested too. */
static unsigned int count_writes(void)
{
	assert_int_equal(set_up(NULL), 0);
	(void)put_image(1, 4);
	assert_int_equal(optimise(NULL, NULL), 0);
	return writes;
}

static void each_write_goes_wrong(void **state)
{
	unsigned int all = count_writes();

	(void)state;
	for (enum fault kind = FAILS; kind <= CORRUPTED; kind++) {
		for (unsigned int n = 0; n < all; n++) {
			uint64_t left;

			assert_int_equal(set_up(NULL), 0);
			(void)put_image(1, 4);
			fault = kind;
			fault_from = n;
			fault_until = n + 1;
			/* A torn or corrupted block of zeroes is reported like any other. */
			assert_int_equal(optimise(NULL, NULL), EXIT_SYSTEM);
			assert_int_equal(look(0, NULL), 5);
			if (n == 0 && kind != FAILS && kind != LOST)
				continue; /* the rest of the header is not an image */
			left = look(1, NULL);
			assert_int_equal(left, n == 0 ? 4 : 0);
		}
	}
}

/* No write from there on arrives, and the tool gets no error. */
static void the_power_fails(void **state)
{
	unsigned int all = count_writes();

	(void)state;
	for (unsigned int n = 0; n <= all; n++) {
		assert_int_equal(set_up(NULL), 0);
		(void)put_image(1, 4);
		fault = LOST;
		fault_from = n;
		assert_int_equal(optimise(NULL, NULL), n < all ? EXIT_SYSTEM : 0);
		assert_int_equal(look(0, NULL), 5);
		assert_int_equal(look(1, NULL), n == 0 ? 4 : n < all ? 0 : 6);
	}
}

static void a_copy_that_is_another_image(void **state)
{
	(void)state;
	miscompresses = true;
	assert_refused(EXIT_SYSTEM, "write-failed", NULL);
	assert_int_equal(look(0, NULL), 5);
	assert_int_equal(look(1, NULL), 0);
}

/* Level 12, then level 3 from that copy; level 3 alone gives a larger one. */
static void no_copy_is_larger_than_its_original(void **state)
{
	struct img_slot easy, hard, again;

	(void)state;
	assert_int_equal(optimise("--level", "3"), 0);
	assert_int_equal(look(1, &easy), 6);
	assert_int_equal(set_up(NULL), 0);
	assert_int_equal(optimise("--level", "12"), 0);
	assert_int_equal(look(1, &hard), 6);
	assert_true(hard.data_size < easy.data_size);
	forget_events();
	assert_int_equal(optimise("--level", "3"), 0);
	assert_int_equal(look(0, &again), 7);
	assert_true(again.data_size <= hard.data_size);
}

static void a_slot_that_is_too_small(void **state)
{
	struct img_slot header;

	(void)state;
	nr_noise = 10;
	(void)lay_out(3u << 20, 1u << 20);
	(void)put_image(1, 4);
	nr_noise = MAX_NOISE;
	header = put_image(0, 5);
	assert_true(header.meta_offset + header.meta_size > 1u << 20);
	assert_refused(EXIT_REFUSED, "slot-full", NULL);
	assert_nothing_was_written();
	nr_noise = 10;
	make_runs();
	assert_int_equal(look(1, NULL), 4);
}

static void a_slot_that_the_copy_just_fits(void **state)
{
	struct img_slot header;

	(void)state;
	header = lay_out(3u << 20, 1u << 20);
	nr_noise += (uint32_t)((1u << 20) - header.meta_offset - header.meta_size) / IMG_BLOCK + 1;
	assert_true(nr_noise <= MAX_NOISE);
	header = put_image(0, 5);
	assert_int_equal(header.meta_offset + header.meta_size, (1u << 20) + IMG_BLOCK);
	assert_int_equal(optimise(NULL, NULL), 0);
	assert_int_equal(look(1, NULL), 6);
}

static void unknown_parts_are_refused(void **state)
{
	struct img_slot header, other;
	struct img_section *last;

	(void)state;
	(void)look(0, &header);
	other = header;
	last = &other.section[other.nr_sections++];
	*last = (struct img_section){ .type = IMG_SEC_SIGNATURE,
				      .entry_size = 1,
				      .offset = other.meta_offset + other.meta_size,
				      .csum = img_port_xxh64("", 0) };
	put_header(0, &other);
	assert_refused(EXIT_REFUSED, "incompat", NULL);
	other = header;
	other.compat = 1;
	put_header(0, &other);
	assert_refused(EXIT_REFUSED, "incompat", NULL);
	assert_nothing_was_written();
}

static void the_last_generation(void **state)
{
	struct img_slot header;

	(void)state;
	(void)look(0, &header);
	header.generation = ~0ull;
	put_header(0, &header);
	assert_refused(EXIT_REFUSED, "slot-field", NULL);
	assert_int_equal(writes, 0);
}

static void a_held_partition(void **state)
{
	(void)state;
	held = true;
	assert_refused(EXIT_REFUSED, "in-use", NULL);
	assert_nothing_was_written();
}

static void a_dry_run_writes_nothing(void **state)
{
	(void)state;
	held = true;
	assert_int_equal(optimise("--dry-run", NULL), 0);
	assert_nothing_was_written();
	assert_int_equal(look(1, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_copy_is_the_same_image_but_smaller, set_up),
		cmocka_unit_test_setup(the_order_of_the_writes, set_up),
		cmocka_unit_test_setup(each_write_goes_wrong, set_up),
		cmocka_unit_test_setup(the_power_fails, set_up),
		cmocka_unit_test_setup(a_copy_that_is_another_image, set_up),
		cmocka_unit_test_setup(no_copy_is_larger_than_its_original, set_up),
		cmocka_unit_test_setup(a_slot_that_is_too_small, set_up),
		cmocka_unit_test_setup(a_slot_that_the_copy_just_fits, set_up),
		cmocka_unit_test_setup(unknown_parts_are_refused, set_up),
		cmocka_unit_test_setup(the_last_generation, set_up),
		cmocka_unit_test_setup(a_held_partition, set_up),
		cmocka_unit_test_setup(a_dry_run_writes_nothing, set_up),
	};
	int failed;

	if (!mkdtemp(top) || setenv("FASTBOOTCTL_ROOT", top, 1))
		return 1;
	snprintf(path, sizeof(path), "%s/partition", top);
	snprintf(errors_path, sizeof(errors_path), "%s/errors", top);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	unlink(errors_path);
	rmdir(top);
	return failed;
}
