// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The decision, and the bookkeeping of owned pages: by rows, and against a page-by-page model. */
#include <stdlib.h>

#include "test.h"

#define RT	     IMG_EFI_ATTR_RUNTIME
#define PHYS(pfn)    ((uint64_t)(pfn) * IMG_PAGE_SIZE)
#define MAX_MAP	     16
#define RUNTIME_VIRT 0xfffffffeffe00000ull

/* An image and a machine on which it can be restored; tests change one thing. */
struct scene {
	struct img_run_disk run[4];
	struct img_rtmap_disk rtmap[4];
	struct img_proof_disk proof[2];
	struct img_meta meta;
	struct img_proof_probe probe;
	struct img_fp fp;
	struct img_memrange map[MAX_MAP];
	struct img_machine machine;
};

static void put_run(struct scene *s, uint64_t pfn, uint32_t pages, uint32_t kind)
{
	s->run[s->meta.nr_runs++] = (struct img_run_disk){
		.pfn = img_put64(pfn),
		.pages = img_put32(pages),
		.kind = img_put32(kind),
		.first = img_put64(s->meta.nr_stored),
	};
	s->meta.nr_pages += pages;
	s->meta.nr_stored += kind == IMG_RUN_STORED ? pages : 0;
}

static void put_region(struct scene *s, uint32_t type, uint64_t pfn, uint64_t pages)
{
	const struct img_rtregion region = { type, PHYS(pfn), RUNTIME_VIRT + PHYS(pfn), pages, RT };

	s->rtmap[s->meta.nr_rtmap++] = img_rtregion_encode(&region);
}

static void put_range(struct scene *s, uint32_t type, uint64_t pfn, uint64_t pages,
		      uint64_t attribute)
{
	s->map[s->machine.nr_map++] = (struct img_memrange){ PHYS(pfn), pages, type, attribute };
}

/* A disk whose every byte is unchanged, or gives the test's answer instead. */
struct answers {
	enum img_reason reason;
	uint64_t other; /* added to each digest */
};

static enum img_reason fake_digest(void *ctx, const struct img_proof *proof, uint64_t *ret_digest)
{
	const struct answers *disk = ctx;

	if (disk && disk->reason != IMG_OK)
		return disk->reason;
	*ret_digest = proof->digest + (disk ? disk->other : 0);
	return IMG_OK;
}

/*
 * pfn       0x100  conventional, 0x100 pages
 *           0x200  boot services data, 0x10
 *           0x210  conventional, 0x90
 *           0x300  loader code, 0x10
 *           0x310  runtime data, 4 + 4, split today
 *           0x318  runtime code, 8
 *           0x400  ACPI (type 9), 8
 *           0x500  MMIO with the runtime attribute (type 11), 1
 *
 * image     0x1f0..0x22f (stored), 0x2f8..0x30f (fill)
 */
static void scene_make(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	put_run(s, 0x1f0, 0x40, IMG_RUN_STORED);
	put_run(s, 0x2f8, 0x8, IMG_RUN_FILL);
	put_region(s, IMG_EFI_BOOT_DATA, 0x200, 1);
	put_region(s, IMG_EFI_RUNTIME_DATA, 0x310, 8);
	put_region(s, IMG_EFI_RUNTIME_CODE, 0x318, 8);
	put_region(s, 11, 0x500, 1);
	s->proof[0] = img_proof_encode(&sample_full.proof[0]);
	s->proof[1] = img_proof_encode(&sample_full.proof[2]);
	s->meta.proof = s->proof;
	s->meta.nr_proofs = 2;
	s->probe = (struct img_proof_probe){ NULL, fake_digest };
	s->meta.run = s->run;
	s->meta.rtmap = s->rtmap;
	s->meta.record.efi_runtime = RUNTIME_VIRT + PHYS(0x311) + 0x18;
	img_fp_init(&s->fp);

	put_range(s, IMG_EFI_CONVENTIONAL, 0x100, 0x100, 0xf);
	put_range(s, IMG_EFI_BOOT_DATA, 0x200, 0x10, 0xf);
	put_range(s, IMG_EFI_CONVENTIONAL, 0x210, 0x90, 0xf);
	put_range(s, IMG_EFI_CONVENTIONAL, 0x2a0, 0x60, 0xf);
	put_range(s, IMG_EFI_LOADER_CODE, 0x300, 0x10, 0xf);
	put_range(s, IMG_EFI_RUNTIME_DATA, 0x310, 4, RT | 0xf);
	put_range(s, IMG_EFI_RUNTIME_DATA, 0x314, 4, RT | 0xf);
	put_range(s, IMG_EFI_RUNTIME_CODE, 0x318, 8, RT | 0xf);
	put_range(s, 9, 0x400, 8, 0xf);
	put_range(s, 11, 0x500, 1, RT | 1);
	s->machine.fp = &s->fp;
	s->machine.map = s->map;
	s->machine.proofs = &s->probe;
	s->machine.runtime_services = PHYS(0x311) + 0x18;
}

static struct img_verdict decide(const struct scene *s, uint64_t spare)
{
	struct img_verdict v;

	img_decide(&s->meta, &s->machine, spare, &v);
	return v;
}

static void test_restorable(void **state)
{
	struct scene s;
	struct img_verdict v;

	(void)state;
	scene_make(&s);
	v = decide(&s, 0);
	assert_reason(IMG_OK, v.reason);
	assert_int_equal(v.pages_free, 0x10 + 0x20 + 8);
	assert_int_equal(v.pages_busy, 0x10);
	assert_int_equal(v.pages_spare, 0x100 + 0x90 + 0x60 - v.pages_free);
}

/* The counts of all runs add up. */
static void test_counts_add_up(void **state)
{
	struct scene s;
	struct img_verdict v;

	(void)state;
	scene_make(&s);
	put_run(&s, 0x304, 4, IMG_RUN_STORED);
	v = decide(&s, 0);
	assert_reason(IMG_OK, v.reason);
	assert_int_equal(v.pages_free, 0x10 + 0x20 + 8);
	assert_int_equal(v.pages_busy, 0x10 + 4);
}

/* An image page in a hole, in another kind of memory, after the end of the map. */
static void test_page_not_free(void **state)
{
	static const struct {
		uint64_t pfn, first_bad, type;
	} row[] = {
		{ 0x310, 0x310, IMG_EFI_RUNTIME_DATA },
		{ 0x30c, 0x310, IMG_EFI_RUNTIME_DATA },
		{ 0x3ff, 0x3ff, ~0ull },
		{ 0x400, 0x400, 9 },
		{ 0x4ff, 0x4ff, ~0ull },
		{ 0x600, 0x600, ~0ull },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct scene s;
		struct img_verdict v;

		scene_make(&s);
		put_run(&s, row[i].pfn, 8, IMG_RUN_STORED);
		v = decide(&s, 0);
		assert_refusal(IMG_E_PAGE_NOT_FREE, v.reason, &v.detail, "page", "EFI memory type");
		assert_true(v.detail.golden == PHYS(row[i].first_bad));
		assert_true(v.detail.today == row[i].type);
		assert_int_equal(v.detail.index, 2);
	}
}

static void test_room(void **state)
{
	struct scene s;
	struct img_verdict v;
	uint64_t most;

	(void)state;
	scene_make(&s);
	v = decide(&s, 0);
	most = v.pages_spare - v.pages_busy;
	assert_reason(IMG_OK, decide(&s, most).reason);
	v = decide(&s, most + 1);
	assert_refusal(IMG_E_NO_MEMORY, v.reason, &v.detail, "memory", "pages to spare");
	assert_int_equal(v.detail.today, v.pages_spare);
	assert_int_equal(v.detail.golden, v.pages_spare + 1);
	assert_reason(IMG_E_NO_MEMORY, decide(&s, ~0ull).reason);
}

static void test_runtime_map(void **state)
{
	static const struct {
		uint32_t range;
		uint32_t type;
		uint64_t phys, pages, attribute;
		const char *field;
		uint64_t golden, today;
	} row[] = {
		/* moved by a page: its first page is missing */
		{ 7, IMG_EFI_RUNTIME_CODE, 0x319, 8, RT, "missing today", PHYS(0x318), 0 },
		/* shorter, and shorter in the middle of a region */
		{ 7, IMG_EFI_RUNTIME_CODE, 0x318, 7, RT, "missing today", PHYS(0x31f), 0 },
		{ 5, IMG_EFI_RUNTIME_DATA, 0x310, 3, RT, "missing today", PHYS(0x313), 0 },
		/* of another type, or without the attribute */
		{ 6, IMG_EFI_RUNTIME_CODE, 0x314, 4, RT, "type", PHYS(0x314), PHYS(0x314) },
		{ 6, IMG_EFI_RUNTIME_DATA, 0x314, 4, 0xf, "type", PHYS(0x314), PHYS(0x314) },
		{ 9, 12, 0x500, 1, RT, "type", PHYS(0x500), PHYS(0x500) },
		/* larger than before */
		{ 7, IMG_EFI_RUNTIME_CODE, 0x318, 9, RT, "pages in all", 17, 18 },
		{ 8, IMG_EFI_RUNTIME_DATA, 0x400, 8, RT, "pages in all", 17, 25 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct scene s;
		struct img_verdict v;

		scene_make(&s);
		s.map[row[i].range] = (struct img_memrange){ PHYS(row[i].phys), row[i].pages,
							     row[i].type, row[i].attribute };
		v = decide(&s, 0);
		assert_refusal(IMG_E_EFI_RUNTIME_MAP, v.reason, &v.detail, "EFI runtime region",
			       row[i].field);
		assert_true(v.detail.golden == row[i].golden);
		assert_true(v.detail.today == row[i].today);
	}
}

static void test_runtime_map_gone(void **state)
{
	struct scene s;
	struct img_verdict v;

	(void)state;
	scene_make(&s);
	s.machine.nr_map = 6;
	v = decide(&s, 0);
	assert_refusal(IMG_E_EFI_RUNTIME_MAP, v.reason, &v.detail, "EFI runtime region",
		       "missing today");
	assert_true(v.detail.golden == PHYS(0x314));
}

static void *exact_copy(const void *from, size_t size)
{
	void *copy = malloc(size);

	assert_non_null(copy);
	return memcpy(copy, from, size);
}

/* Tables with nothing after their last entry, so that reading too far is detected. */
static void test_exact_tables(void **state)
{
	struct scene s;
	struct img_memrange *map;
	struct img_rtmap_disk *rtmap;
	struct img_run_disk *run;

	(void)state;
	scene_make(&s);
	map = exact_copy(s.map, s.machine.nr_map * sizeof(*map));
	rtmap = exact_copy(s.rtmap, s.meta.nr_rtmap * sizeof(*rtmap));
	run = exact_copy(s.run, s.meta.nr_runs * sizeof(*run));
	s.machine.map = map;
	s.meta.rtmap = rtmap;
	s.meta.run = run;
	assert_reason(IMG_OK, decide(&s, 0).reason);
	s.machine.nr_map--;
	map = exact_copy(map, s.machine.nr_map * sizeof(*map));
	free((void *)s.machine.map);
	s.machine.map = map;
	assert_reason(IMG_E_EFI_RUNTIME_MAP, decide(&s, 0).reason);
	s.meta.record.efi_runtime = 1;
	assert_true(img_runtime_phys(&s.meta) == 0);
	free(map);
	free(rtmap);
	free(run);
}

static void test_exact_owned(void **state)
{
	const struct img_range one = { 10, 5 };
	struct img_range *range = exact_copy(&one, sizeof(one));
	struct img_owned owned = { range, 1 };
	bool is_owned;

	(void)state;
	assert_int_equal(img_owned_span(&owned, 15, 100, &is_owned), 100);
	assert_false(is_owned);
	assert_int_equal(img_owned_span(&owned, 0, 100, &is_owned), 10);
	assert_false(is_owned);
	assert_int_equal(img_owned_span(&owned, 12, 100, &is_owned), 3);
	assert_true(is_owned);
	free(range);
}

/* Boot-services memory that Linux kept is marked as runtime only in Linux's map. */
static void test_runtime_map_kept_memory(void **state)
{
	struct scene s;

	(void)state;
	scene_make(&s);
	assert_reason(IMG_OK, decide(&s, 0).reason);
	s.map[1].attribute |= RT;
	assert_reason(IMG_OK, decide(&s, 0).reason);
}

static void test_runtime_table(void **state)
{
	struct scene s;
	struct img_verdict v;

	(void)state;
	scene_make(&s);
	assert_true(img_runtime_phys(&s.meta) == PHYS(0x311) + 0x18);
	s.machine.runtime_services += 8;
	v = decide(&s, 0);
	assert_refusal(IMG_E_EFI_RUNTIME_TABLE, v.reason, &v.detail, "EFI_RUNTIME_SERVICES",
		       "address");
	assert_true(v.detail.golden == PHYS(0x311) + 0x18);
	assert_true(v.detail.today == PHYS(0x311) + 0x20);

	/* The first and the last byte of a region are in it. */
	s.meta.record.efi_runtime = RUNTIME_VIRT + PHYS(0x310);
	assert_true(img_runtime_phys(&s.meta) == PHYS(0x310));
	s.meta.record.efi_runtime = RUNTIME_VIRT + PHYS(0x320) - 1;
	assert_true(img_runtime_phys(&s.meta) == PHYS(0x320) - 1);

	/* In no region: never equal, not even to 0. */
	s.meta.record.efi_runtime = RUNTIME_VIRT + PHYS(0x320);
	s.machine.runtime_services = 0;
	assert_true(img_runtime_phys(&s.meta) == 0);
	assert_reason(IMG_E_EFI_RUNTIME_TABLE, decide(&s, 0).reason);
	/* A kernel without runtime services does not need them. */
	s.meta.record.efi_runtime = 0;
	assert_reason(IMG_OK, decide(&s, 0).reason);
}

static void test_proofs(void **state)
{
	static const struct {
		struct answers disk;
		enum img_reason reason;
	} row[] = {
		{ { IMG_OK, 0 }, IMG_OK },
		{ { IMG_E_DISK_MISSING, 0 }, IMG_E_DISK_MISSING },
		{ { IMG_E_DISK_READ, 0 }, IMG_E_DISK_READ },
		{ { IMG_OK, 1 }, IMG_E_PARTITION_TABLE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct answers disk = row[i].disk;
		struct scene s;

		scene_make(&s);
		s.probe.ctx = &disk;
		assert_reason(row[i].reason, decide(&s, 0).reason);
	}
}

/*
 * The fingerprint is checked first, then the disks, the runtime map, the table in it, and the pages
 * last.
 */
static void test_order(void **state)
{
	struct answers disk = { IMG_OK, 1 };
	struct scene s;

	(void)state;
	scene_make(&s);
	put_run(&s, 0x600, 1, IMG_RUN_STORED);
	assert_reason(IMG_E_PAGE_NOT_FREE, decide(&s, ~0ull).reason);
	s.machine.runtime_services++;
	assert_reason(IMG_E_EFI_RUNTIME_TABLE, decide(&s, 0).reason);
	s.map[9].pages++;
	assert_reason(IMG_E_EFI_RUNTIME_MAP, decide(&s, 0).reason);
	s.probe.ctx = &disk;
	assert_reason(IMG_E_PARTITION_TABLE, decide(&s, 0).reason);
	img_fp_add(&s.fp, IMG_FP_CPU_COUNT, 0, 2, 0);
	assert_reason(IMG_E_CPU_COUNT, decide(&s, 0).reason);
	img_fp_add(&s.fp, IMG_FP_MACHINE_ID, 0, 1, 2);
	img_fp_sort(&s.fp);
	assert_reason(IMG_E_MACHINE_ID, decide(&s, 0).reason);
}

/* A nonsensical map from the firmware: no arithmetic wraps, the page is just not free. */
static void test_absurd_map(void **state)
{
	struct scene s;

	(void)state;
	scene_make(&s);
	s.meta.nr_rtmap = 0;
	s.meta.record.efi_runtime = 0;
	s.machine.nr_map = 0;
	put_range(&s, IMG_EFI_CONVENTIONAL, 0x300, ~0ull, 0);
	assert_reason(IMG_E_PAGE_NOT_FREE, decide(&s, 0).reason);
	s.map[0].phys = ~0ull;
	assert_reason(IMG_E_PAGE_NOT_FREE, decide(&s, 0).reason);
	s.map[0].phys = PHYS(0x100);
	assert_reason(IMG_OK, decide(&s, 0).reason);
}

/* Types 1 to 4 and 7, to the page; not what is beyond the address width. */
static void test_memmap_is_ram(void **state)
{
	static const bool is_ram[16] = {
		[1] = true, [2] = true, [3] = true, [4] = true, [7] = true
	};
	struct img_memrange map[] = { { PHYS(0x100), 0x10, 0, 0 }, { PHYS(0x200), ~0ull, 7, 0 } };

	(void)state;
	for (uint32_t type = 0; type < COUNT(is_ram); type++) {
		map[0].type = type;
		assert_false(img_memmap_is_ram(map, COUNT(map), PHYS(0xff)));
		assert_int_equal(img_memmap_is_ram(map, COUNT(map), PHYS(0x100)), is_ram[type]);
		assert_int_equal(img_memmap_is_ram(map, COUNT(map), PHYS(0x10f)), is_ram[type]);
		assert_false(img_memmap_is_ram(map, COUNT(map), PHYS(0x110)));
	}
	assert_false(img_memmap_is_ram(map, COUNT(map), PHYS(0x1ff)));
	assert_true(img_memmap_is_ram(map, COUNT(map), PHYS(0x200)));
	assert_true(img_memmap_is_ram(map, COUNT(map), PHYS(IMG_MAX_PFN - 1)));
	assert_false(img_memmap_is_ram(map, COUNT(map), PHYS(IMG_MAX_PFN)));
	assert_false(img_memmap_is_ram(map, 0, 0));
}

static void test_memmap(void **state)
{
	struct img_memrange map[64];
	uint64_t pages = 0;

	(void)state;
	img_memmap_sort(map, 0);
	srand(2);
	for (uint64_t i = 0; i < COUNT(map); i++) {
		map[i] = (struct img_memrange){ PHYS((i * 37 % 64) * 16), i % 16, i % 15, 0 };
		if ((map[i].type >= 1 && map[i].type <= 4) || map[i].type == 7)
			pages += map[i].pages;
	}
	img_memmap_sort(map, COUNT(map));
	for (uint64_t i = 0; i < COUNT(map); i++)
		assert_true(map[i].phys == PHYS(i * 16));
	assert_int_equal(img_memmap_ram(map, COUNT(map)), PHYS(pages));
	map[0] = (struct img_memrange){ PHYS(0x300), ~0ull, IMG_EFI_CONVENTIONAL, 0 };
	assert_true(img_memmap_ram(map, 1) == PHYS(IMG_MAX_PFN - 0x300));
}

/* Owned ranges and the pool against a model with one entry for each page. */

#define MODEL 1024

struct model {
	bool wanted[MODEL], owned[MODEL];
	struct img_run_disk run[MODEL];
	struct img_range range[MODEL];
	struct img_meta meta;
	struct img_owned set;
};

/* Runs of random length; often adjacent, so that one run can directly follow another. */
static void model_make(struct model *m)
{
	memset(m, 0, sizeof(*m));
	for (uint64_t pfn = (uint64_t)rand() % 8; pfn < MODEL;) {
		uint64_t pages = 1 + (uint64_t)rand() % 12;

		pages = pfn + pages > MODEL ? MODEL - pfn : pages;
		if (rand() % 2) {
			memset(&m->wanted[pfn], true, pages);
			m->run[m->meta.nr_runs++] = (struct img_run_disk){
				.pfn = img_put64(pfn),
				.pages = img_put32((uint32_t)pages),
			};
		}
		pfn += pages;
	}
	m->meta.run = m->run;
	for (uint64_t pfn = (uint64_t)rand() % 8; pfn < MODEL;) {
		uint64_t pages = 1 + (uint64_t)rand() % 40;

		pages = pfn + pages > MODEL ? MODEL - pfn : pages;
		if (rand() % 2) {
			memset(&m->owned[pfn], true, pages);
			m->range[m->set.nr++] = (struct img_range){ pfn, pages };
		}
		pfn += pages;
	}
	m->set.range = m->range;
}

static bool model_free(const struct model *m, uint64_t pfn)
{
	return pfn < MODEL && m->owned[pfn] && !m->wanted[pfn];
}

static void test_owned_span(void **state)
{
	struct model *m = malloc(sizeof(*m));

	(void)state;
	assert_non_null(m);
	srand(21);
	for (int round = 0; round < 50; round++) {
		model_make(m);
		for (uint64_t pfn = 0; pfn < MODEL; pfn++) {
			uint64_t want = 1 + (uint64_t)rand() % 64;
			bool owned;
			uint64_t span = img_owned_span(&m->set, pfn, want, &owned);

			assert_true(span >= 1 && span <= want);
			assert_int_equal(owned, m->owned[pfn]);
			for (uint64_t i = pfn; i < pfn + span && i < MODEL; i++)
				assert_int_equal(m->owned[i], owned);
		}
	}
	free(m);
}

/* Every free page comes exactly once, in order, and no other. */
static void test_pool_hands_out_all(void **state)
{
	struct model *m = malloc(sizeof(*m));

	(void)state;
	assert_non_null(m);
	srand(22);
	for (int round = 0; round < 200; round++) {
		struct img_pool pool;
		uint64_t next = 0;

		model_make(m);
		img_pool_init(&pool, &m->meta, &m->set);
		for (;;) {
			uint64_t want = 1 + (uint64_t)rand() % 20;
			struct img_range got = img_pool_next(&pool, want);

			assert_true(got.pages <= want);
			if (!got.pages)
				break;
			for (; next < got.pfn; next++)
				assert_false(model_free(m, next));
			for (; next < got.pfn + got.pages; next++)
				assert_true(model_free(m, next));
		}
		for (; next < MODEL; next++)
			assert_false(model_free(m, next));
		assert_int_equal(img_pool_next(&pool, 1).pages, 0);
	}
	free(m);
}

static bool extent_is_free(const struct model *m, uint64_t pfn, uint64_t pages)
{
	while (pages && model_free(m, pfn)) {
		pfn++;
		pages--;
	}
	return !pages;
}

static void test_pool_contiguous(void **state)
{
	struct model *m = malloc(sizeof(*m));
	uint32_t found = 0;

	(void)state;
	assert_non_null(m);
	srand(23);
	for (int round = 0; round < 500; round++) {
		uint64_t want = 1 + (uint64_t)rand() % 12, limit = (uint64_t)rand() % MODEL;
		struct img_pool pool, before;
		struct img_range got, next;

		model_make(m);
		img_pool_init(&pool, &m->meta, &m->set);
		(void)img_pool_next(&pool, 3);
		before = pool;
		got = img_pool_contiguous(&pool, want, limit);
		if (!got.pages) {
			assert_memory_equal(&pool, &before, sizeof(pool));
			continue;
		}
		found++;
		assert_int_equal(got.pages, want);
		assert_true(got.pfn + got.pages <= limit);
		assert_true(extent_is_free(m, got.pfn, want));
		next = img_pool_next(&pool, 1);
		assert_true(!next.pages || next.pfn >= got.pfn + got.pages);
	}
	assert_true(found > 50);
	free(m);
}

static void test_pool_contiguous_finds_first(void **state)
{
	struct img_range range[] = { { 10, 2 }, { 20, 3 }, { 30, 8 } };
	struct img_run_disk run[] = { { .pfn = img_put64(33), .pages = img_put32(1) } };
	struct img_meta meta = { .run = run, .nr_runs = 1 };
	struct img_owned owned = { range, 3 };
	struct img_pool pool;
	struct img_range got;

	(void)state;
	img_pool_init(&pool, &meta, &owned);
	got = img_pool_contiguous(&pool, 4, 37);
	assert_int_equal(got.pages, 0);
	got = img_pool_contiguous(&pool, 4, 38);
	assert_int_equal(got.pfn, 34);
	assert_int_equal(got.pages, 4);
	assert_int_equal(img_pool_next(&pool, 1).pages, 0);

	img_pool_init(&pool, &meta, &owned);
	got = img_pool_contiguous(&pool, 3, ~0ull);
	assert_int_equal(got.pfn, 20);
	got = img_pool_next(&pool, 100);
	assert_int_equal(got.pfn, 30);
	assert_int_equal(got.pages, 3);
}

static void test_pool_of_nothing(void **state)
{
	struct img_meta meta = { .nr_runs = 0 };
	struct img_owned owned = { NULL, 0 };
	struct img_pool pool;

	(void)state;
	img_pool_init(&pool, &meta, &owned);
	assert_int_equal(img_pool_next(&pool, 1).pages, 0);
	assert_int_equal(img_pool_contiguous(&pool, 1, ~0ull).pages, 0);
}

int run_decide_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restorable),
		cmocka_unit_test(test_counts_add_up),
		cmocka_unit_test(test_page_not_free),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_runtime_map),
		cmocka_unit_test(test_runtime_map_gone),
		cmocka_unit_test(test_exact_tables),
		cmocka_unit_test(test_exact_owned),
		cmocka_unit_test(test_runtime_map_kept_memory),
		cmocka_unit_test(test_runtime_table),
		cmocka_unit_test(test_proofs),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_absurd_map),
		cmocka_unit_test(test_memmap),
		cmocka_unit_test(test_memmap_is_ram),
		cmocka_unit_test(test_owned_span),
		cmocka_unit_test(test_pool_hands_out_all),
		cmocka_unit_test(test_pool_contiguous),
		cmocka_unit_test(test_pool_contiguous_finds_first),
		cmocka_unit_test(test_pool_of_nothing),
	};

	return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
