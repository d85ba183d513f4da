// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The protocols of docs/image-format.md against a disk that loses power.
 *
 * A new image is written block by block: into slot B while slot A holds an older one, or into the
 * only slot.  Power is lost at each block in turn.  Blocks that were flushed before are on the
 * disk; any part of those written since may be, in any order, and the last block may be torn
 * between two sectors.  Whatever is left, the reader must find the older image or the new one,
 * whole (with a single slot: the older, none, or the new), and after the last flush the new one.
 *
 * The same for data overwritten in place: the slot state, torn at each byte, and a header that is
 * erased to invalidate an image.
 */
#include <stdlib.h>

#include "test.h"

#define SECTOR 512u

/* One block to write, or a flush. */
struct op {
	uint64_t offset;
	bool zero; /* zeroes instead of the new image's bytes */
	bool flush;
};

#define MAX_OPS 1024

struct device {
	uint8_t *bytes;
	struct op op[MAX_OPS];
	uint32_t nr_ops;
	struct sample old, new;
	uint32_t slot; /* the slot that is written */
};

static void put_blocks(struct device *d, uint64_t offset, uint64_t size, bool zero)
{
	for (uint64_t at = 0; at < size; at += IMG_BLOCK) {
		assert_true(d->nr_ops < MAX_OPS);
		d->op[d->nr_ops++] = (struct op){ offset + at, zero, false };
	}
}

static void put_flush(struct device *d)
{
	assert_true(d->nr_ops < MAX_OPS);
	d->op[d->nr_ops++] = (struct op){ .flush = true };
}

/* The writes of the protocol, in its order. */
static void put_protocol(struct device *d)
{
	uint64_t base = d->new.area.slot[d->slot].offset;
	struct img_slot slot;

	assert_reason(IMG_OK,
		      img_slot_decode(d->new.partition + base, &d->new.area, d->slot, &slot, NULL));
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
static void apply(struct device *d, const struct op *op, uint32_t sectors)
{
	for (uint32_t i = 0; i < IMG_BLOCK / SECTOR; i++) {
		uint64_t at = op->offset + i * SECTOR;

		if (op->zero && sectors >> i & 1)
			memset(d->bytes + at, 0, SECTOR);
		else if (sectors >> i & 1)
			memcpy(d->bytes + at, d->new.partition + at, SECTOR);
	}
}

/* Power is lost before op number `cut`: a possible state of the disk after that. */
static void lose_power(struct device *d, uint32_t cut)
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

/* A loader's result for one slot. */
static enum img_reason look_at_slot(const struct device *d, const struct img_area *area, uint32_t i,
				    struct img_slot *slot, uint64_t *ret_rank)
{
	const uint8_t *base = d->bytes + area->slot[i].offset;
	struct img_state count;
	enum img_reason reason = img_slot_decode(base, area, i, slot, NULL);

	*ret_rank = 0;
	if (reason != IMG_OK)
		return reason;
	img_state_decode(base + IMG_BLOCK, slot->image_uuid, &count);
	*ret_rank = img_slot_rank(slot, &count);
	return img_state_check(slot, &count, i, NULL);
}

/* The generation of the image that a loader would enter, after every check; 0: none. */
static uint64_t restorable(const struct device *d)
{
	struct img_area area;
	struct img_slot slot[2];
	enum img_reason reason[2], refusal;
	struct img_meta meta;
	const uint8_t *base;
	uint64_t rank[2];
	int choice;

	assert_reason(IMG_OK, img_area_decode(d->bytes + img_area_header_offset(d->old.size),
					      d->old.size, &area, NULL));
	for (uint32_t i = 0; i < area.nr_slots; i++)
		reason[i] = look_at_slot(d, &area, i, &slot[i], &rank[i]);
	choice = img_slot_choose(reason, rank, area.nr_slots, -1, &refusal);
	if (choice < 0)
		return 0;
	base = d->bytes + area.slot[choice].offset;
	assert_reason(IMG_OK,
		      img_meta_decode(&slot[choice], base + slot[choice].meta_offset, &meta, NULL));
	for (uint64_t i = 0; i < meta.nr_chunks; i++) {
		struct img_chunk chunk = img_meta_chunk(&meta, i);

		assert_reason(IMG_OK, img_chunk_check(&chunk, base + chunk.offset));
	}
	return slot[choice].generation;
}

/* The earlier contents of slot B: nothing, an image that is older still, or garbage. */
enum before { BEFORE_EMPTY, BEFORE_OLDEST, BEFORE_GARBAGE };

static void device_make(struct device *d, enum before before)
{
	struct sample_image oldest = sample_full;

	memset(d, 0, sizeof(*d));
	d->slot = 1;
	d->old = sample_area(8 << 20, 64 << 10, 2);
	d->new = sample_area(8 << 20, 64 << 10, 2);
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

static void device_free(struct device *d)
{
	free(d->bytes);
	sample_free(&d->old);
	sample_free(&d->new);
}

static void cut_everywhere(enum before before)
{
	struct device *d = malloc(sizeof(*d));

	assert_non_null(d);
	device_make(d, before);
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
	device_free(d);
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

/* The last block torn in every possible way. */
static void test_torn_header(void **state)
{
	struct device *d = malloc(sizeof(*d));

	(void)state;
	assert_non_null(d);
	device_make(d, BEFORE_OLDEST);
	for (uint32_t sectors = 0; sectors < 256; sectors++) {
		lose_power(d, d->nr_ops - 2);
		apply(d, &d->op[d->nr_ops - 2], sectors);
		/* Sectors 2 to 6 of this header are zero, so that they may be missing. */
		assert_int_equal(restorable(d), (sectors & 0x83) == 0x83 ? 7 : 6);
	}
	device_free(d);
	free(d);
}

/*
 * The reason for the first step of the protocol: without it, chunks of a new image are under the
 * header of the previous one.  If this test fails, the others no longer prove anything.
 */
static void test_the_erasure_is_needed(void **state)
{
	struct device *d = malloc(sizeof(*d));
	struct img_slot slot;
	struct img_meta meta;
	const uint8_t *base;
	uint32_t damaged = 0;

	(void)state;
	assert_non_null(d);
	device_make(d, BEFORE_OLDEST);
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
	device_free(d);
	free(d);
}

/* A single slot: between the erasure and the commit it holds no image, but never a wrong one. */
static void test_single_slot(void **state)
{
	struct device *d = calloc(1, sizeof(*d));
	struct sample_image new = sample_full;
	uint32_t none = 0;

	(void)state;
	assert_non_null(d);
	srand(34);
	new.slot = 0;
	d->old = sample_area(8 << 20, 64 << 10, 1);
	d->new = sample_area(8 << 20, 64 << 10, 1);
	sample_write(&d->old, &sample_older);
	memcpy(d->new.partition, d->old.partition, d->old.size);
	sample_write(&d->new, &new);
	d->bytes = malloc(d->old.size);
	assert_non_null(d->bytes);
	put_protocol(d);
	for (uint32_t cut = 0; cut <= d->nr_ops; cut++) {
		uint64_t generation;

		lose_power(d, cut);
		generation = restorable(d);
		none += !generation;
		if (cut == 0)
			assert_int_equal(generation, sample_older.generation);
		else if (cut == 1) /* the erasure, not flushed */
			assert_true(!generation || generation == sample_older.generation);
		else if (cut < d->nr_ops - 1)
			assert_int_equal(generation, 0);
		else if (cut < d->nr_ops)
			assert_true(!generation || generation == new.generation);
		else
			assert_int_equal(generation, new.generation);
	}
	assert_true(none > 50);
	device_free(d);
	free(d);
}

/* Invalidating an image is the erasure alone: whatever is left of the header, A is chosen. */
static void test_invalidate(void **state)
{
	struct device *d = malloc(sizeof(*d));
	const struct op erase = { .zero = true };

	(void)state;
	assert_non_null(d);
	device_make(d, BEFORE_EMPTY);
	for (uint32_t sectors = 0; sectors < 256; sectors++) {
		struct op op = erase;

		op.offset = d->new.area.slot[1].offset;
		memcpy(d->bytes, d->new.partition, d->new.size);
		apply(d, &op, sectors);
		/* Sectors 2 to 6 of this header are zero already. */
		assert_int_equal(restorable(d), (sectors & 0x83) ? 6 : 7);
	}
	device_free(d);
	free(d);
}

/* A torn write: the first bytes new, or the last, or any. */
static void tear(uint8_t *to, const uint8_t *old, const uint8_t *new, uint32_t cut, int way)
{
	for (uint32_t i = 0; i < SECTOR; i++) {
		bool is_new = way == 0 ? i < cut : way == 1 ? i >= cut : rand() % 2;

		to[i] = is_new ? new[i] : old[i];
	}
}

static bool same_state(const struct img_state *a, const struct img_state *b)
{
	return a->valid == b->valid && a->restores == b->restores && a->attempts == b->attempts &&
	       a->consumed == b->consumed && a->rank == b->rank &&
	       !strcmp(a->description, b->description);
}

/*
 * One state over another: the result is one of the two or none, and the loader acts correctly on
 * it.
 */
static void tear_everywhere(enum img_mode mode, const struct img_state *old,
			    const struct img_state *new)
{
	const struct img_slot slot = { .mode = mode };
	const struct img_state none = { .valid = false };
	uint8_t uuid[16] = { 7 }, before[512], after[512], torn[512];

	img_state_encode(old, uuid, before);
	img_state_encode(new, uuid, after);
	for (int way = 0; way < 3; way++)
		for (uint32_t cut = 0; cut <= SECTOR; cut++) {
			enum img_reason reason;
			struct img_state found;

			tear(torn, before, after, cut, way);
			img_state_decode(torn, uuid, &found);
			reason = img_state_check(&slot, &found, 0, NULL);
			assert_true(same_state(&found, old) || same_state(&found, new) ||
				    same_state(&found, &none));
			if (mode == IMG_MODE_GOLDEN) {
				/* Never more than was counted, so never a quarantine too early. */
				assert_true(found.attempts <= old->attempts ||
					    found.attempts <= new->attempts);
				continue;
			}
			/* One-shot: restored again only if nothing of the mark is there. */
			if (reason == IMG_OK)
				assert_true(same_state(&found, old));
			else
				assert_true(reason == IMG_E_SLOT_CONSUMED ||
					    reason == IMG_E_STATE_DAMAGED);
		}
}

static void test_torn_state(void **state)
{
	const struct img_slot golden = { .mode = IMG_MODE_GOLDEN };
	const struct img_slot once = { .mode = IMG_MODE_ONCE };
	struct img_state old = { .valid = true }, new, good;

	(void)state;
	srand(35);
	new = img_state_entered(&once, &old);
	tear_everywhere(IMG_MODE_ONCE, &old, &new);
	for (uint32_t i = 0; i < 2 * IMG_MAX_ATTEMPTS; i++) {
		new = img_state_entered(&golden, &old);
		tear_everywhere(IMG_MODE_GOLDEN, &old, &new);
		good = new;
		good.attempts = 0;
		tear_everywhere(IMG_MODE_GOLDEN, &new, &good);
		good.rank = 5 + i;
		strcpy(good.description, "called good, and promoted");
		tear_everywhere(IMG_MODE_GOLDEN, &new, &good);
		old = good;
		old.attempts = new.attempts;
	}
}

/* The older image is promoted while power fails: one of the two is chosen, whatever is torn. */
static void test_torn_promotion(void **state)
{
	struct sample_image older = sample_older;
	struct device *d = malloc(sizeof(*d));
	struct img_state promoted = { .valid = true, .rank = 8 };
	uint8_t before[SECTOR], after[SECTOR], *sector;
	struct img_slot slot;
	uint64_t ignored;

	(void)state;
	assert_non_null(d);
	srand(37);
	device_make(d, BEFORE_EMPTY);
	older.mode = IMG_MODE_GOLDEN;
	sample_write(&d->new, &older);
	memcpy(d->bytes, d->new.partition, d->new.size);
	assert_reason(IMG_OK, look_at_slot(d, &d->new.area, 0, &slot, &ignored));
	sector = d->bytes + d->new.area.slot[0].offset + IMG_BLOCK;
	memcpy(before, sector, sizeof(before));
	img_state_encode(&promoted, slot.image_uuid, after);
	for (int way = 0; way < 3; way++)
		for (uint32_t cut = 0; cut <= SECTOR; cut++) {
			tear(sector, before, after, cut, way);
			assert_int_equal(restorable(d), memcmp(sector, after, SECTOR) ? 7 : 6);
		}
	memcpy(sector, after, SECTOR);
	assert_int_equal(restorable(d), 6);
	device_free(d);
	free(d);
}

/* The loader's part of one start: true if it enters.  torn: power is lost while it writes. */
static bool start(struct device *d, uint32_t number, bool torn)
{
	uint8_t *base = d->bytes + d->old.area.slot[number].offset;
	uint8_t old[512], new[512];
	struct img_slot slot;
	struct img_state count;
	uint64_t rank;

	if (look_at_slot(d, &d->old.area, number, &slot, &rank) != IMG_OK)
		return false;
	img_state_decode(base + IMG_BLOCK, slot.image_uuid, &count);
	memcpy(old, base + IMG_BLOCK, sizeof(old));
	count = img_state_entered(&slot, &count);
	img_state_encode(&count, slot.image_uuid, new);
	tear(base + IMG_BLOCK, old, new, torn ? (uint32_t)rand() % 513 : SECTOR, 0);
	return !torn;
}

/* Start after start of an image that never comes up, with random power losses: three at most. */
static void test_starts(void **state)
{
	struct device *d = malloc(sizeof(*d));

	(void)state;
	assert_non_null(d);
	srand(36);
	device_make(d, BEFORE_EMPTY);
	for (int round = 0; round < 40; round++) {
		uint32_t in_a_row = 0, entered = 0;

		memcpy(d->bytes, d->new.partition, d->new.size);
		for (int i = 0; i < 12; i++) {
			bool torn = rand() % 3 == 0;

			/* A torn state loses only the count. */
			in_a_row = torn ? 0 : in_a_row + start(d, 1, false);
			if (torn)
				(void)start(d, 1, true);
			assert_true(in_a_row <= IMG_MAX_ATTEMPTS);
			assert_true(restorable(d) == 7 || restorable(d) == 6);
		}
		/* The other is a one-shot image, whatever happens. */
		for (int i = 0; i < 6; i++)
			entered += start(d, 0, rand() % 3 == 0);
		assert_true(entered <= 1);
	}
	device_free(d);
	free(d);
}

int run_power_loss_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_into_empty_slot),
		cmocka_unit_test(test_over_an_image),
		cmocka_unit_test(test_over_garbage),
		cmocka_unit_test(test_torn_header),
		cmocka_unit_test(test_the_erasure_is_needed),
		cmocka_unit_test(test_single_slot),
		cmocka_unit_test(test_invalidate),
		cmocka_unit_test(test_torn_state),
		cmocka_unit_test(test_torn_promotion),
		cmocka_unit_test(test_starts),
	};

	return cmocka_run_group_tests_name("power loss", tests, NULL, NULL);
}
