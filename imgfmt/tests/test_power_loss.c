// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The commit protocol of docs/image-format.md against a disk that loses power.
 *
 * A new image is written into slot B, block by block, while slot A holds an
 * older one.  Power goes at each block in turn.  What was flushed before is on
 * the disk; of what was written since, any part may be, in any order, and the
 * last block may be torn between two sectors.  Whatever is left, the reader
 * must find the older image or the new one, whole, and after the last flush
 * the new one.
 */
#include <stdlib.h>

#include "test.h"

#define SECTOR 512u

/* One block to be written, or a flush. */
struct op {
	uint64_t offset;
	bool zero; /* zeroes instead of the new image's bytes */
	bool flush;
};

#define MAX_OPS 1024

struct disk {
	uint8_t *bytes;
	struct op op[MAX_OPS];
	uint32_t nr_ops;
	struct sample old, new;
};

static void put_blocks(struct disk *d, uint64_t offset, uint64_t size, bool zero)
{
	for (uint64_t at = 0; at < size; at += IMG_BLOCK) {
		assert_true(d->nr_ops < MAX_OPS);
		d->op[d->nr_ops++] = (struct op){ offset + at, zero, false };
	}
}

static void put_flush(struct disk *d)
{
	assert_true(d->nr_ops < MAX_OPS);
	d->op[d->nr_ops++] = (struct op){ .flush = true };
}

/* The writes of the protocol, in its order. */
static void put_protocol(struct disk *d)
{
	uint64_t base = d->new.area.slot[1].offset;
	struct img_slot slot;

	assert_reason(IMG_OK,
		      img_slot_decode(d->new.partition + base, &d->new.area, 1, &slot, NULL));
	put_blocks(d, base, IMG_BLOCK, true);
	put_flush(d);
	put_blocks(d, base + IMG_SLOT_DATA_OFFSET, slot.data_size, false);
	put_blocks(d, base + IMG_BLOCK, IMG_BLOCK, false);
	put_blocks(d, base + slot.meta_offset, slot.meta_size, false);
	put_flush(d);
	put_blocks(d, base, IMG_BLOCK, false);
	put_flush(d);
}

/* sectors: bit i set: sector i of the block reaches the disk. */
static void apply(struct disk *d, const struct op *op, uint32_t sectors)
{
	for (uint32_t i = 0; i < IMG_BLOCK / SECTOR; i++) {
		uint64_t at = op->offset + i * SECTOR;

		if (op->zero && sectors >> i & 1)
			memset(d->bytes + at, 0, SECTOR);
		else if (sectors >> i & 1)
			memcpy(d->bytes + at, d->new.partition + at, SECTOR);
	}
}

/* Power goes before op number `cut`: what may be on the disk then. */
static void lose_power(struct disk *d, uint32_t cut)
{
	uint32_t flushed = 0;

	memcpy(d->bytes, d->old.partition, d->old.size);
	for (uint32_t i = 0; i < cut; i++)
		if (d->op[i].flush)
			flushed = i;
	for (uint32_t i = 0; i < cut; i++) {
		if (d->op[i].flush)
			continue;
		if (i < flushed)
			apply(d, &d->op[i], 0xff);
		else if (i == cut - 1)
			apply(d, &d->op[i], (uint32_t)rand() & 0xff);
		else
			apply(d, &d->op[i], rand() % 2 ? 0xff : 0);
	}
}

/* The generation of the image that a loader would find, everything of it checked. */
static uint64_t restorable(const struct disk *d)
{
	struct img_area area;
	struct img_slot slot[2];
	enum img_reason reason[2], refusal;
	struct img_meta meta;
	const uint8_t *base;
	int choice;

	assert_reason(IMG_OK, img_area_decode(d->bytes + img_area_header_offset(d->old.size),
					      d->old.size, &area, NULL));
	for (uint32_t i = 0; i < 2; i++)
		reason[i] =
			img_slot_decode(d->bytes + area.slot[i].offset, &area, i, &slot[i], NULL);
	choice = img_slot_choose(reason, slot, 2, -1, &refusal);
	assert_true(choice >= 0);
	base = d->bytes + area.slot[choice].offset;
	assert_reason(IMG_OK,
		      img_meta_decode(&slot[choice], base + slot[choice].meta_offset, &meta, NULL));
	for (uint64_t i = 0; i < meta.nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(&meta, i);

		assert_reason(IMG_OK, img_chunk_check(&chunk, base + chunk.offset));
	}
	return slot[choice].generation;
}

/* What slot B holds before: nothing, an image that is older still, or garbage. */
enum before { BEFORE_EMPTY, BEFORE_OLDEST, BEFORE_GARBAGE };

static void disk_make(struct disk *d, enum before before)
{
	struct sample_image oldest = sample_full;

	memset(d, 0, sizeof(*d));
	d->old = sample_area(8 << 20, 64 << 10);
	d->new = sample_area(8 << 20, 64 << 10);
	oldest.generation = 5;
	sample_write(&d->old, &sample_older);
	if (before == BEFORE_OLDEST)
		sample_write(&d->old, &oldest);
	if (before == BEFORE_GARBAGE)
		memset(d->old.partition + d->old.area.slot[1].offset, 0xa7,
		       d->old.area.slot[1].size);
	memcpy(d->new.partition, d->old.partition, d->old.size);
	sample_write(&d->new, &sample_full);
	d->bytes = malloc(d->old.size);
	assert_non_null(d->bytes);
	put_protocol(d);
}

static void disk_free(struct disk *d)
{
	free(d->bytes);
	sample_free(&d->old);
	sample_free(&d->new);
}

static void cut_everywhere(enum before before)
{
	struct disk *d = malloc(sizeof(*d));

	assert_non_null(d);
	disk_make(d, before);
	assert_true(d->nr_ops > 50);
	for (uint32_t cut = 0; cut <= d->nr_ops; cut++) {
		uint64_t generation;

		lose_power(d, cut);
		generation = restorable(d);
		if (cut == d->nr_ops)
			assert_int_equal(generation, sample_full.generation);
		else if (cut < d->nr_ops - 1)
			assert_int_equal(generation, sample_older.generation);
		else
			assert_true(generation == sample_full.generation ||
				    generation == sample_older.generation);
	}
	disk_free(d);
	free(d);
}

static void test_into_empty_slot(void **state)
{
	(void)state;
	srand(31);
	cut_everywhere(BEFORE_EMPTY);
}

static void test_over_an_image(void **state)
{
	(void)state;
	srand(32);
	cut_everywhere(BEFORE_OLDEST);
}

static void test_over_garbage(void **state)
{
	(void)state;
	srand(33);
	cut_everywhere(BEFORE_GARBAGE);
}

/* The last block torn in each of the ways it can be. */
static void test_torn_header(void **state)
{
	struct disk *d = malloc(sizeof(*d));

	(void)state;
	assert_non_null(d);
	disk_make(d, BEFORE_OLDEST);
	for (uint32_t sectors = 0; sectors < 256; sectors++) {
		lose_power(d, d->nr_ops - 2);
		apply(d, &d->op[d->nr_ops - 2], sectors);
		/* Sectors 2 to 6 of this header are zero, so that they may be missing. */
		assert_int_equal(restorable(d), (sectors & 0x83) == 0x83 ? 7 : 6);
	}
	disk_free(d);
	free(d);
}

/*
 * Why the first step of the protocol is there: without it, chunks of a new
 * image lie under the header of the one before.  If this test fails, the others
 * have lost their teeth.
 */
static void test_the_erasure_is_needed(void **state)
{
	struct disk *d = malloc(sizeof(*d));
	struct img_slot slot;
	struct img_meta meta;
	const uint8_t *base;
	uint32_t damaged = 0;

	(void)state;
	assert_non_null(d);
	disk_make(d, BEFORE_OLDEST);
	base = d->bytes + d->old.area.slot[1].offset;
	memcpy(d->bytes, d->old.partition, d->old.size);
	memset(d->bytes + d->old.area.slot[1].offset + IMG_SLOT_DATA_OFFSET, 0x5c, IMG_BLOCK);
	assert_reason(IMG_OK, img_slot_decode(base, &d->old.area, 1, &slot, NULL));
	assert_reason(IMG_OK, img_meta_decode(&slot, base + slot.meta_offset, &meta, NULL));
	for (uint64_t i = 0; i < meta.nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(&meta, i);

		damaged += img_chunk_check(&chunk, base + chunk.offset) != IMG_OK;
	}
	assert_true(damaged > 0);
	disk_free(d);
	free(d);
}

int run_power_loss_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_into_empty_slot),	      cmocka_unit_test(test_over_an_image),
		cmocka_unit_test(test_over_garbage),	      cmocka_unit_test(test_torn_header),
		cmocka_unit_test(test_the_erasure_is_needed),
	};

	return cmocka_run_group_tests_name("power loss", tests, NULL, NULL);
}
