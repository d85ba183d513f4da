// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The power fails after the n-th write of prepare, for every n: the partition then has the old
 * layout, no layout, or the new one with empty slots; and swap is there before and after.
 */
#include "cmocka_tests.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "area/image.h"
#include "base/fail.h"
#include "base/io.h"
#include "verbs/verbs.h"

#define PARTITION_SIZE (16u << 20)

static unsigned int writes_left; /* until the power fails */
static unsigned int writes_done;

int __real_io_pwrite(int fd, const void *buf, size_t size, uint64_t offset);
int __wrap_io_pwrite(int fd, const void *buf, size_t size, uint64_t offset);
int __wrap_io_pwrite(int fd, const void *buf, size_t size, uint64_t offset)
{
	if (!writes_left)
		return 0; /* lost, as in a disk's cache */
	writes_left--;
	writes_done++;
	return __real_io_pwrite(fd, buf, size, offset);
}

static char path[] = "/tmp/fastbootctl-test.XXXXXX";

static int prepare(const char *swap_size, unsigned int writes)
{
	const struct verb verb = { .name = "prepare",
				   .operands = "DEV",
				   .options = prepare_options };
	char *argv[] = { (char *)(uintptr_t)"prepare", path,
			 (char *)(uintptr_t)"--yes",   (char *)(uintptr_t)"--swap-size",
			 (char *)(uintptr_t)swap_size, NULL };

	writes_left = writes;
	writes_done = 0;
	return verb_prepare(&verb, 5, argv);
}

static void new_file(void)
{
	int fd;

	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, PARTITION_SIZE), 0);
	close(fd);
}

static enum img_reason look(struct img_area *ret_header, unsigned int *ret_images)
{
	_cleanup_area_ struct area area = AREA_CLOSED;
	struct img_slot slot;
	enum img_reason reason;

	*ret_images = 0;
	assert_int_equal(part_open(path, PART_READ, &area.part), 0);
	reason = image_read_area(&area.part, &area.header, NULL);
	for (uint32_t i = 0; !reason && i < area.header.nr_slots; i++)
		*ret_images += image_read_slot(&area, i, &slot, NULL) != IMG_E_SLOT_EMPTY;
	*ret_header = area.header;
	return reason;
}

static void assert_swap(void)
{
	_cleanup_part_ struct part part = PART_CLOSED;
	struct part_content content;

	assert_int_equal(part_open(path, PART_READ, &part), 0);
	assert_int_equal(part_probe(&part, &content), 0);
	assert_string_equal(content.type, "swap");
}

/* Bytes in the place of a slot's header: an image of sorts, which must not become valid again. */
static void put_rubbish(const struct img_area *area)
{
	_cleanup_part_ struct part part = PART_CLOSED;
	uint8_t block[IMG_BLOCK];

	memset(block, 0xa5, sizeof(block));
	assert_int_equal(part_open(path, PART_CLAIM, &part), 0);
	for (uint32_t i = 0; i < area->nr_slots; i++)
		assert_int_equal(
			__real_io_pwrite(part.fd, block, sizeof(block), area->slot[i].offset), 0);
}

static void power_fails(void **state)
{
	struct img_area old, now;
	unsigned int n, images;

	(void)state;
	for (n = 0; n < 100; n++) {
		int status;

		new_file();
		assert_int_equal(prepare("1M", 100), 0);
		assert_int_equal(look(&old, &images), IMG_OK);
		put_rubbish(&old);
		status = prepare("2M", n);
		assert_swap();
		if (status == 0)
			break;
		if (look(&now, &images) == IMG_OK) {
			assert_memory_equal(now.uuid, old.uuid, sizeof(old.uuid));
			assert_int_equal(writes_done, 0);
		}
		unlink(path);
	}
	/* Area header, two slots, swap header, area header. */
	assert_int_equal(n, 5);
	assert_int_equal(look(&now, &images), IMG_OK);
	assert_memory_not_equal(now.uuid, old.uuid, sizeof(old.uuid));
	assert_int_equal(now.offset, 2u << 20);
	assert_int_equal(images, 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
