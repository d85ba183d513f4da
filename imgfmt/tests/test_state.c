// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The slot state: its bytes, what damage to them means, and which images may be entered again. */
#include "test.h"

#define AT(member) offsetof(struct img_state_disk, member)
#define STATE(is_valid, nr_restores, nr_attempts, is_consumed)                                     \
	{ .valid = (is_valid),                                                                     \
	  .restores = (nr_restores),                                                               \
	  .attempts = (nr_attempts),                                                               \
	  .consumed = (is_consumed) }

static const uint8_t uuid[16] = { 1, 2, 3 };

static void seal_state(uint8_t sector[512])
{
	put_le(sector + AT(csum), img_port_xxh64(sector, AT(csum)), 8);
}

static void assert_is_none(const struct img_state *s)
{
	assert_true(!s->valid && !s->consumed);
	assert_int_equal(s->restores, 0);
	assert_int_equal(s->attempts, 0);
	assert_int_equal(s->rank, 0);
	assert_string_equal(s->description, "");
}

static void test_round_trip(void **state)
{
	static const struct img_state row[] = {
		STATE(true, 0, 0, false),
		STATE(true, 41, 2, false),
		STATE(true, 1, 1, true),
		STATE(true, ~0ull, ~0u, true),
		{ .valid = true, .rank = 12, .description = "of the spring fair \xc3\xbc" },
		{ .valid = true, .rank = ~0ull },
	};
	uint8_t sector[512], other[16] = { 1, 2, 4 };

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct img_state s = { 0 };

		memset(sector, 0xee, sizeof(sector));
		img_state_encode(&row[i], uuid, sector);
		img_state_decode(sector, uuid, &s);
		assert_true(s.valid);
		assert_true(s.restores == row[i].restores && s.attempts == row[i].attempts);
		assert_int_equal(s.consumed, row[i].consumed);
		assert_true(s.rank == row[i].rank);
		assert_string_equal(s.description, row[i].description);
		img_state_decode(sector, other, &s);
		assert_is_none(&s);
	}
}

/* Text may fill its field to the last byte; bytes after its NUL do not get out. */
static void test_full_description(void **state)
{
	struct img_state s = { .valid = true }, again;
	uint8_t sector[512];

	(void)state;
	memset(s.description, 'd', 128);
	img_state_encode(&s, uuid, sector);
	img_state_decode(sector, uuid, &again);
	assert_true(again.valid);
	assert_string_equal(again.description, s.description);
	assert_int_equal(strlen(again.description), 128);
	s.description[3] = '\0';
	img_state_encode(&s, uuid, sector);
	img_state_decode(sector, uuid, &again);
	assert_true(again.valid);
	assert_string_equal(again.description, "ddd");
}

/* A state is whole or none: any flipped bit is detected. */
static void test_every_bit(void **state)
{
	const struct img_state good = STATE(true, 41, 2, true);
	uint8_t sector[512];
	struct img_state s;

	(void)state;
	img_state_encode(&good, uuid, sector);
	for (size_t bit = 0; bit < sizeof(sector) * 8; bit++) {
		sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
		s = (struct img_state)STATE(true, 99, 99, true);
		img_state_decode(sector, uuid, &s);
		assert_is_none(&s);
		sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memset(sector, 0, sizeof(sector));
	img_state_decode(sector, uuid, &s);
	assert_is_none(&s);
}

/* With a correct checksum the other rules apply. */
static void test_sealed_fields(void **state)
{
	static const struct {
		size_t offset, width;
		uint64_t value;
		bool valid;
	} row[] = {
		{ AT(magic), 1, 'f', false },
		{ AT(magic) + 7, 1, 0, false },
		{ AT(image_uuid), 1, 9, false },
		{ AT(image_uuid) + 15, 1, 9, false },
		{ AT(restores), 8, ~0ull, true },
		{ AT(attempts), 4, ~0u, true },
		{ AT(flags), 4, IMG_STATE_CONSUMED, true },
		{ AT(rank), 8, ~0ull, true },
		{ AT(description), 2, 'x', true },
		{ AT(description) + 1, 1, 'x', false },
		{ AT(description) + 127, 1, 'x', false },
		{ AT(flags), 4, 2, false },
		{ AT(flags), 4, 1u << 31 | IMG_STATE_CONSUMED, false },
		{ AT(reserved), 1, 1, false },
		{ AT(csum) - 1, 1, 1, false },
	};
	const struct img_state good = STATE(true, 41, 2, false);

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		uint8_t sector[512];
		struct img_state s;

		img_state_encode(&good, uuid, sector);
		put_le(sector + row[i].offset, row[i].value, row[i].width);
		seal_state(sector);
		img_state_decode(sector, uuid, &s);
		assert_int_equal(s.valid, row[i].valid);
		if (!row[i].valid)
			assert_is_none(&s);
	}
}

#define GOLDEN IMG_MODE_GOLDEN
#define ONCE   IMG_MODE_ONCE

static void test_check(void **state)
{
	static const struct {
		enum img_mode mode;
		struct img_state state;
		enum img_reason reason;
		const char *field;
	} row[] = {
		{ GOLDEN, STATE(false, 0, 0, false), IMG_OK, NULL },
		{ GOLDEN, STATE(true, 0, 0, false), IMG_OK, NULL },
		{ GOLDEN, STATE(true, 1000, 2, false), IMG_OK, NULL },
		{ GOLDEN, STATE(true, 1000, 3, false), IMG_E_SLOT_QUARANTINED, "attempts" },
		{ GOLDEN, STATE(true, ~0ull, ~0u, false), IMG_E_SLOT_QUARANTINED, "attempts" },
		/* Only a one-shot image is consumed. */
		{ GOLDEN, STATE(true, 1, 1, true), IMG_OK, NULL },
		{ ONCE, STATE(true, 0, 0, false), IMG_OK, NULL },
		{ ONCE, STATE(false, 0, 0, false), IMG_E_STATE_DAMAGED, NULL },
		{ ONCE, STATE(true, 1, 1, true), IMG_E_SLOT_CONSUMED, "restores" },
		{ ONCE, STATE(true, 1, 0, true), IMG_E_SLOT_CONSUMED, "restores" },
		{ ONCE, STATE(true, 0, 0, true), IMG_E_SLOT_CONSUMED, "restores" },
		/* Counted but not marked: it was entered, by whatever loader. */
		{ ONCE, STATE(true, 1, 0, false), IMG_E_SLOT_CONSUMED, "restores" },
		{ ONCE, STATE(true, 0, 3, false), IMG_E_SLOT_QUARANTINED, "attempts" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		const struct img_slot slot = { .mode = row[i].mode };
		struct img_detail detail;
		enum img_reason reason = img_state_check(&slot, &row[i].state, 1, &detail);

		if (row[i].reason == IMG_OK) {
			assert_reason(IMG_OK, reason);
			continue;
		}
		assert_refusal(row[i].reason, reason, &detail, "slot state", row[i].field);
		assert_int_equal(detail.index, 1);
		assert_reason(row[i].reason, img_state_check(&slot, &row[i].state, 1, NULL));
	}
}

/* From a fresh image through three attempts into quarantine, and out again. */
static void test_golden_life(void **state)
{
	const struct img_slot slot = { .mode = IMG_MODE_GOLDEN };
	struct img_state s = { .valid = false };

	(void)state;
	for (uint32_t i = 1; i <= IMG_MAX_ATTEMPTS; i++) {
		assert_reason(IMG_OK, img_state_check(&slot, &s, 0, NULL));
		s = img_state_entered(&slot, &s);
		assert_true(s.valid && !s.consumed);
		assert_int_equal(s.restores, i);
		assert_int_equal(s.attempts, i);
	}
	assert_reason(IMG_E_SLOT_QUARANTINED, img_state_check(&slot, &s, 0, NULL));
	s.attempts = 0;
	assert_reason(IMG_OK, img_state_check(&slot, &s, 0, NULL));
	s = img_state_entered(&slot, &s);
	assert_int_equal(s.restores, IMG_MAX_ATTEMPTS + 1);
	assert_int_equal(s.attempts, 1);
}

static void test_once_life(void **state)
{
	const struct img_slot slot = { .mode = IMG_MODE_ONCE };
	struct img_state s = { .valid = true };

	(void)state;
	assert_reason(IMG_OK, img_state_check(&slot, &s, 0, NULL));
	s = img_state_entered(&slot, &s);
	assert_true(s.valid && s.consumed);
	assert_reason(IMG_E_SLOT_CONSUMED, img_state_check(&slot, &s, 0, NULL));
	/* Calling it good does not make it usable again. */
	s.attempts = 0;
	assert_reason(IMG_E_SLOT_CONSUMED, img_state_check(&slot, &s, 0, NULL));
}

/* Three attempts, into quarantine, keep the rank and the description. */
static void test_rank_and_description_stay(void **state)
{
	const struct img_slot slot = { .mode = IMG_MODE_GOLDEN };
	struct img_state s = { .valid = true, .rank = 9, .description = "ours" };

	(void)state;
	for (uint32_t i = 0; i < IMG_MAX_ATTEMPTS; i++)
		s = img_state_entered(&slot, &s);
	assert_int_equal(s.attempts, IMG_MAX_ATTEMPTS);
	assert_int_equal(s.rank, 9);
	assert_string_equal(s.description, "ours");
}

/* The greater of two numbers; the state's text, or the header's. */
static void test_rank_and_description_of_an_image(void **state)
{
	static const struct {
		uint64_t generation, rank, counts;
	} row[] = { { 5, 0, 5 }, { 5, 4, 5 }, { 5, 5, 5 }, { 5, 6, 6 }, { 5, ~0ull, ~0ull } };
	struct img_slot slot = { .description = "header" };
	struct img_state s = { .valid = false };

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		slot.generation = row[i].generation;
		s.rank = row[i].rank;
		assert_true(img_slot_rank(&slot, &s) == row[i].counts);
	}
	assert_string_equal(img_slot_description(&slot, &s), "header");
	strcpy(s.description, "state");
	assert_string_equal(img_slot_description(&slot, &s), "state");
}

/* A rank that wraps would put the newest image after all others, and 0 is not a generation. */
static void test_there_is_a_highest_rank(void **state)
{
	struct img_detail detail = { 0 };
	uint64_t rank = 7;

	(void)state;
	assert_int_equal(img_rank_above(0, &rank, NULL), IMG_OK);
	assert_true(rank == 1);
	assert_int_equal(img_rank_above(~0ull - 1, &rank, &detail), IMG_OK);
	assert_true(rank == ~0ull);
	rank = 7;
	assert_int_equal(img_rank_above(~0ull, &rank, &detail), IMG_E_SLOT_FIELD);
	assert_int_equal(img_rank_above(~0ull, &rank, NULL), IMG_E_SLOT_FIELD);
	assert_true(rank == 7);
	assert_string_equal(detail.field, "generation");
	assert_true(detail.golden == ~0ull);
}

/* Counters stay at their maximum: one that wraps would end a quarantine. */
static void test_counters_do_not_wrap(void **state)
{
	const struct img_slot slot = { .mode = IMG_MODE_GOLDEN };
	const struct img_state most = STATE(true, ~0ull, ~0u, false);
	struct img_state s;

	(void)state;
	s = img_state_entered(&slot, &most);
	assert_true(s.restores == ~0ull);
	assert_true(s.attempts == ~0u);
}

int run_state_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_full_description),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_sealed_fields),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_golden_life),
		cmocka_unit_test(test_once_life),
		cmocka_unit_test(test_rank_and_description_stay),
		cmocka_unit_test(test_rank_and_description_of_an_image),
		cmocka_unit_test(test_there_is_a_highest_rank),
		cmocka_unit_test(test_counters_do_not_wrap),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
