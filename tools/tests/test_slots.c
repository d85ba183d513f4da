// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mark-good, promote, describe and invalidate on a disk that fails, loses a write, tears one or is
 * in use; and the question that invalidate asks.
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
#include "area/slots.h"
#include "base/fail.h"
#include "base/io.h"
#include "verbs/verbs.h"

#define PARTITION_SIZE (4u << 20)
#define ATTEMPTS       2u
#define RESTORES       9u

enum fault { NONE, FAILS, LOST, TORN };

/* Writes with a number of at least fault_from meet the fault. */
static enum fault fault;
static unsigned int fault_from, writes;
static size_t torn_at; /* bytes that reach the disk */
static size_t last_size;
static uint64_t last_offset;

int __real_io_pwrite(int fd, const void *buf, size_t size, uint64_t offset);
int __wrap_io_pwrite(int fd, const void *buf, size_t size, uint64_t offset);
int __wrap_io_pwrite(int fd, const void *buf, size_t size, uint64_t offset)
{
	bool met = fault != NONE && writes >= fault_from;

	writes++;
	last_size = size;
	last_offset = offset;
	if (met && fault == FAILS) {
		errno = EIO;
		return -1;
	}
	if (met)
		size = fault == TORN ? torn_at : 0;
	return __real_io_pwrite(fd, buf, size, offset);
}

/* An exclusive user forbids opening for writing. */
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

static bool terminal;

int __wrap_isatty(int fd);
int __wrap_isatty(int fd)
{
	(void)fd;
	return terminal;
}

static char top[] = "/tmp/fastbootctl-test.XXXXXX";
static char path[64], answer_path[64], errors_path[64];
static struct img_area area;

static void put(uint64_t offset, const void *data, size_t size)
{
	int fd = __real_open64(path, O_RDWR);

	assert_true(fd >= 0);
	assert_int_equal(__real_io_pwrite(fd, data, size, offset), 0);
	close(fd);
}

static void write_text(const char *file, const char *text)
{
	FILE *to = fopen(file, "w");

	assert_non_null(to);
	assert_true(fputs(text, to) >= 0);
	assert_int_equal(fclose(to), 0);
}

/* The smallest slot with an image in it; other bytes follow its state. */
static void put_image(uint32_t slot)
{
	struct img_slot header = { .mode = IMG_MODE_GOLDEN,
				   .generation = slot + 5,
				   .nr_pages = 1,
				   .meta_offset = IMG_SLOT_DATA_OFFSET };
	const struct img_state state = { .valid = true,
					 .restores = RESTORES,
					 .attempts = ATTEMPTS };
	uint8_t block[IMG_BLOCK];

	memcpy(header.area_uuid, area.uuid, sizeof(area.uuid));
	memset(header.image_uuid, (int)slot + 1, sizeof(header.image_uuid));
	img_slot_encode(&header, block);
	put(area.slot[slot].offset, block, sizeof(block));
	memset(block, 0xa5, sizeof(block));
	img_state_encode(&state, header.image_uuid, block);
	put(area.slot[slot].offset + IMG_BLOCK, block, sizeof(block));
}

static int set_up(void **state)
{
	uint8_t block[IMG_BLOCK];
	int fd;

	(void)state;
	fault = NONE;
	fault_from = writes = 0;
	torn_at = 256;
	held = terminal = false;
	fd = __real_open64(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, PARTITION_SIZE) || close(fd))
		return -1;
	assert_int_equal(img_area_layout(PARTITION_SIZE, 40960, 2, &area), IMG_OK);
	memset(area.uuid, 0x77, sizeof(area.uuid));
	img_area_encode(&area, block);
	put(img_area_header_offset(PARTITION_SIZE), block, sizeof(block));
	put_image(0);
	put_image(1);
	return 0;
}

static int mark_good(const char *slot)
{
	const struct verb verb = { .name = "mark-good",
				   .operands = "[DEV]",
				   .options = mark_good_options };
	char *argv[] = { (char *)(uintptr_t)"mark-good", path, (char *)(uintptr_t)"--slot",
			 (char *)(uintptr_t)slot, NULL };

	return verb_mark_good(&verb, 4, argv);
}

static int promote(const char *slot)
{
	const struct verb verb = { .name = "promote",
				   .operands = "[DEV]",
				   .options = promote_options };
	char *argv[] = { (char *)(uintptr_t)"promote", path, (char *)(uintptr_t)"--slot",
			 (char *)(uintptr_t)slot, NULL };

	return verb_promote(&verb, 4, argv);
}

static int describe(const char *slot, const char *text)
{
	const struct verb verb = { .name = "describe",
				   .operands = "[DEV]",
				   .options = describe_options };
	char *argv[] = { (char *)(uintptr_t)"describe",
			 path,
			 (char *)(uintptr_t)"--slot",
			 (char *)(uintptr_t)slot,
			 (char *)(uintptr_t)"--text",
			 (char *)(uintptr_t)text,
			 NULL };

	return verb_describe(&verb, 6, argv);
}

static int invalidate(bool yes)
{
	const struct verb verb = { .name = "invalidate",
				   .operands = "[DEV]",
				   .options = invalidate_options };
	char *argv[] = { (char *)(uintptr_t)"invalidate", path, (char *)(uintptr_t)"--yes", NULL };

	return verb_invalidate(&verb, yes ? 3 : 2, argv);
}

static enum img_reason look(uint32_t slot, struct img_state *state)
{
	_cleanup_area_ struct area opened = { .part = PART_CLOSED, .header = area };
	struct img_slot header;
	enum img_reason reason;

	assert_int_equal(part_open(path, PART_READ, &opened.part), 0);
	reason = image_read_slot(&opened, slot, &header, NULL);
	if (!reason)
		reason = image_read_state(&opened, slot, &header, state, NULL);
	return reason;
}

static void assert_attempts(uint32_t slot, uint32_t attempts)
{
	struct img_state state;

	assert_int_equal(look(slot, &state), IMG_OK);
	assert_true(state.valid);
	assert_int_equal(state.restores, RESTORES);
	assert_int_equal(state.attempts, attempts);
}

static void mark_good_writes_one_sector(void **state)
{
	uint8_t block[IMG_BLOCK];
	int fd;

	(void)state;
	assert_int_equal(mark_good("b"), 0);
	assert_attempts(0, ATTEMPTS);
	assert_attempts(1, 0);
	assert_int_equal(writes, 1);
	assert_int_equal(last_size, 512);
	assert_int_equal(last_offset, area.slot[1].offset + IMG_BLOCK);
	fd = __real_open64(path, O_RDONLY);
	assert_int_equal(io_pread(fd, block, sizeof(block), last_offset), 0);
	for (size_t i = 512; i < sizeof(block); i++)
		assert_int_equal(block[i], 0xa5);
	close(fd);
}

static void mark_good_again_writes_nothing(void **state)
{
	(void)state;
	assert_int_equal(mark_good("a"), 0);
	held = true;
	assert_int_equal(mark_good("a"), 0);
	assert_int_equal(writes, 1);
}

static void mark_good_on_a_bad_disk(void **state)
{
	struct img_state after;

	(void)state;
	for (fault = FAILS; fault <= LOST; fault++) {
		assert_int_equal(mark_good("a"), EXIT_SYSTEM);
		assert_attempts(0, ATTEMPTS);
	}
	fault = TORN;
	assert_int_equal(mark_good("a"), EXIT_SYSTEM);
	assert_int_equal(look(0, &after), IMG_OK);
	assert_false(after.valid);
	/* Only counts are lost; the next try writes a valid state. */
	fault = NONE;
	assert_int_equal(mark_good("a"), 0);
	assert_int_equal(look(0, &after), IMG_OK);
	assert_true(after.valid);
	assert_int_equal(after.attempts, 0);
}

/* The slot that the loader would take. */
static int next_slot(void)
{
	_cleanup_area_ struct area opened = { .part = PART_CLOSED, .header = area };
	struct slots slots;

	assert_int_equal(part_open(path, PART_READ, &opened.part), 0);
	assert_int_equal(slots_read(&opened, &slots), 0);
	return slots.next;
}

static void promote_writes_one_sector(void **unused)
{
	uint8_t block[IMG_BLOCK];
	struct img_state state;
	int fd;

	(void)unused;
	assert_int_equal(next_slot(), 1);
	assert_int_equal(promote("a"), 0);
	assert_int_equal(next_slot(), 0);
	assert_int_equal(writes, 1);
	assert_int_equal(last_size, 512);
	assert_int_equal(last_offset, area.slot[0].offset + IMG_BLOCK);
	assert_attempts(0, ATTEMPTS);
	assert_attempts(1, ATTEMPTS);
	assert_int_equal(look(0, &state), IMG_OK);
	assert_int_equal(state.rank, 7);
	fd = __real_open64(path, O_RDONLY);
	assert_int_equal(io_pread(fd, block, sizeof(block), last_offset), 0);
	for (size_t i = 512; i < sizeof(block); i++)
		assert_int_equal(block[i], 0xa5);
	close(fd);
	assert_int_equal(promote("a"), 0);
	assert_int_equal(writes, 1);
}

/* What one verb has written is still there after another has written. */
static void writers_of_a_state_keep_other_fields(void **unused)
{
	struct img_state state;

	(void)unused;
	assert_int_equal(promote("a"), 0);
	assert_int_equal(describe("a", "ours"), 0);
	assert_int_equal(mark_good("a"), 0);
	assert_int_equal(promote("b"), 0);
	assert_int_equal(promote("a"), 0);
	assert_attempts(0, 0);
	assert_attempts(1, ATTEMPTS);
	assert_int_equal(look(0, &state), IMG_OK);
	assert_int_equal(state.rank, 9);
	assert_string_equal(state.description, "ours");
	assert_int_equal(describe("a", ""), 0);
	assert_int_equal(look(0, &state), IMG_OK);
	assert_int_equal(state.rank, 9);
	assert_string_equal(state.description, "");
	assert_attempts(0, 0);
}

static void promote_on_a_bad_disk(void **unused)
{
	(void)unused;
	for (fault = FAILS; fault <= LOST; fault++) {
		assert_int_equal(promote("a"), EXIT_SYSTEM);
		assert_int_equal(describe("a", "text"), EXIT_SYSTEM);
		assert_attempts(0, ATTEMPTS);
		assert_int_equal(next_slot(), 1);
	}
}

/*
 * The power fails in the middle of the sector: at most counts and rank are lost, and promote can be
 * repeated.
 */
static void a_torn_promotion_costs_no_image(void **unused)
{
	(void)unused;
	for (size_t cut = 1; cut < 512; cut++) {
		struct img_state state;
		int status;

		assert_int_equal(set_up(NULL), 0);
		fault = TORN;
		torn_at = cut;
		status = promote("a");
		fault = NONE;
		assert_int_equal(look(0, &state), IMG_OK);
		assert_true(state.rank == 0 || (state.rank == 7 && state.restores == RESTORES));
		assert_int_equal(status, state.rank ? 0 : EXIT_SYSTEM);
		assert_int_equal(next_slot(), state.rank ? 0 : 1);
		assert_attempts(1, ATTEMPTS);
		assert_int_equal(promote("a"), 0);
		assert_int_equal(next_slot(), 0);
	}
}

/* The power fails after the n-th write: each slot holds its image and its state, or is empty. */
static void invalidate_when_the_power_fails(void **unused)
{
	unsigned int n;

	(void)unused;
	for (n = 0; n < 100; n++) {
		unsigned int images = 0;
		int status;

		assert_int_equal(set_up(NULL), 0);
		fault = LOST;
		fault_from = n;
		status = invalidate(true);
		for (uint32_t i = 0; i < area.nr_slots; i++) {
			struct img_state state;
			enum img_reason reason = look(i, &state);

			images += reason == IMG_OK;
			if (reason)
				assert_int_equal(reason, IMG_E_SLOT_EMPTY);
			else
				assert_true(state.valid);
		}
		assert_int_equal(images, n == 0 ? 2 : n <= 2 ? 1 : 0);
		if (status == 0)
			break;
		assert_int_equal(status, EXIT_SYSTEM);
		assert_int_equal(writes, n + 1);
	}
	/* The header and the state of two slots. */
	assert_int_equal(n, 4);
}

static void invalidate_stops_at_an_error(void **unused)
{
	(void)unused;
	fault = FAILS;
	assert_int_equal(invalidate(true), EXIT_SYSTEM);
	assert_int_equal(writes, 1);
	assert_attempts(0, ATTEMPTS);
	assert_attempts(1, ATTEMPTS);
}

static int answer(const char *text)
{
	write_text(answer_path, text);
	assert_non_null(freopen(answer_path, "r", stdin));
	terminal = true;
	return invalidate(false);
}

static void invalidate_asks(void **unused)
{
	struct img_state state;

	(void)unused;
	assert_int_equal(answer(""), EXIT_REFUSED);
	assert_int_equal(answer("\n"), EXIT_REFUSED);
	assert_int_equal(answer("no\n"), EXIT_REFUSED);
	assert_int_equal(writes, 0);
	assert_int_equal(answer("y\n"), 0);
	assert_int_equal(look(0, &state), IMG_E_SLOT_EMPTY);
	assert_int_equal(look(1, &state), IMG_E_SLOT_EMPTY);
}

/* Runs mark-good and checks what it prints on stderr. */
static void mark_good_says(const char *words)
{
	_cleanup_free_ char *text = NULL;
	int saved = dup(STDERR_FILENO);
	size_t size;
	int status;

	assert_true(saved >= 0);
	assert_non_null(freopen(errors_path, "w", stderr));
	status = mark_good("a");
	assert_int_equal(fflush(stderr), 0);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	assert_int_equal(status, EXIT_REFUSED);
	assert_int_equal(io_read_file(errors_path, 4096, &text, &size), 0);
	assert_non_null(strstr(text, "fastbootctl: in-use: "));
	assert_non_null(strstr(text, words));
}

static void the_user_of_a_partition_is_named(void **unused)
{
	char swaps[128], line[256];

	(void)unused;
	held = true;
	mark_good_says("mounted or held by the kernel");
	snprintf(swaps, sizeof(swaps), "%s/proc", top);
	assert_int_equal(mkdir(swaps, 0700), 0);
	snprintf(swaps, sizeof(swaps), "%s/proc/swaps", top);
	write_text(swaps, "Filename\tType\tSize\tUsed\tPriority\n/none partition 1 0 -2\n");
	mark_good_says("mounted or held by the kernel");
	snprintf(line, sizeof(line), "Filename\tType\n/none file 1 0 -2\n%s  partition\t1 0 -2\n",
		 path);
	write_text(swaps, line);
	mark_good_says("is active swap space");
	assert_int_equal(invalidate(true), EXIT_REFUSED);
	assert_int_equal(promote("a"), EXIT_REFUSED);
	assert_int_equal(describe("a", "text"), EXIT_REFUSED);
	assert_int_equal(writes, 0);
	assert_attempts(0, ATTEMPTS);
	unlink(swaps);
	snprintf(swaps, sizeof(swaps), "%s/proc", top);
	rmdir(swaps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(mark_good_writes_one_sector, set_up),
		cmocka_unit_test_setup(mark_good_again_writes_nothing, set_up),
		cmocka_unit_test_setup(mark_good_on_a_bad_disk, set_up),
		cmocka_unit_test_setup(promote_writes_one_sector, set_up),
		cmocka_unit_test_setup(writers_of_a_state_keep_other_fields, set_up),
		cmocka_unit_test_setup(promote_on_a_bad_disk, set_up),
		cmocka_unit_test_setup(a_torn_promotion_costs_no_image, set_up),
		cmocka_unit_test_setup(invalidate_when_the_power_fails, set_up),
		cmocka_unit_test_setup(invalidate_stops_at_an_error, set_up),
		cmocka_unit_test_setup(invalidate_asks, set_up),
		cmocka_unit_test_setup(the_user_of_a_partition_is_named, set_up),
	};
	int failed;

	if (!mkdtemp(top) || setenv("FASTBOOTCTL_ROOT", top, 1))
		return 1;
	snprintf(path, sizeof(path), "%s/partition", top);
	snprintf(answer_path, sizeof(answer_path), "%s/answer", top);
	snprintf(errors_path, sizeof(errors_path), "%s/errors", top);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	unlink(answer_path);
	unlink(errors_path);
	rmdir(top);
	return failed;
}
