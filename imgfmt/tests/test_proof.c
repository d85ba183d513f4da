// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Comparing the proofs of an image with today's disk. */
#include "test.h"

#define NR_PROOFS 4u

/* A disk that answers with the recorded digests, except for one proof. */
struct answers {
	uint32_t altered;	/* number of that proof */
	enum img_reason reason; /* its answer, */
	uint64_t digest;	/* and its digest */
	uint32_t asked;
};

static enum img_reason digest_today(void *ctx, const struct img_proof *proof, uint64_t *ret_digest)
{
	struct answers *disk = ctx;

	*ret_digest = proof->digest;
	if (disk->asked++ != disk->altered)
		return IMG_OK;
	*ret_digest = disk->digest;
	return disk->reason;
}

struct image {
	struct img_proof_disk proof[NR_PROOFS];
	struct img_meta meta;
};

static void image_make(struct image *image)
{
	*image = (struct image){ .meta = { .nr_proofs = NR_PROOFS } };
	assert_int_equal(sample_full.nr_proofs, NR_PROOFS);
	for (uint32_t i = 0; i < NR_PROOFS; i++)
		image->proof[i] = img_proof_encode(&sample_full.proof[i]);
	image->meta.proof = image->proof;
}

static enum img_reason check(struct image *image, struct answers *disk, struct img_detail *detail)
{
	const struct img_proof_probe probe = { disk, digest_today };

	return img_proof_check(&image->meta, &probe, detail);
}

static void test_unchanged(void **state)
{
	struct answers disk = { .altered = ~0u };
	struct image image;

	(void)state;
	image_make(&image);
	assert_reason(IMG_OK, check(&image, &disk, NULL));
	assert_int_equal(disk.asked, NR_PROOFS);
}

static void test_changed(void **state)
{
	static const struct {
		enum img_reason reason;
		const char *object;
		bool own; /* partition */
	} row[NR_PROOFS] = {
		{ IMG_E_PARTITION_TABLE, "partition table", true },
		{ IMG_E_IMAGE_PARTITION, "image partition", true },
		{ IMG_E_FS_CHANGED, "ext2/3/4 superblock", false },
		{ IMG_E_FS_CHANGED, "ext3/4 journal", false },
	};

	(void)state;
	for (uint32_t i = 0; i < NR_PROOFS; i++) {
		struct answers disk = { .altered = i, .digest = 0x55aa };
		struct img_detail detail = { 0 };
		struct image image;

		image_make(&image);
		assert_refusal(row[i].reason, check(&image, &disk, &detail), &detail, row[i].object,
			       NULL);
		assert_int_equal(disk.asked, i + 1);
		assert_int_equal(detail.index, i);
		assert_true(detail.golden == sample_full.proof[i].digest);
		assert_true(detail.today == 0x55aa);
		if (row[i].own)
			assert_null(detail.uuid);
		else
			assert_memory_equal(detail.uuid, sample_full.proof[i].part_uuid, 16);
	}
}

static void test_unreadable(void **state)
{
	static const enum img_reason reason[] = { IMG_E_DISK_MISSING, IMG_E_DISK_READ };

	(void)state;
	for (size_t r = 0; r < COUNT(reason); r++)
		for (uint32_t i = 0; i < NR_PROOFS; i++) {
			/* Even if the digest happens to be right. */
			struct answers disk = { i, reason[r], sample_full.proof[i].digest, 0 };
			struct img_detail detail = { 0 };
			struct image image;

			image_make(&image);
			assert_reason(reason[r], check(&image, &disk, &detail));
			assert_int_equal(detail.index, i);
			assert_string_equal(detail.object,
					    img_proof_kind_name(sample_full.proof[i].kind));
		}
}

/* The first that fails: a missing disk is reported before anything on it. */
static void test_first(void **state)
{
	struct answers disk = { .altered = 1, .digest = 1 };
	struct img_detail detail;
	struct image image;

	(void)state;
	image_make(&image);
	image.meta.nr_proofs = 1;
	assert_reason(IMG_OK, check(&image, &disk, &detail));
	image.meta.nr_proofs = 2;
	disk.asked = 0;
	assert_reason(IMG_E_IMAGE_PARTITION, check(&image, &disk, &detail));
}

/* Some kinds have reasons of their own. */
static void test_reasons(void **state)
{
	static const struct {
		enum img_proof_kind kind;
		enum img_reason reason;
	} row[] = { { IMG_PROOF_BTRFS_SUPER, IMG_E_FS_CHANGED },
		    { IMG_PROOF_LVM_LABEL, IMG_E_LVM_CHANGED },
		    { IMG_PROOF_LVM_METADATA, IMG_E_LVM_CHANGED },
		    { IMG_PROOF_LUKS_HEADER, IMG_E_LUKS_CHANGED },
		    { IMG_PROOF_MD_SUPER, IMG_E_MD_CHANGED },
		    { IMG_PROOF_VERITY_ROOT, IMG_E_FS_CHANGED },
		    { IMG_PROOF_SWAP, IMG_E_SWAP_CHANGED },
		    { IMG_PROOF_PLACE, IMG_E_DISK_MOVED },
		    { IMG_PROOF_IDENTITY, IMG_E_DISK_REPLACED } };

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct answers disk = { .altered = 0, .digest = 1 };
		const struct img_proof proof = { .kind = row[i].kind, .size = 512, .digest = 2 };
		const struct img_proof_disk encoded = img_proof_encode(&proof);
		struct img_detail detail = { 0 };
		struct image image;

		image_make(&image);
		image.meta.proof = &encoded;
		image.meta.nr_proofs = 1;
		assert_refusal(row[i].reason, check(&image, &disk, &detail), &detail,
			       img_proof_kind_name(row[i].kind), NULL);
		assert_reason(row[i].reason, img_proof_kind_reason(row[i].kind));
	}
	assert_reason(IMG_E_PROOF_KIND, img_proof_kind_reason(31));
}

/* The numbers on which kernel and firmware must agree, and units that do not fit. */
static void test_place(void **state)
{
	(void)state;
	assert_true(img_place(0x1234, 0x56, 0x78, IMG_PLACE_ATA, 0x9abcdef) ==
		    0x1234567829abcdefull);
	assert_true(img_place(0, 0, 0, IMG_PLACE_CONTROLLER, 0) == 0x10000000ull);
	assert_true(img_place(0, 0, 0, IMG_PLACE_NVME, 1u << 28) == 0);
}

/* A blank serial number counts as none; every other content of its 20 characters counts. */
static void test_identity(void **state)
{
	uint8_t serial[IMG_ATA_SERIAL_SIZE + 1] = "                    ";

	(void)state;
	assert_true(img_ata_identity(serial) == 0);
	memset(serial, 0, IMG_ATA_SERIAL_SIZE);
	assert_true(img_ata_identity(serial) == 0);
	memcpy(serial, "QM00005             ", IMG_ATA_SERIAL_SIZE);
	assert_true(img_ata_identity(serial) == img_port_xxh64(serial, IMG_ATA_SERIAL_SIZE));
	serial[IMG_ATA_SERIAL_SIZE - 1] = '!';
	assert_true(img_ata_identity(serial) == img_port_xxh64(serial, IMG_ATA_SERIAL_SIZE));
}

static void test_kind_names(void **state)
{
	static const uint32_t unknown[] = { 0, 3, 15, 27, 31, 40, ~0u };

	(void)state;
	for (uint32_t kind = IMG_PROOF_EXT_SUPER; kind <= IMG_PROOF_ISO9660_SUPER; kind++)
		assert_string_not_equal(img_proof_kind_name(kind), "unknown proof");
	for (uint32_t kind = IMG_PROOF_LVM_LABEL; kind <= IMG_PROOF_IDENTITY; kind++)
		assert_string_not_equal(img_proof_kind_name(kind), "unknown proof");
	assert_string_equal(img_proof_kind_name(IMG_PROOF_F2FS_NODE), "f2fs node block");
	assert_string_equal(img_proof_kind_name(IMG_PROOF_LVM_METADATA), "LVM metadata header");
	assert_string_equal(img_proof_kind_name(IMG_PROOF_LUKS_HEADER), "LUKS header");
	assert_string_equal(img_proof_kind_name(IMG_PROOF_MD_SUPER), "md superblock");
	assert_string_equal(img_proof_kind_name(IMG_PROOF_SWAP), "swap header");
	assert_string_equal(img_proof_kind_name(IMG_PROOF_PLACE), "place of the disk");
	assert_string_equal(img_proof_kind_name(IMG_PROOF_IDENTITY), "identity of the disk");
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_string_equal(img_proof_kind_name(unknown[i]), "unknown proof");
}

int run_proof_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unchanged),  cmocka_unit_test(test_changed),
		cmocka_unit_test(test_unreadable), cmocka_unit_test(test_first),
		cmocka_unit_test(test_reasons),	   cmocka_unit_test(test_place),
		cmocka_unit_test(test_identity),   cmocka_unit_test(test_kind_names),
	};

	return cmocka_run_group_tests_name("proofs", tests, NULL, NULL);
}
