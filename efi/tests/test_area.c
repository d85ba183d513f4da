// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An image area that is a map, on the host: five pieces of three partitions on two disks, one of
 * 512-byte and one of 4096-byte blocks.  The header of slot B is in the last block of a piece, its
 * state in the first block of the next one, on the other disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <imgfmt/writer.h>

#include "attempt.h"
#include "detail.h"
#include "discover.h"
#include "firmware.h"
#include "image.h"
#include "loader.h"
#include "proofs.h"
#include "refusal.h"
#include "sleepers.h"
#include "volume.h"

#define SMALL_SIZE (2 * MIB)

/* In the order of the map. */
static const struct piece {
	uint8_t uuid;
	uint64_t offset, size;
} pieces[] = {
	{ 0x33, 0x40000, 0x80000 },  { 0x11, 0x200000, 0xd9000 }, { 0x22, 0x100000, 0x90000 },
	{ 0x33, 0x100000, 0x40000 }, { 0x22, 0x1000, 0x80000 },
};

#define MAP_SIZE    0x2a9000
#define HEADER_UUID 0x22
#define HEADER_AT   0x80000  /* of its partition */
#define BORDER	    0x159000 /* between slot B's header and its state */

static struct loader loader;
static struct medium *part11, *part22, *part33;

static struct medium *partition_of(uint8_t uuid)
{
	return uuid == 0x11 ? part11 : uuid == 0x22 ? part22 : part33;
}

/* The byte of the map, up to the end of its piece. */
static uint8_t *map_bytes(uint64_t offset)
{
	const struct piece *p = pieces;

	while (offset >= p->size) {
		offset -= p++->size;
		assert_true(p < pieces + ARRAY_SIZE(pieces));
	}
	return partition_of(p->uuid)->bytes + p->offset + offset;
}

static uint8_t *header_block(void)
{
	return map_bytes(MAP_SIZE - IMG_BLOCK);
}

static void put_header(const struct img_area *area)
{
	img_area_encode(area, header_block());
}

static void put_state(uint32_t number, const struct img_state *state)
{
	uint8_t uuid[16];

	memset(uuid, 0xa0 + number, sizeof(uuid));
	img_state_encode(state, uuid, map_bytes(loader.area.slot[number].offset + IMG_BLOCK));
}

/* Generation 1 in slot A, 2 in slot B. */
static void put_slot(uint32_t number)
{
	static const struct img_state fresh = { .valid = true };
	struct img_slot slot = { .mode = IMG_MODE_GOLDEN,
				 .generation = number + 1,
				 .nr_pages = 1,
				 .meta_offset = IMG_SLOT_DATA_OFFSET,
				 .kernel_release = "6.1.0" };

	memcpy(slot.area_uuid, loader.area.uuid, sizeof(slot.area_uuid));
	memset(slot.image_uuid, 0xa0 + number, sizeof(slot.image_uuid));
	img_slot_encode(&slot, map_bytes(loader.area.slot[number].offset));
	put_state(number, &fresh);
}

static void lay_out(struct img_area *ret_area)
{
	uint32_t i;

	assert_int_equal(img_area_layout(MAP_SIZE, 0x8000, 2, ret_area), IMG_OK);
	memset(ret_area->uuid, 0x5a, sizeof(ret_area->uuid));
	ret_area->nr_map = ARRAY_SIZE(pieces);
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		ret_area->map[i] =
			(struct img_piece){ .offset = pieces[i].offset, .size = pieces[i].size };
		memset(ret_area->map[i].part_uuid, pieces[i].uuid, 16);
	}
}

static int set_up(void **state)
{
	struct medium *first, *second;

	(void)state;
	firmware_set_up();
	memset(&loader, 0, sizeof(loader));
	first = new_disk(1, 512);
	second = new_disk(2, 4096);
	part11 = new_partition(first, 0x11);
	part22 = new_partition(second, 0x22);
	part33 = new_partition_at(first, 0x33, PART_START + PART_SIZE, SMALL_SIZE);
	lay_out(&loader.area);
	assert_int_equal(loader.area.slot[1].offset + IMG_BLOCK, BORDER);
	put_header(&loader.area);
	put_slot(0);
	put_slot(1);
	loader.options =
		(struct img_options){ .slot = -1, .have_area = true, .area_offset = HEADER_AT };
	memset(loader.options.area_part_uuid, HEADER_UUID, 16);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(open_events(), 0);
	firmware_tear_down();
	return 0;
}

static void found(void)
{
	memset(&loader.area, 0, sizeof(loader.area));
	assert_int_equal(area_find(&loader), IMG_OK);
	assert_null(loader.detail.object);
}

static void assert_partition(uint8_t uuid)
{
	uint8_t expected[16];

	memset(expected, uuid, sizeof(expected));
	assert_ptr_equal(loader.detail.uuid, loader.detail_uuid);
	assert_memory_equal(loader.detail.uuid, expected, sizeof(expected));
}

static void not_found(enum img_reason reason, uint8_t uuid, const char *field)
{
	loader.detail = (struct img_detail){ 0 };
	assert_int_equal(area_find(&loader), reason);
	assert_partition(uuid);
	if (field)
		assert_string_equal(loader.detail.field, field);
	else
		assert_null(loader.detail.field);
}

/* Finding the area. */

static void test_found(void **state)
{
	struct img_area expected;

	(void)state;
	lay_out(&expected);
	found();
	assert_memory_equal(&loader.area, &expected, sizeof(expected));
	assert_int_equal(loader.volume.nr_disks, 3);
	assert_null(volume_partition(&loader.volume));
	assert_int_equal(connect_calls, 0);
}

/* area= says where the area is, whatever partuuid= says. */
static void test_option_has_precedence(void **state)
{
	(void)state;
	loader.options.have_part_uuid = true;
	memset(loader.options.part_uuid, 0x77, 16);
	found();
}

static void test_partitions_are_connected(void **state)
{
	(void)state;
	part22->connected = false; /* has the header */
	found();
	assert_int_equal(connect_calls, nr_media);
	part33->connected = false;
	found();
	assert_int_equal(connect_calls, 2 * nr_media);
	assert_int_equal(loader.volume.nr_disks, 3);
}

static void test_partition_is_missing(void **state)
{
	(void)state;
	rename_partition(part33, 0x77);
	not_found(IMG_E_DISK_MISSING, 0x33, "not found");
	assert_string_equal(loader.detail.object, "image area");
	assert_int_equal(loader.detail.index, 0);
	assert_int_equal(connect_calls, nr_media);
	rename_partition(part33, 0x33);
	rename_partition(part11, 0x77);
	not_found(IMG_E_DISK_MISSING, 0x11, "not found");
	assert_int_equal(loader.detail.index, 1);
	rename_partition(part22, 0x77);
	not_found(IMG_E_DISK_MISSING, HEADER_UUID, "not found");
	assert_string_equal(loader.detail.object, "area header");
}

static void test_partition_is_there_twice(void **state)
{
	struct medium *clone;

	(void)state;
	clone = new_partition(new_disk(2, 512), 0x11);
	not_found(IMG_E_DISK_MISSING, 0x11, "is there twice");
	rename_partition(clone, HEADER_UUID);
	not_found(IMG_E_DISK_MISSING, HEADER_UUID, "is there twice");
	clone->media.MediaPresent = FALSE;
	found();
}

/* The header says where it is, so nobody can take an old copy of it for the header. */
static void test_header_is_a_copy(void **state)
{
	(void)state;
	memcpy(part22->bytes + 0xc0000, header_block(), IMG_BLOCK);
	loader.options.area_offset = 0xc0000;
	not_found(IMG_E_AREA_BOUNDS, HEADER_UUID, "a copy of another one");
	memcpy(part11->bytes + HEADER_AT, header_block(), IMG_BLOCK);
	loader.options.area_offset = HEADER_AT;
	memset(loader.options.area_part_uuid, 0x11, 16);
	not_found(IMG_E_AREA_BOUNDS, 0x11, "a copy of another one");
}

static void test_partition_is_smaller(void **state)
{
	(void)state;
	part11->media.LastBlock = (0x200000 + 0xd9000) / 512 - 1;
	found();
	part11->media.LastBlock--;
	not_found(IMG_E_AREA_BOUNDS, 0x11, "smaller than it was");
	assert_int_equal(loader.detail.index, 1);
	part11->media.LastBlock = 0x100000 / 512 - 1; /* it begins beyond the end, too */
	not_found(IMG_E_AREA_BOUNDS, 0x11, "smaller than it was");
}

static void test_option_is_beyond_the_partition(void **state)
{
	(void)state;
	loader.options.area_offset = PART_SIZE - IMG_BLOCK;
	not_found(IMG_E_AREA_MAGIC, HEADER_UUID, "magic");
	loader.options.area_offset = PART_SIZE;
	not_found(IMG_E_AREA_BOUNDS, HEADER_UUID, "smaller than it was");
	loader.options.area_offset = ~0ull - IMG_BLOCK + 1;
	not_found(IMG_E_AREA_BOUNDS, HEADER_UUID, "smaller than it was");
}

static void test_header_is_damaged(void **state)
{
	(void)state;
	header_block()[200] ^= 1;
	not_found(IMG_E_AREA_CHECKSUM, HEADER_UUID, "csum");
	memset(header_block(), 0, IMG_BLOCK);
	not_found(IMG_E_AREA_MAGIC, HEADER_UUID, "magic");
	part22->fail_read_at = HEADER_AT;
	not_found(IMG_E_DISK_READ, HEADER_UUID, NULL);
}

static void test_header_of_a_partition(void **state)
{
	struct img_area area;

	(void)state;
	assert_int_equal(img_area_layout(MAP_SIZE, 0, 2, &area), IMG_OK);
	put_header(&area);
	not_found(IMG_E_AREA_MAGIC, HEADER_UUID, "that of a partition");
}

/* Without the option the loader takes partitions only, whatever their last block has a copy of. */
static void test_passed_over(void **state)
{
	struct img_area area;

	(void)state;
	loader.options.have_area = false;
	memcpy(part11->bytes + PART_SIZE - IMG_BLOCK, header_block(), IMG_BLOCK);
	assert_int_equal(area_find(&loader), IMG_E_AREA_MISSING);
	part22->media.LastBlock = MAP_SIZE / 4096 - 1; /* as large as the map */
	memcpy(part22->bytes + MAP_SIZE - IMG_BLOCK, header_block(), IMG_BLOCK);
	assert_int_equal(area_find(&loader), IMG_E_AREA_MISSING);
	assert_int_equal(img_area_layout(SMALL_SIZE + MIB, 0, 1, &area), IMG_OK);
	part33->media.LastBlock = (SMALL_SIZE + MIB) / 512 - 1;
	part33->bytes -= MIB;
	img_area_encode(&area, part33->bytes + SMALL_SIZE + MIB - IMG_BLOCK);
	assert_int_equal(area_find(&loader), IMG_OK);
	assert_ptr_equal(volume_partition(&loader.volume)->handle, part33);
}

/* Reading. */

static void assert_bytes(const uint8_t *bytes, uint64_t offset, uint64_t size)
{
	uint64_t i;

	for (i = 0; i < size; i += IMG_BLOCK)
		assert_memory_equal(bytes + i, map_bytes(offset + i), IMG_BLOCK);
}

static void test_read(void **state)
{
	uint8_t *bytes = malloc(MAP_SIZE);
	uint64_t border = 0, i;

	(void)state;
	assert_non_null(bytes);
	found();
	assert_true(volume_read(&loader.volume, 0, MAP_SIZE, bytes));
	assert_bytes(bytes, 0, MAP_SIZE);
	for (i = 0; i + 1 < ARRAY_SIZE(pieces); i++) {
		border += pieces[i].size;
		assert_true(volume_read(&loader.volume, border - IMG_BLOCK, 2 * IMG_BLOCK, bytes));
		assert_bytes(bytes, border - IMG_BLOCK, 2 * IMG_BLOCK);
		assert_true(volume_read(&loader.volume, border - IMG_BLOCK, IMG_BLOCK, bytes));
		assert_bytes(bytes, border - IMG_BLOCK, IMG_BLOCK);
		assert_true(volume_read(&loader.volume, border, IMG_BLOCK, bytes));
		assert_bytes(bytes, border, IMG_BLOCK);
	}
	assert_true(volume_read(&loader.volume, 0, 0, bytes));
	assert_false(volume_read(&loader.volume, MAP_SIZE - IMG_BLOCK, 2 * IMG_BLOCK, bytes));
	assert_false(volume_read(&loader.volume, MAP_SIZE, IMG_BLOCK, bytes));
	assert_false(volume_read(&loader.volume, ~0ull - IMG_BLOCK + 1, IMG_BLOCK, bytes));
	free(bytes);
}

static void test_read_error_names_the_partition(void **state)
{
	uint8_t *bytes = malloc(MAP_SIZE);

	(void)state;
	assert_non_null(bytes);
	found();
	part22->fail_read_at = 0x100000;
	assert_false(volume_read(&loader.volume, 0, MAP_SIZE, bytes));
	detail_blame_area(&loader);
	assert_partition(0x22);
	part33->fail_read_at = 0x40000;
	assert_false(volume_read(&loader.volume, 0, MAP_SIZE, bytes));
	detail_blame_area(&loader);
	assert_partition(0x33);
	free(bytes);
}

static enum disk_progress end_read(struct volume_request *r)
{
	enum disk_progress progress = DISK_BUSY;
	unsigned int looks;

	for (looks = 0; progress == DISK_BUSY; looks++) {
		assert_true(looks < 9);
		progress = volume_poll_read(&loader.volume, r);
	}
	return progress;
}

static void test_reads_within_a_piece_are_asynchronous(void **state)
{
	uint8_t one[2 * IMG_BLOCK], other[2 * IMG_BLOCK];
	struct volume_request r, s;

	(void)state;
	part11->asynchronous = part22->asynchronous = true;
	found();
	volume_start_read(&loader.volume, BORDER - sizeof(one), sizeof(one), one, &r);
	volume_start_read(&loader.volume, BORDER, sizeof(other), other, &s);
	assert_int_equal(open_events(), 2);
	assert_int_equal(volume_poll_read(&loader.volume, &r), DISK_BUSY);
	assert_int_equal(end_read(&s), DISK_DONE);
	assert_int_equal(end_read(&r), DISK_DONE);
	assert_bytes(one, BORDER - sizeof(one), sizeof(one));
	assert_bytes(other, BORDER, sizeof(other));
	assert_int_equal(part11->queued, 1);
	assert_int_equal(part22->queued, 1);
}

static void test_reads_across_a_border(void **state)
{
	uint8_t bytes[2 * IMG_BLOCK];
	struct volume_request r;

	(void)state;
	part11->asynchronous = part22->asynchronous = true;
	found();
	volume_start_read(&loader.volume, BORDER - IMG_BLOCK, sizeof(bytes), bytes, &r);
	assert_int_equal(volume_poll_read(&loader.volume, &r), DISK_DONE);
	assert_bytes(bytes, BORDER - IMG_BLOCK, sizeof(bytes));
	assert_int_equal(part11->queued + part22->queued, 0);
	part22->fail_read_at = 0x100000;
	volume_start_read(&loader.volume, BORDER - IMG_BLOCK, sizeof(bytes), bytes, &r);
	assert_int_equal(volume_poll_read(&loader.volume, &r), DISK_FAILED);
	detail_blame_area(&loader);
	assert_partition(0x22);
	volume_start_read(&loader.volume, MAP_SIZE - IMG_BLOCK, sizeof(bytes), bytes, &r);
	assert_int_equal(volume_poll_read(&loader.volume, &r), DISK_FAILED);
}

/* Two are under way, on two disks: the partition of the one that fails is named. */
static void test_asynchronous_read_error_names_the_partition(void **state)
{
	uint8_t one[IMG_BLOCK], other[IMG_BLOCK];
	struct volume_request r, s;

	(void)state;
	part11->asynchronous = part22->asynchronous = true;
	found();
	part11->fail_read_at = 0x200000 + 0xd9000 - 1;
	volume_start_read(&loader.volume, BORDER - IMG_BLOCK, sizeof(one), one, &r);
	volume_start_read(&loader.volume, BORDER, sizeof(other), other, &s);
	assert_int_equal(end_read(&s), DISK_DONE);
	assert_int_equal(end_read(&r), DISK_FAILED);
	detail_blame_area(&loader);
	assert_partition(0x11);
}

/* Slots and the attempt. */

static void chosen(int slot)
{
	found();
	assert_int_equal(image_read_headers(&loader), IMG_OK);
	assert_int_equal(loader.slot_number, slot);
	assert_int_equal(loader.slot.generation, slot + 1);
	assert_int_equal(loader.state.attempts, 0);
}

/* The header is on one disk, the state that cannot be read on the other. */
static void test_slot_read_error(void **state)
{
	(void)state;
	found();
	part22->fail_read_at = 0x100000;
	assert_int_equal(image_read_headers(&loader), IMG_E_DISK_READ);
	assert_string_equal(loader.detail.object, "slot header");
	assert_int_equal(loader.detail.index, 1);
	assert_partition(0x22);
}

static void check_attempt(int slot, struct medium *of, struct medium *const others[2], uint64_t at,
			  uint64_t unit)
{
	uint8_t *before = malloc(of->media.BlockSize * (of->media.LastBlock + 1));
	uint64_t size = of->media.BlockSize * (of->media.LastBlock + 1);
	struct img_state found_state;

	assert_non_null(before);
	memcpy(before, of->bytes, size);
	loader.options.slot = slot;
	chosen(slot);
	assert_int_equal(attempt_record(&loader), IMG_OK);
	img_state_decode(of->bytes + at, loader.slot.image_uuid, &found_state);
	assert_true(found_state.valid);
	assert_int_equal(found_state.attempts, 1);
	assert_memory_equal(of->bytes, before, at);
	assert_memory_equal(of->bytes + at + unit, before + at + unit, size - at - unit);
	assert_int_equal(of->writes, 1);
	assert_int_equal(of->flushes, 1);
	assert_false(of->dirty);
	assert_int_equal(others[0]->writes + others[0]->flushes, 0);
	assert_int_equal(others[1]->writes + others[1]->flushes, 0);
	free(before);
}

static void test_attempt_in_large_blocks(void **state)
{
	(void)state;
	check_attempt(1, part22, (struct medium *[2]){ part11, part33 }, 0x100000, 4096);
}

static void test_attempt_in_small_blocks(void **state)
{
	(void)state;
	check_attempt(0, part33, (struct medium *[2]){ part11, part22 }, 0x40000 + 0x9000, 512);
}

static void attempt_fails(const char *step)
{
	assert_int_equal(attempt_record(&loader), IMG_E_STATE_WRITE);
	assert_string_equal(loader.detail.field, step);
	assert_partition(0x22);
}

static void test_attempt_fails(void **state)
{
	(void)state;
	chosen(1);
	part22->write_fault = WRITE_FAILS;
	attempt_fails("write");
	part22->write_fault = WRITE_IS_LOST;
	attempt_fails("not what was written");
	part22->write_fault = WRITE_WORKS;
	part22->flush_status = EFI_DEVICE_ERROR;
	attempt_fails("flush");
	part22->flush_status = EFI_SUCCESS;
	part22->fail_read_at = 0x100000;
	attempt_fails("read back");
	part22->media.ReadOnly = TRUE;
	attempt_fails("write");
}

/* A flush that failed is due again. */
static void test_flush(void **state)
{
	static const uint8_t zeroes[2 * IMG_BLOCK];

	(void)state;
	found();
	assert_true(volume_flush(&loader.volume));
	assert_int_equal(part11->flushes + part22->flushes + part33->flushes, 0);
	assert_true(volume_write(&loader.volume, BORDER - IMG_BLOCK, IMG_BLOCK, zeroes));
	assert_true(volume_write(&loader.volume, BORDER, IMG_BLOCK, zeroes));
	part22->flush_status = EFI_DEVICE_ERROR;
	assert_false(volume_flush(&loader.volume));
	part22->flush_status = EFI_SUCCESS;
	assert_true(volume_flush(&loader.volume));
	assert_false(part11->dirty || part22->dirty);
	assert_int_equal(part33->flushes, 0);
	assert_true(volume_flush(&loader.volume));
	assert_int_equal(part22->flushes, 2);
	assert_memory_equal(map_bytes(BORDER), zeroes, IMG_BLOCK);
	assert_false(volume_write(&loader.volume, BORDER - IMG_BLOCK, sizeof(zeroes), zeroes));
	assert_false(volume_write(&loader.volume, MAP_SIZE, IMG_BLOCK, zeroes));
}

/* What the disks say. */

static enum img_reason check_proof(uint8_t uuid)
{
	const struct img_proof_probe probe = { .ctx = &loader.proofs, .digest = proofs_digest };
	struct img_proof p = { .kind = IMG_PROOF_SWAP, .size = IMG_BLOCK };
	struct img_proof_disk proof;
	enum img_reason reason;

	memset(p.part_uuid, uuid, sizeof(p.part_uuid));
	p.digest = img_port_xxh64(part11->bytes, p.size);
	proof = img_proof_encode(&p);
	loader.meta.proof = &proof;
	loader.meta.nr_proofs = 1;
	assert_int_equal(proofs_prepare(&loader.memory, volume_partition(&loader.volume),
					&loader.meta, &loader.proofs),
			 IMG_OK);
	reason = img_proof_check(&loader.meta, &probe, &loader.detail);
	detail_complete(&loader, reason);
	return reason;
}

/* A map is no partition that a proof could mean without naming it. */
static void test_proof_of_the_own_partition(void **state)
{
	(void)state;
	found();
	assert_int_equal(check_proof(0x11), IMG_OK);
	assert_int_equal(check_proof(0), IMG_E_DISK_MISSING);
	assert_string_equal(loader.detail.field, "the image is not in a partition of its own");
	assert_partition(0x33);
}

static void test_kernel_refusal_of_the_own_disk(void **state)
{
	(void)state;
	found();
	refusal = (struct img_refusal){ .magic = IMG_REFUSAL_MAGIC,
					.generation = 2,
					.code = "disk-read" };
	memcpy(refusal.area_uuid, loader.area.uuid, sizeof(refusal.area_uuid));
	refusal_size = sizeof(refusal);
	removal_fails = false;
	refusal_take(&loader);
	assert_int_equal(image_read_headers(&loader), IMG_E_DISK_READ);
	assert_partition(0x33);
}

/* The volume or file begins with the swap header. */
static void test_sleeper_in_the_area(void **state)
{
	(void)state;
	found();
	assert_int_equal(sleepers_look(&loader), IMG_OK);
	memcpy(map_bytes(0) + IMG_BLOCK - 10, "S1SUSPEND", 10);
	assert_int_equal(sleepers_look(&loader), IMG_E_HIBERNATED);
	assert_partition(0x33);
	part33->fail_read_at = 0x40000;
	assert_int_equal(sleepers_look(&loader), IMG_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_found),
		TEST(test_option_has_precedence),
		TEST(test_partitions_are_connected),
		TEST(test_partition_is_missing),
		TEST(test_partition_is_there_twice),
		TEST(test_header_is_a_copy),
		TEST(test_partition_is_smaller),
		TEST(test_option_is_beyond_the_partition),
		TEST(test_header_is_damaged),
		TEST(test_header_of_a_partition),
		TEST(test_passed_over),
		TEST(test_read),
		TEST(test_read_error_names_the_partition),
		TEST(test_reads_within_a_piece_are_asynchronous),
		TEST(test_reads_across_a_border),
		TEST(test_asynchronous_read_error_names_the_partition),
		TEST(test_slot_read_error),
		TEST(test_attempt_in_large_blocks),
		TEST(test_attempt_in_small_blocks),
		TEST(test_attempt_fails),
		TEST(test_flush),
		TEST(test_proof_of_the_own_partition),
		TEST(test_kernel_refusal_of_the_own_disk),
		TEST(test_sleeper_in_the_area),
	};

	return cmocka_run_group_tests_name("efi/area", tests, NULL, NULL);
}
