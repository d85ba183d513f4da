// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The bytes that prove a file system unchanged: superblocks made here, byte by byte, so that each
 * rule can be broken.  test_mkfs.c uses real ones.
 */
#include <stdlib.h>

#include "survey.h"

static void test_ext4(void **state)
{
	static const struct row row[] = {
		{ EXT_SB + 0x38, 2, 0xef54, "superblock" },
		{ EXT_SB + 0x60, 4, 0x8, "external journal" },
		{ EXT_SB + 0xe0, 4, 0, "external journal" },
		{ EXT_SB + 0xe0, 4, 12, "external journal" },
		{ EXT_SB + 0xe4, 4, 0x801, "external journal" },
		{ EXT_SB + 0x18, 4, 7, "block size" },
		{ EXT_SB + 0x18, 4, ~0u, "block size" },
		{ EXT_SB + 0x58, 2, 64, "inode size" },
		{ EXT_SB + 0x58, 2, 8192, "inode size" },
		{ EXT_SB + 0x58, 2, 384, "inode size" },
		{ EXT_SB + 0x18, 4, 6, "journal" }, /* 64 KiB blocks: zeroes there */
		{ EXT_DESC + 8, 4, 256, "inode table" },
		{ EXT_DESC + 8, 4, ~0u, "inode table" },
		{ EXT_DESC + 0x28, 4, ~0u, "inode table" }, /* wraps, if unchecked */
		{ EXT_DESC + 8, 4, 17, "journal" },
		{ EXT_INODE + 0x20, 4, 0, "journal" },
		{ EXT_MAP, 2, 0xf30b, "journal inode" },
		{ EXT_MAP + 2, 2, 0, "journal inode" },
		{ EXT_MAP + 6, 2, 1, "journal inode" },
		{ EXT_MAP + 6, 2, 6, "journal inode" },
		{ EXT_MAP + 12, 4, 1, "journal inode" },
		{ EXT_MAP + 12 + 8, 4, 101, "journal" },
		{ EXT_MAP + 12 + 8, 4, 0x10000, "journal" },
		{ EXT_MAP + 12 + 6, 2, ~0u, "journal" },
		{ EXT_LOG, 4, 0, "journal" },
		{ EXT_LOG + 4, 4, 0, "journal" },
		{ EXT_LOG + 4, 4, 0x03000000, NULL }, /* its version 1 */
		{ EXT_LOG + 4, 4, 0x01000000, "journal" },
	};
	static const uint64_t blocks[] = { 0, EXT_DESC, 16 * 4096, EXT_LOG };
	static const uint64_t sizes[] = { 0, 512, 4095, 4096, 2 * 4096, EXT_LOG, EXT_LOG + 4095 };
	struct disk d = make_ext4();
	struct result r = survey(&d, "ext4");

	(void)state;
	assert_int_equal(r.nr, 2);
	assert_extent(&r, 0, IMG_PROOF_EXT_SUPER, 1024, 1024);
	assert_extent(&r, 1, IMG_PROOF_EXT_JOURNAL, EXT_LOG, 1024);
	/* Whichever name it was mounted by. */
	assert_int_equal(survey(&d, "ext3").nr, 2);
	assert_int_equal(survey(&d, "ext2").nr, 2);
	free(d.byte);
	check_rows("ext4", make_ext4, row, COUNT(row), false);
	check_unreadable("ext4", make_ext4, blocks, COUNT(blocks));
	check_short("ext4", make_ext4, sizes, COUNT(sizes));
}

/* Without a journal, the superblock is the only proof. */
static void test_ext2(void **state)
{
	struct disk d = make_ext4();
	struct result r;

	(void)state;
	put_le(d.byte + EXT_SB + 0x5c, 0, 4);
	put_le(d.byte + EXT_SB + 0x18, ~0u, 4);
	r = survey(&d, "ext2");
	assert_int_equal(r.nr, 1);
	assert_extent(&r, 0, IMG_PROOF_EXT_SUPER, 1024, 1024);
	free(d.byte);
}

/* The first revision, 1 KiB blocks, 128-byte inodes, block map instead of extents, no high words.
 */
static void test_ext3_classic(void **state)
{
	struct disk d = make_ext4();
	uint8_t *sb = d.byte + EXT_SB, *inode = d.byte + 5 * KIB + 7 * 128;
	struct result r;

	(void)state;
	put_le(sb + 0x18, 0, 4);
	put_le(sb + 0x4c, 0, 4);
	put_le(sb + 0x58, 0, 2);
	put_le(sb + 0x60, 0x2, 4);
	put_le(d.byte + 2 * KIB + 8, 5, 4);
	put_le(d.byte + 2 * KIB + 0x28, ~0u, 4);
	put_le(inode + 0x28, 61, 4);
	put_be(d.byte + 61 * KIB, 0xc03b3998, 4);
	put_be(d.byte + 61 * KIB + 4, 3, 4);
	r = survey(&d, "ext3");
	assert_int_equal(r.nr, 2);
	assert_extent(&r, 1, IMG_PROOF_EXT_JOURNAL, 61 * KIB, 1024);
	free(d.byte);
}

/* A journal of more than four extents: its tree has another level, or two. */
static void test_ext4_deep(void **state)
{
	struct disk d = make_ext4();
	uint8_t *map = d.byte + EXT_MAP;
	uint8_t *middle = d.byte + 50 * 4096, *leaf = d.byte + 60 * 4096;
	struct result r;

	(void)state;
	put_extent_node(map, 1, 2);
	put_le(map + 16, 50, 4);
	put_le(map + 20, 0, 4);
	put_extent_node(middle, 1, 1);
	put_le(middle + 16, 60, 4);
	put_extent_node(leaf, 8, 0);
	put_le(leaf + 20, 100, 4);
	r = survey(&d, "ext4");
	assert_extent(&r, 1, IMG_PROOF_EXT_JOURNAL, EXT_LOG, 1024);
	d.bad = 60 * 4096;
	assert_reason(IMG_E_DISK_READ, survey(&d, "ext4").reason);
	d.bad = ~0ull;
	/* A level with a wrong number: the walk must not loop. */
	put_le(middle + 16, 50, 4);
	r = survey(&d, "ext4");
	assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "ext4", "journal inode");
	put_le(map + 20, 1, 2); /* beyond the partition */
	r = survey(&d, "ext4");
	assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "ext4", "journal inode");
	free(d.byte);
}

/* As many levels as the kernel accepts, five below the root, and one more. */
static void test_ext4_levels(void **state)
{
	struct disk d = make_ext4();
	uint8_t *map = d.byte + EXT_MAP;

	(void)state;
	for (uint32_t level = 0; level < 6; level++) {
		uint8_t *node = d.byte + (60 + level) * 4096;

		put_extent_node(node, 1, level);
		put_le(node + 16, level ? 60 + level - 1 : 0, 4);
		put_le(node + 20, level ? 0 : 100, 4);
	}
	put_extent_node(map, 1, 5);
	put_le(map + 16, 60 + 4, 4);
	put_le(map + 20, 0, 4);
	assert_reason(IMG_OK, survey(&d, "ext4").reason);
	put_extent_node(map, 1, 6);
	put_le(map + 16, 60 + 5, 4);
	assert_reason(IMG_E_GATE_FS_UNPROVABLE, survey(&d, "ext4").reason);
	free(d.byte);
}

static void test_xfs(void **state)
{
	static const struct row row[] = {
		{ 0, 4, 0x58465343, "superblock" },
		{ 4, 4, 256, "superblock" },
		{ 4, 4, 4097, "superblock" },
		{ 4, 4, 1u << 17, "superblock" },
		{ 4, 4, 0, "superblock" },
		{ 16, 8, 1, "several devices" },
		{ 48, 8, 0, "external log" },
		{ 48, 8, 2u << 6 | 8, "log" },
		{ 48, 8, ~0ull, "log" },
		{ 48, 8, 1u << 6 | 63, "log" },
		{ 84, 4, 8, "log" },
		{ 84, 4, ~0u, "log" },
		{ 88, 4, 1, "log" },
		{ 96, 4, 0, "log" },
		{ 96, 4, ~0u, "log" },
		{ 124, 1, 32, "superblock" },
		{ 124, 1, 255, "superblock" },
		{ 124, 1, 0, "log" },
	};
	static const uint64_t blocks[] = { 0, XFS_LOG, XFS_LOG + 39 * 4096, XFS_LOG + 12 * 4096 };
	static const uint64_t sizes[] = {
		0, 511, 4096, XFS_LOG, XFS_LOG + 39 * 4096, XFS_LOG + 40 * 4096 - 1
	};

	(void)state;
	check_rows("xfs", make_xfs, row, COUNT(row), true);
	check_unreadable("xfs", make_xfs, blocks, COUNT(blocks));
	check_short("xfs", make_xfs, sizes, COUNT(sizes));
}

/* Every possible place of the head, with and without record headers in between. */
static void test_xfs_head(void **state)
{
	(void)state;
	for (uint32_t head = 0; head <= XFS_BASIC; head++)
		for (uint32_t cycle = 1; cycle <= 0xfeedbabe; cycle += 0xfeedbabd / 3 + 1) {
			struct disk d = xfs_with_head(head, cycle, head % 3);
			struct result r = survey(&d, "xfs");
			uint64_t at = head % XFS_BASIC * 512ull;
			uint64_t from = at < 32 * KIB ? 0 : at - 32 * KIB;
			uint64_t to = at + 32 * KIB;

			if (to > XFS_BASIC * 512)
				to = XFS_BASIC * 512;
			assert_int_equal(r.nr, 2);
			assert_extent(&r, 0, IMG_PROOF_XFS_SUPER, 0, 512);
			assert_extent(&r, 1, IMG_PROOF_XFS_LOG, XFS_LOG + from,
				      (uint32_t)(to - from));
			/* The next log record is within. */
			assert_true(from <= at && at < to);
			free(d.byte);
		}
}

static void test_btrfs(void **state)
{
	static const struct row row[] = {
		{ BTRFS_SB + 0x47, 1, 'm', "superblock" },
		{ BTRFS_SB + 0x30, 8, 64 * MIB, "superblock" },
		{ BTRFS_SB + 0x88, 8, 0, "superblock" },
	};
	static const uint64_t blocks[] = { BTRFS_SB };
	static const uint64_t sizes[] = { 0, BTRFS_SB, 68 * KIB - 1 };
	struct disk d = make_btrfs();
	struct result r = survey(&d, "btrfs");

	(void)state;
	assert_int_equal(r.nr, 1);
	assert_extent(&r, 0, IMG_PROOF_BTRFS_SUPER, BTRFS_SB, 4096);
	assert_int_equal(r.devices, 1);
	/* The caller must prove each. */
	put_le(d.byte + BTRFS_SB + 0x88, 1ull << 32 | 2, 8);
	r = survey(&d, "btrfs");
	assert_extent(&r, 0, IMG_PROOF_BTRFS_SUPER, BTRFS_SB, 4096);
	assert_true(r.devices == (1ull << 32 | 2));
	free(d.byte);
	check_rows("btrfs", make_btrfs, row, COUNT(row), false);
	check_unreadable("btrfs", make_btrfs, blocks, COUNT(blocks));
	check_short("btrfs", make_btrfs, sizes, COUNT(sizes));
}

static void test_f2fs(void **state)
{
	static const struct row row[] = {
		{ 1024, 4, 0xf2f52011, "superblock" },
		{ 1024 + 16, 4, 14, "block size" },
		{ 1024 + 20, 4, 10, "block size" },
		{ 1024 + 2201, 1, '/', "several devices" },
		{ 1024 + 2201 + 68, 1, '/', "several devices" },
		{ 1024 + 76, 4, ~0u, "checkpoint" },
		{ 1024 + 76, 4, 3 * 512 + 256, "checkpoint" },
		{ 1024 + 92, 4, 5 * 512, NULL },
		{ 1024 + 92, 4, 6 * 512 - 4, "node segment" },
		{ 1024 + 92, 4, ~0u, "node segment" },
	};
	static const uint64_t blocks[] = { 0,
					   F2FS_PACK(0),
					   F2FS_PACK(0) + 2 * 4096,
					   F2FS_PACK(1),
					   F2FS_PACK(1) + 3 * 4096,
					   NODE(2, 5) };
	static const uint64_t sizes[] = {
		0, 4095, 4096, F2FS_PACK(0), F2FS_PACK(1) + 4096, NODE(2, 5), NODE(2, 6) - 1
	};
	struct disk d = make_f2fs();
	struct result r = survey(&d, "f2fs");

	(void)state;
	assert_int_equal(r.nr, 4);
	assert_extent(&r, 0, IMG_PROOF_F2FS_SUPER, 1024, 3072);
	assert_extent(&r, 1, IMG_PROOF_F2FS_CHECKPOINT, F2FS_PACK(0), 4096);
	assert_extent(&r, 2, IMG_PROOF_F2FS_CHECKPOINT, F2FS_PACK(1), 4096);
	assert_extent(&r, 3, IMG_PROOF_F2FS_NODE, NODE(2, 5), 4096);
	free(d.byte);
	check_rows("f2fs", make_f2fs, row, COUNT(row), false);
	check_unreadable("f2fs", make_f2fs, blocks, COUNT(blocks));
	check_short("f2fs", make_f2fs, sizes, COUNT(sizes));
}

/* The newer of the whole packs names the block; a pack is whole if both its ends are. */
static void test_f2fs_packs(void **state)
{
	static const struct {
		uint64_t version[2];
		int damaged; /* 0, 1: pack's head; 2, 3: its tail; -1: none; -2: both */
		uint64_t node;
	} row[] = {
		{ { 11, 12 }, -1, NODE(2, 5) },	  { { 12, 11 }, -1, NODE(1, 3) },
		{ { 11, 12 }, 1, NODE(1, 3) },	  { { 11, 12 }, 3, NODE(1, 3) },
		{ { 12, 11 }, 0, NODE(2, 5) },	  { { 12, 11 }, 2, NODE(2, 5) },
		{ { ~0ull, 0 }, -1, NODE(2, 5) }, { { 0, ~0ull }, -1, NODE(1, 3) },
		{ { 5, 5 }, -1, NODE(1, 3) },	  { { 11, 12 }, -2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct disk d = make_f2fs();
		int damaged = row[i].damaged;
		struct result r;

		put_pack(&d, 0, row[i].version[0], 1, 3);
		put_pack(&d, 1, row[i].version[1], 2, 5);
		if (damaged == -2 || damaged % 2 == 0)
			d.byte[F2FS_PACK(0) + (damaged == 2 ? 2 * 4096 : 0) + 2000] ^= 1;
		if (damaged == -2 || damaged == 1 || damaged == 3)
			d.byte[F2FS_PACK(1) + (damaged == 3 ? 3 * 4096 : 0) + 2000] ^= 1;
		r = survey(&d, "f2fs");
		if (row[i].node)
			assert_extent(&r, 3, IMG_PROOF_F2FS_NODE, row[i].node, 4096);
		else
			assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "f2fs",
				       "checkpoint");
		free(d.byte);
	}
}

/* Fields of a pack with a correct checksum: the pack does not count, so the older one does. */
static void test_f2fs_pack_fields(void **state)
{
	static const struct {
		uint32_t offset, width;
		uint64_t value;
	} row[] = {
		{ 136, 4, 2 },	 { 136, 4, 513 },
		{ 136, 4, ~0u }, { 136, 4, 3 },
		{ 164, 4, 191 }, { 164, 4, 4093 },
		{ 164, 4, ~0u }, { 0, 8, 13 /* head only: another version than the tail's */ },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct disk d = make_f2fs();
		struct result r;

		put_le(d.byte + F2FS_PACK(1) + row[i].offset, row[i].value, row[i].width);
		seal_pack_block(d.byte + F2FS_PACK(1));
		r = survey(&d, "f2fs");
		assert_extent(&r, 3, IMG_PROOF_F2FS_NODE, NODE(1, 3), 4096);
		free(d.byte);
	}
}

/* The checksum may be in the middle of the block: it also covers what follows it. */
static void test_f2fs_inner_checksum(void **state)
{
	struct disk d = make_f2fs();
	uint8_t *head = d.byte + F2FS_PACK(1), joined[4092];
	struct result r;

	(void)state;
	put_le(head + 164, 192, 4);
	memset(head + 196, 0x5a, 3900);
	memcpy(joined, head, 192);
	memcpy(joined + 192, head + 196, 3900);
	put_le(head + 192, f2fs_crc(joined, 4092), 4);
	memcpy(head + 3 * 4096, head, 4096);
	r = survey(&d, "f2fs");
	assert_extent(&r, 3, IMG_PROOF_F2FS_NODE, NODE(2, 5), 4096);
	head[4095] ^= 1;
	r = survey(&d, "f2fs");
	assert_extent(&r, 3, IMG_PROOF_F2FS_NODE, NODE(1, 3), 4096);
	free(d.byte);
}

static void test_f2fs_node_bounds(void **state)
{
	struct disk d = make_f2fs();
	struct result r;

	(void)state;
	put_pack(&d, 1, 12, 4, 511);
	r = survey(&d, "f2fs");
	assert_extent(&r, 3, IMG_PROOF_F2FS_NODE, NODE(4, 511), 4096);
	put_pack(&d, 1, 12, 5, 0);
	r = survey(&d, "f2fs");
	assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "f2fs", "node segment");
	put_pack(&d, 1, 12, ~0u, 0);
	r = survey(&d, "f2fs");
	assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "f2fs", "node segment");
	put_pack(&d, 1, 12, 1, 512);
	r = survey(&d, "f2fs");
	assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, "f2fs", "node segment");
	free(d.byte);
}

static void test_readonly(void **state)
{
	static const struct row squashfs[] = { { 0, 1, 's', "superblock" } };
	static const struct row erofs[] = { { 1024, 1, 0, "superblock" },
					    { 1024 + 86, 2, 1, "several devices" } };
	static const struct row iso[] = { { 32 * KIB + 5, 1, '2', "superblock" } };
	static const uint64_t first[] = { 0 }, descriptor[] = { 32 * KIB };
	static const uint64_t sizes[] = { 0, 4095 }, iso_sizes[] = { 32 * KIB, 36 * KIB - 1 };
	struct disk d = make_readonly();
	struct result r;

	(void)state;
	r = survey(&d, "squashfs");
	assert_extent(&r, 0, IMG_PROOF_SQUASHFS_SUPER, 0, 512);
	assert_int_equal(r.nr, 1);
	r = survey(&d, "erofs");
	assert_extent(&r, 0, IMG_PROOF_EROFS_SUPER, 1024, 512);
	assert_int_equal(r.nr, 1);
	r = survey(&d, "iso9660");
	assert_extent(&r, 0, IMG_PROOF_ISO9660_SUPER, 32768, 2048);
	assert_int_equal(r.nr, 1);
	free(d.byte);
	check_rows("squashfs", make_readonly, squashfs, COUNT(squashfs), false);
	check_rows("erofs", make_readonly, erofs, COUNT(erofs), false);
	check_rows("iso9660", make_readonly, iso, COUNT(iso), false);
	check_unreadable("squashfs", make_readonly, first, 1);
	check_unreadable("erofs", make_readonly, first, 1);
	check_unreadable("iso9660", make_readonly, descriptor, 1);
	check_short("squashfs", make_readonly, sizes, COUNT(sizes));
	check_short("erofs", make_readonly, sizes, COUNT(sizes));
	check_short("iso9660", make_readonly, iso_sizes, COUNT(iso_sizes));
}

/* Nothing else can be proven; a name is compared to its end. */
static void test_types(void **state)
{
	static const char *const type[] = {
		"vfat", "ntfs3", "ext", "ext44", "", "EXT4", "bcachefs"
	};
	struct disk d = make_readonly();

	(void)state;
	for (size_t i = 0; i < COUNT(type); i++) {
		struct result r = survey(&d, type[i]);

		assert_refusal(IMG_E_GATE_FS_UNPROVABLE, r.reason, &r.detail, type[i], "type");
	}
	free(d.byte);
}

/* The swap area. */

static void test_swap(void **state)
{
	static const struct {
		const char *magic;
		uint32_t last;
		bool ends_before;
	} row[] = {
		{ "SWAPSPACE2", 0, true },   { "SWAPSPACE2", 15, true },
		{ "SWAPSPACE2", 16, false }, { "SWAPSPACE2", ~0u, false },
		{ "S1SUSPEND", 15, true },   { "S1SUSPEND", 16, false },
		{ "SWAPSPACE1", ~0u, true }, { "", ~0u, true },
	};
	const struct img_area area = { .offset = 64 * KIB };
	uint8_t *block = malloc(IMG_BLOCK);

	(void)state;
	assert_non_null(block);
	for (size_t i = 0; i < COUNT(row); i++) {
		struct img_detail detail;
		enum img_reason reason;

		put_swap(block, row[i].magic, row[i].last);
		reason = img_swap_check(block, &area, &detail);
		if (row[i].ends_before) {
			assert_reason(IMG_OK, reason);
			continue;
		}
		assert_refusal(IMG_E_GATE_SWAP_OVERLAP, reason, &detail, "swap area", "end");
		assert_int_equal(detail.golden, 64 * KIB);
		assert_true(detail.today == ((uint64_t)row[i].last + 1) * 4096);
	}
	/* In the other byte order. */
	put_swap(block, "SWAPSPACE2", 0);
	put_be(block + 1024, 1, 4);
	put_be(block + 1028, 15, 4);
	assert_reason(IMG_OK, img_swap_check(block, &area, NULL));
	put_be(block + 1028, 16, 4);
	assert_reason(IMG_E_GATE_SWAP_OVERLAP, img_swap_check(block, &area, NULL));
	free(block);
}

/* Random bytes over each of them: the survey returns, and touches nothing outside. */
static void test_random(void **state)
{
	static const struct {
		const char *type;
		struct disk (*make)(void);
		uint32_t span; /* where to change bytes */
	} fs[] = {
		{ "ext4", make_ext4, 17 * 4096 },      { "xfs", make_xfs, 256 },
		{ "btrfs", make_btrfs, 68 * KIB },     { "f2fs", make_f2fs, 1024 + 128 },
		{ "erofs", make_readonly, 1024 + 90 },
	};

	(void)state;
	srand(12);
	for (size_t f = 0; f < COUNT(fs); f++) {
		struct disk d = fs[f].make();

		for (int i = 0; i < 3000; i++) {
			uint32_t at = (uint32_t)rand() % fs[f].span;
			uint8_t before = d.byte[at];

			d.byte[at] = (uint8_t)rand();
			(void)survey(&d, fs[f].type);
			d.byte[at] = before;
		}
		assert_reason(IMG_OK, survey(&d, fs[f].type).reason);
		free(d.byte);
	}
}

int run_fs_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ext4),
		cmocka_unit_test(test_ext2),
		cmocka_unit_test(test_ext3_classic),
		cmocka_unit_test(test_ext4_deep),
		cmocka_unit_test(test_ext4_levels),
		cmocka_unit_test(test_xfs),
		cmocka_unit_test(test_xfs_head),
		cmocka_unit_test(test_btrfs),
		cmocka_unit_test(test_f2fs),
		cmocka_unit_test(test_f2fs_packs),
		cmocka_unit_test(test_f2fs_pack_fields),
		cmocka_unit_test(test_f2fs_inner_checksum),
		cmocka_unit_test(test_f2fs_node_bounds),
		cmocka_unit_test(test_readonly),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_swap),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("file systems", tests, NULL, NULL);
}
