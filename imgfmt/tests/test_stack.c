// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The bytes that prove what is below file systems: LVM, LUKS, md, swap space; made here, so that
 * each rule can be broken.  test_mkfs.c uses real ones.
 */
#include <stdlib.h>

#include "survey.h"

#define AREAS (LVM_LABEL + LVM_LIST + 32) /* the list of metadata areas, 16 bytes each */

/* Fields that count even if the checksum does. */
static const struct row lvm_rows[] = {
	{ LVM_LABEL, 1, 'l', "label" },
	{ LVM_LABEL + 8, 8, 2, "label" }, /* a copy of another sector */
	{ LVM_LABEL + 24, 8, 0, "label" },
	{ LVM_LABEL + 20, 4, 512, "metadata areas" },
	{ LVM_LABEL + 20, 4, ~0u, "metadata areas" },
	{ LVM_LABEL + LVM_LIST, 8, 0, "no metadata area" }, /* no data area: then come two ends */
	{ AREAS, 8, 0, "no metadata area" },
	{ AREAS, 8, 4096 + 256, "metadata area" },
	{ AREAS, 8, 8192, "metadata area" },
	{ AREAS, 8, 256 * KIB, "metadata area" },
	{ AREAS, 8, ~0ull - 511, "metadata area" },
	{ AREAS + 16, 8, 0, NULL },
	{ AREAS + 32, 8, 8192, "metadata areas" },
	{ LVM_AREA(0) + 4, 1, '!', "metadata area" },
	{ LVM_AREA(0) + 19, 1, 0, "metadata area" },
	{ LVM_AREA(0) + 20, 4, 2, "metadata area" },
	{ LVM_AREA(1) + 24, 8, LVM_AREA(0), "metadata area" },
	{ LVM_AREA(0) + 32, 8, ~0ull, NULL },
	{ LVM_AREA(0) + 511, 1, 7, NULL },
};

/* Bytes whose checksum is not corrected. */
static const struct row lvm_sums[] = {
	{ LVM_LABEL + 16, 4, 0, "label" },	     { LVM_LABEL + 20, 1, 33, "label" },
	{ LVM_LABEL + 511, 1, 1, "label" },	     { LVM_AREA(0), 4, 0, "metadata area" },
	{ LVM_AREA(0) + 40, 1, 1, "metadata area" }, { LVM_AREA(1) + 511, 1, 1, "metadata area" },
};

static void test_lvm(void **state)
{
	static const uint64_t blocks[] = { 0, LVM_AREA(0), LVM_AREA(1) };
	static const uint64_t sizes[] = { 0, 512, 4095, 4096, LVM_AREA(1), LVM_AREA(1) + 4095 };
	struct disk d = make_lvm();
	struct result r = survey(&d, "LVM2_member");

	(void)state;
	assert_int_equal(r.nr, 3);
	assert_int_equal(r.devices, 1);
	assert_extent(&r, 0, IMG_PROOF_LVM_LABEL, LVM_LABEL, 512);
	assert_extent(&r, 1, IMG_PROOF_LVM_METADATA, LVM_AREA(0), 512);
	assert_extent(&r, 2, IMG_PROOF_LVM_METADATA, LVM_AREA(1), 512);
	free(d.byte);
	check_rows("LVM2_member", make_lvm, lvm_sums, COUNT(lvm_sums), false);
	check_unreadable("LVM2_member", make_lvm, blocks, COUNT(blocks));
	check_short("LVM2_member", make_lvm, sizes, COUNT(sizes));
}

static void test_lvm_fields(void **state)
{
	(void)state;
	check_sealed_rows("LVM2_member", make_lvm, seal_lvm, lvm_rows, COUNT(lvm_rows));
}

/* In any of the first four sectors, but in one only; what no longer counts may stay. */
static void test_lvm_labels(void **state)
{
	(void)state;
	for (uint32_t sector = 0; sector < 5; sector++) {
		struct disk d = make_lvm();
		struct result r;

		put_lvm_label(&d, sector);
		seal_lvm(&d);
		r = survey(&d, "LVM2_member");
		if (sector == LVM_LABEL / 512 || sector == 4)
			assert_extent(&r, 0, IMG_PROOF_LVM_LABEL, LVM_LABEL, 512);
		else
			assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "LVM2_member",
				       "two labels");
		memset(d.byte + LVM_LABEL, 0, sector == LVM_LABEL / 512 ? 0 : 8);
		r = survey(&d, "LVM2_member");
		if (sector < 4)
			assert_extent(&r, 0, IMG_PROOF_LVM_LABEL, sector * 512, 512);
		else
			assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "LVM2_member",
				       "label");
		free(d.byte);
	}
}

/* An area that the group ignores is not written by a commit, so it proves nothing. */
static void test_lvm_ignored(void **state)
{
	struct disk d = make_lvm();
	struct result r;

	(void)state;
	put_le(d.byte + LVM_AREA(0) + 60, 1, 4);
	seal_lvm(&d);
	r = survey(&d, "LVM2_member");
	assert_int_equal(r.nr, 2);
	assert_extent(&r, 1, IMG_PROOF_LVM_METADATA, LVM_AREA(1), 512);
	put_le(d.byte + LVM_AREA(1) + 60, 1, 4);
	seal_lvm(&d);
	r = survey(&d, "LVM2_member");
	assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "LVM2_member",
		       "no metadata area");
	free(d.byte);
}

/* A list that has no end in its sector. */
static void test_lvm_endless(void **state)
{
	static const uint32_t from[] = { LVM_LIST, LVM_LIST + 32 };

	(void)state;
	for (size_t i = 0; i < COUNT(from); i++) {
		struct disk d = make_lvm();
		struct result r;

		for (uint32_t at = from[i]; at + 16 <= 512; at += 16)
			put_le(d.byte + LVM_LABEL + at, LVM_AREA(0), 8);
		seal_lvm(&d);
		r = survey(&d, "LVM2_member");
		assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "LVM2_member",
			       "metadata areas");
		free(d.byte);
	}
}

static void test_luks1(void **state)
{
	static const struct row row[] = {
		{ 0, 1, 'l', "header" },
		{ 5, 1, 0, "header" },
		{ 6, 2, 0, "version" },
		{ 6, 2, 3, "version" },
		{ LUKS1_KEY(0), 4, 0, "header" },
		{ LUKS1_KEY(7), 4, 0xcafe, "header" },
		{ LUKS1_KEY(7), 4, 0x00ac71f3, NULL },
		{ LUKS1_KEY(0), 4, 0xdead, NULL },
	};
	static const uint64_t blocks[] = { 0 }, sizes[] = { 0, 592, 4095 };
	struct disk d = make_luks1();
	struct result r = survey(&d, "crypto_LUKS");

	(void)state;
	assert_int_equal(r.nr, 1);
	assert_extent(&r, 0, IMG_PROOF_LUKS_HEADER, 0, 1024);
	free(d.byte);
	check_rows("crypto_LUKS", make_luks1, row, COUNT(row), true);
	check_unreadable("crypto_LUKS", make_luks1, blocks, COUNT(blocks));
	check_short("crypto_LUKS", make_luks1, sizes, COUNT(sizes));
}

static void test_luks2(void **state)
{
	static const struct row row[] = {
		{ 5, 1, 0, "header" },
		{ 6, 2, 3, "version" },
		{ 8, 8, 0, "header" },
		{ 8, 8, 8 * KIB, "header" },
		{ 8, 8, 24 * KIB, "header" },
		{ 8, 8, 8 * MIB, "header" },
		{ 8, 8, 1ull << 63, "header" },
		{ 8, 8, 32 * KIB, "second header" },
		{ 8, 8, 64 * KIB, "second header" }, /* outside */
		{ 8, 8, 4 * MIB, "second header" },
		{ 16, 8, 8, "second header" },
		{ 168, 1, 'x', "second header" },
		{ 207, 1, 'x', "second header" },
		{ 256, 8, LUKS2_SECOND, "header" },
		{ 448, 8, 1, NULL }, /* its checksum is not ours to check */
		{ LUKS2_SECOND, 1, 'L', "second header" },
		{ LUKS2_SECOND + 6, 2, 1, "second header" },
		{ LUKS2_SECOND + 8, 8, 32 * KIB, "second header" },
		{ LUKS2_SECOND + 16, 8, 6, "second header" },
		{ LUKS2_SECOND + 168, 1, 'x', "second header" },
		{ LUKS2_SECOND + 256, 8, 0, "second header" },
	};
	static const uint64_t blocks[] = { 0, LUKS2_SECOND };
	static const uint64_t sizes[] = { 0, 4095, 4096, LUKS2_SECOND, LUKS2_SECOND + 4095 };
	struct disk d = make_luks2();
	struct result r = survey(&d, "crypto_LUKS");

	(void)state;
	assert_int_equal(r.nr, 2);
	assert_extent(&r, 0, IMG_PROOF_LUKS_HEADER, 0, 4096);
	assert_extent(&r, 1, IMG_PROOF_LUKS_HEADER, LUKS2_SECOND, 4096);
	free(d.byte);
	check_rows("crypto_LUKS", make_luks2, row, COUNT(row), true);
	check_unreadable("crypto_LUKS", make_luks2, blocks, COUNT(blocks));
	check_short("crypto_LUKS", make_luks2, sizes, COUNT(sizes));
}

/* md: each version has its place. */

static const struct {
	struct disk (*make)(void);
	void (*put)(struct disk *d, uint64_t offset);
	uint64_t place;
} md[] = {
	{ make_md10, put_md1, MD_10 },
	{ make_md11, put_md1, MD_11 },
	{ make_md12, put_md1, MD_12 },
	{ make_md090, put_md0, MD_090 },
};

static void test_md(void **state)
{
	static const uint64_t blocks[] = { MD_10, MD_11, MD_12, MD_090 };

	(void)state;
	for (size_t i = 0; i < COUNT(md); i++) {
		struct disk d = md[i].make();
		struct result r = survey(&d, "linux_raid_member");

		assert_int_equal(r.nr, 1);
		assert_extent(&r, 0, IMG_PROOF_MD_SUPER, md[i].place, 4096);
		free(d.byte);
		/* Whichever cannot be read may be another. */
		check_unreadable("linux_raid_member", md[i].make, blocks, COUNT(blocks));
	}
}

static void test_md_two(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(md); i++)
		for (size_t j = 0; j < COUNT(md); j++) {
			struct disk d = md[i].make();
			struct result r;

			if (i == j) {
				free(d.byte);
				continue;
			}
			md[j].put(&d, md[j].place);
			r = survey(&d, "linux_raid_member");
			assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail,
				       "linux_raid_member", "two superblocks");
			/* A damaged one is no superblock, so the other one is in use. */
			d.byte[md[j].place + 20] ^= 1;
			r = survey(&d, "linux_raid_member");
			assert_extent(&r, 0, IMG_PROOF_MD_SUPER, md[i].place, 4096);
			free(d.byte);
		}
}

static void test_md_fields(void **state)
{
	static const struct row v1[] = {
		{ MD_12, 4, 0xa92b4efd, "superblock" },
		{ MD_12 + 4, 4, 0, "superblock" },
		{ MD_12 + 4, 4, 2, "superblock" },
		{ MD_12 + 144, 8, 0, "superblock" },
		{ MD_12 + 144, 8, 9, "superblock" },
		{ MD_12 + 220, 4, 0, NULL },
		{ MD_12 + 220, 4, 1920, NULL },
		{ MD_12 + 220, 4, 1921, "superblock" },
		{ MD_12 + 220, 4, ~0u, "superblock" },
		{ MD_12 + 192, 8, ~0ull, NULL }, /* the sum carries */
	};
	static const struct row v0[] = {
		{ MD_090 + 4, 4, 1, "superblock" },  { MD_090 + 8, 4, 89, "superblock" },
		{ MD_090 + 8, 4, 92, "superblock" }, { MD_090 + 8, 4, 91, NULL },
		{ MD_090 + 4092, 4, ~0u, NULL },
	};
	/* Without another checksum; the last byte that counts, and the first that does not. */
	static const struct row sum1[] = {
		{ MD_12 + 16, 1, 0, "superblock" },
		{ MD_12 + 216, 1, 0x55, "superblock" },
		{ MD_12 + 261, 1, 0, "superblock" },
		{ MD_12 + 262, 1, 0, NULL },
	};
	static const struct row sum0[] = {
		{ MD_090 + 152, 1, 0x55, "superblock" },
		{ MD_090 + 4095, 1, 1, "superblock" },
	};

	(void)state;
	check_sealed_rows("linux_raid_member", make_md12, seal_md, v1, COUNT(v1));
	check_sealed_rows("linux_raid_member", make_md090, seal_md, v0, COUNT(v0));
	check_rows("linux_raid_member", make_md12, sum1, COUNT(sum1), false);
	check_rows("linux_raid_member", make_md090, sum0, COUNT(sum0), false);
}

/* From no bytes to more than there are: places that are not there are not looked at. */
static void test_md_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(md); i++)
		for (uint64_t size = 0; size < 262 * KIB; size += 512) {
			struct disk d = md[i].make();
			bool first = md[i].place <= MD_12; /* wherever the disk ends */
			bool whole = size >= 8 * KIB;
			uint64_t sectors = size / 512;
			struct result r;

			d.size = size;
			if (md[i].place == MD_10)
				whole = whole && ((sectors - 16) & ~7ull) * 512 == MD_10;
			else if (!first)
				whole = sectors / 128 * 128 * 512 == MD_090 + 64 * KIB;
			r = survey(&d, "linux_raid_member");
			if (whole)
				assert_extent(&r, 0, IMG_PROOF_MD_SUPER, md[i].place, 4096);
			else
				assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail,
					       "linux_raid_member", "superblock");
			free(d.byte);
		}
}

static void test_swap(void **state)
{
	static const struct row row[] = {
		{ 4086, 1, 's', "swap header" },
		{ 4095, 1, '1', "swap header" },
		{ 1028, 4, ~0u, NULL }, /* img_swap_check's affair */
	};
	static const uint64_t blocks[] = { 0 }, sizes[] = { 0, 4095 };
	struct disk d = make_swap();
	struct result r = survey(&d, "swap");

	(void)state;
	assert_int_equal(r.nr, 1);
	assert_extent(&r, 0, IMG_PROOF_SWAP, 0, 4096 - 512);
	/* With notes of hibernation, it is no swap space that could be active. */
	put_swap(d.byte, "S1SUSPEND", 15);
	r = survey(&d, "swap");
	assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "swap", "swap header");
	free(d.byte);
	check_rows("swap", make_swap, row, COUNT(row), false);
	check_unreadable("swap", make_swap, blocks, COUNT(blocks));
	check_short("swap", make_swap, sizes, COUNT(sizes));
}

/* Each is refused for what the others are. */
static void test_others(void **state)
{
	static const struct {
		const char *type;
		struct disk (*make)(void);
		const char *field;
	} row[] = {
		{ "LVM2_member", make_luks2, "label" },
		{ "crypto_LUKS", make_lvm, "header" },
		{ "linux_raid_member", make_lvm, "superblock" },
		{ "swap", make_md12, "swap header" },
		{ "LVM1_member", make_lvm, "type" },
		{ "LUKS", make_luks2, "type" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct disk d = row[i].make();
		struct result r = survey(&d, row[i].type);

		assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, row[i].type,
			       row[i].field);
		free(d.byte);
	}
}

/* Random bytes over each of them, with checksums that fit: the survey returns. */
static void test_random(void **state)
{
	static const struct {
		const char *type;
		struct disk (*make)(void);
		void (*seal)(struct disk *);
		uint32_t from, span;
	} row[] = {
		{ "LVM2_member", make_lvm, seal_lvm, LVM_LABEL, 512 },
		{ "LVM2_member", make_lvm, seal_lvm, LVM_AREA(0), 64 },
		{ "crypto_LUKS", make_luks2, NULL, 0, 512 },
		{ "linux_raid_member", make_md12, seal_md, MD_12, 264 },
	};

	(void)state;
	srand(21);
	for (size_t f = 0; f < COUNT(row); f++) {
		struct disk d = row[f].make();

		for (int i = 0; i < 2000; i++) {
			uint8_t *at = d.byte + row[f].from + (uint32_t)rand() % row[f].span;
			uint8_t before = *at;

			*at = (uint8_t)rand();
			if (row[f].seal)
				row[f].seal(&d);
			(void)survey(&d, row[f].type);
			*at = before;
		}
		if (row[f].seal)
			row[f].seal(&d);
		assert_reason(IMG_OK, survey(&d, row[f].type).reason);
		free(d.byte);
	}
}

int run_stack_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lvm),	    cmocka_unit_test(test_lvm_fields),
		cmocka_unit_test(test_lvm_labels),  cmocka_unit_test(test_lvm_ignored),
		cmocka_unit_test(test_lvm_endless), cmocka_unit_test(test_luks1),
		cmocka_unit_test(test_luks2),	    cmocka_unit_test(test_md),
		cmocka_unit_test(test_md_two),	    cmocka_unit_test(test_md_fields),
		cmocka_unit_test(test_md_sizes),    cmocka_unit_test(test_swap),
		cmocka_unit_test(test_others),	    cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("storage stacks", tests, NULL, NULL);
}
