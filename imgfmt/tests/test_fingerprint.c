// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The fingerprint, read from a machine made of tables, and compared. */
#include <stdlib.h>

#include "test.h"

/* Physical memory from BASE on; 1.5 MiB, so that a table can be larger than the scratch buffer. */
#define BASE	 0x7f000000ull
#define MEM_SIZE (3u << 19)

#define RSDP (BASE + 0x000)
#define RSDT (BASE + 0x100)
#define XSDT (BASE + 0x200)
#define FADT (BASE + 0x1000)
#define DSDT (BASE + 0x2000)
#define FACS (BASE + 0x3000)
#define MADT (BASE + 0x4000)
#define BGRT (BASE + 0x5000)
#define SSDT (BASE + 0x80000)

struct machine {
	uint8_t *mem;
	uint64_t size; /* of it readable */
	void *scratch;
	uint32_t max_leaf, max_extended;
	uint32_t noise; /* ORed into every CPUID register */
};

static void fake_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t reg[4])
{
	const struct machine *m = ctx;

	for (uint32_t i = 0; i < 4; i++)
		reg[i] = (leaf * 0x01010101u + subleaf * 0x100u + i) | m->noise;
	if (leaf == 0)
		reg[0] = m->max_leaf;
	if (leaf == 0x80000000)
		reg[0] = m->max_extended;
}

static bool fake_read(void *ctx, uint64_t phys, void *to, size_t size)
{
	const struct machine *m = ctx;

	if (phys < BASE || phys - BASE > m->size || size > m->size - (phys - BASE))
		return false;
	memcpy(to, m->mem + (phys - BASE), size);
	return true;
}

static uint8_t *at(struct machine *m, uint64_t phys)
{
	return m->mem + (phys - BASE);
}

static void put_table(struct machine *m, uint64_t phys, const char *signature, uint32_t length)
{
	memcpy(at(m, phys), signature, 4);
	put_le(at(m, phys) + 4, length, 4);
}

static void put_rsdp(struct machine *m, uint8_t revision)
{
	uint8_t sum = 0, *rsdp = at(m, RSDP);

	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = revision;
	put_le(rsdp + 16, RSDT, 4);
	put_le(rsdp + 20, 36, 4);
	put_le(rsdp + 24, XSDT, 8);
	rsdp[8] = 0;
	for (int i = 0; i < 20; i++)
		sum = (uint8_t)(sum + rsdp[i]);
	rsdp[8] = (uint8_t)-sum;
}

/* Two enabled processors, one as x2APIC; two disabled ones; an I/O APIC in between. */
static void put_madt(struct machine *m)
{
	/* clang-format off */
	static const uint8_t entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,                         /* local APIC, enabled */
		0, 8, 1, 1, 0, 0, 0, 0,                         /* disabled */
		9, 16, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, /* x2APIC, enabled */
		1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,
		9, 16, 0, 0, 6, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0, /* disabled */
	};
	/* clang-format on */

	put_table(m, MADT, "APIC", 44 + sizeof(entries));
	memcpy(at(m, MADT) + 44, entries, sizeof(entries));
}

static struct machine machine_make(void)
{
	static const uint64_t tables[] = { FADT, MADT, BGRT, SSDT };
	struct machine m = {
		.mem = calloc(1, MEM_SIZE),
		.size = MEM_SIZE,
		.scratch = malloc(IMG_ACPI_SCRATCH),
		.max_leaf = 0x1f,
		.max_extended = 0x80000008,
	};

	assert_true(m.mem && m.scratch);
	put_rsdp(&m, 2);
	put_table(&m, XSDT, "XSDT", 36 + 8 * COUNT(tables));
	put_table(&m, RSDT, "RSDT", 36 + 4 * COUNT(tables));
	for (size_t i = 0; i < COUNT(tables); i++) {
		put_le(at(&m, XSDT) + 36 + 8 * i, tables[i], 8);
		put_le(at(&m, RSDT) + 36 + 4 * i, tables[i], 4);
	}
	put_table(&m, FADT, "FACP", 276);
	put_le(at(&m, FADT) + 132, FACS, 8);
	put_le(at(&m, FADT) + 140, DSDT, 8);
	put_table(&m, DSDT, "DSDT", 1000);
	put_table(&m, FACS, "FACS", 64);
	put_madt(&m);
	put_table(&m, BGRT, "BGRT", 56);
	put_table(&m, SSDT, "SSDT", 300);
	return m;
}

static void machine_free(struct machine *m)
{
	free(m->mem);
	free(m->scratch);
}

static struct img_probe probe_of(struct machine *m)
{
	return (struct img_probe){ m, fake_cpuid, fake_read };
}

static void read_acpi(struct machine *m, struct img_fp *fp)
{
	struct img_probe probe = probe_of(m);

	img_fp_init(fp);
	assert_true(img_fp_add_acpi(fp, &probe, RSDP, m->scratch));
	img_fp_sort(fp);
}

static const struct img_fp_item *find(const struct img_fp *fp, uint32_t field, uint32_t index)
{
	for (uint32_t i = 0; i < fp->count; i++)
		if (fp->item[i].field == field && fp->item[i].index == index)
			return &fp->item[i];
	return NULL;
}

/* A fingerprint in disk form: the golden side of a comparison. */
struct golden {
	struct img_fp_disk disk[IMG_FP_MAX_ITEMS];
	struct img_meta meta;
};

static void golden_make(struct golden *g, const struct img_fp *fp)
{
	memset(&g->meta, 0, sizeof(g->meta));
	for (uint32_t i = 0; i < fp->count; i++)
		g->disk[i] = img_fp_encode(&fp->item[i]);
	g->meta.fp = g->disk;
	g->meta.nr_fp = fp->count;
}

/* CPUID. */

static void read_cpuid(struct machine *m, struct img_fp *fp)
{
	struct img_probe probe = probe_of(m);

	img_fp_init(fp);
	img_fp_add_cpuid(fp, &probe);
	img_fp_sort(fp);
	assert_int_equal(fp->count, img_cpuid_nr_rows);
}

static void test_cpuid_masks(void **state)
{
	struct machine m = machine_make();
	struct img_fp fp;

	(void)state;
	m.noise = ~0u;
	m.max_leaf = ~0u;
	read_cpuid(&m, &fp);
	for (uint32_t i = 0; i < img_cpuid_nr_rows; i++) {
		const uint32_t *mask = img_cpuid_rows[i].mask;

		assert_true(fp.item[i].value[0] == (mask[0] | (uint64_t)mask[1] << 32));
		assert_true(fp.item[i].value[1] == (mask[2] | (uint64_t)mask[3] << 32));
	}
	machine_free(&m);
}

/* Bits that may differ on one and the same machine must be outside the masks. */
static void test_cpuid_left_out(void **state)
{
	static const struct {
		uint32_t leaf, subleaf, reg, bit;
	} out[] = {
		{ 1, 0, 1, 24 },	  { 1, 0, 1, 31 },	    { 1, 0, 1, 16 },
		{ 1, 0, 2, 27 },	  { 1, 0, 2, 30 },	    { 1, 0, 3, 9 },
		{ 7, 0, 1, 4 },		  { 7, 0, 1, 11 },	    { 7, 0, 1, 18 },
		{ 7, 0, 2, 4 },		  { 7, 0, 3, 9 },	    { 7, 0, 3, 10 },
		{ 7, 0, 3, 11 },	  { 7, 0, 3, 13 },	    { 7, 0, 3, 26 },
		{ 7, 0, 3, 27 },	  { 7, 0, 3, 28 },	    { 7, 0, 3, 29 },
		{ 7, 0, 3, 30 },	  { 7, 0, 3, 31 },	    { 0x80000001, 0, 2, 22 },
		{ 0x80000001, 0, 3, 9 },  { 0x80000001, 0, 3, 11 }, { 0x80000008, 0, 1, 12 },
		{ 0x80000008, 0, 1, 24 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(out); i++)
		for (uint32_t j = 0; j < img_cpuid_nr_rows; j++)
			if (img_cpuid_rows[j].leaf == out[i].leaf &&
			    img_cpuid_rows[j].subleaf == out[i].subleaf)
				assert_false(img_cpuid_rows[j].mask[out[i].reg] >> out[i].bit & 1);
	/* and LA57 must be in. */
	assert_true(img_cpuid_rows[2].mask[2] >> 16 & 1);
}

static void test_cpuid_absent_leaves(void **state)
{
	struct machine m = machine_make();
	struct img_fp fp;

	(void)state;
	m.max_leaf = 1;
	m.max_extended = 0;
	read_cpuid(&m, &fp);
	for (uint32_t i = 0; i < fp.count; i++)
		if (img_cpuid_rows[i].leaf > 1)
			assert_true(!fp.item[i].value[0] && !fp.item[i].value[1]);
	assert_true(fp.item[1].value[0]);
	machine_free(&m);
}

/* ACPI. */

#define SIG(s)                                                                                     \
	((uint64_t)(uint8_t)s[0] | (uint64_t)(uint8_t)s[1] << 8 | (uint64_t)(uint8_t)s[2] << 16 |  \
	 (uint64_t)(uint8_t)s[3] << 24)

static void test_acpi_walk(void **state)
{
	static const struct {
		const char *signature;
		uint64_t length;
	} expected[] = {
		{ "XSDT", 36 + 32 }, { "FACP", 276 }, { "FACS", 64 },  { "DSDT", 1000 },
		{ "APIC", 44 + 60 }, { "BGRT", 56 },  { "SSDT", 300 },
	};
	struct machine m = machine_make();
	struct img_fp fp;

	(void)state;
	read_acpi(&m, &fp);
	for (uint32_t i = 0; i < COUNT(expected); i++) {
		const struct img_fp_item *item = find(&fp, IMG_FP_ACPI_TABLE, i);

		assert_non_null(item);
		assert_true(item->value[0] ==
			    (SIG(expected[i].signature) | expected[i].length << 32));
		assert_true(item->value[1] != 0);
	}
	assert_int_equal(fp.count, COUNT(expected) + 1);
	assert_int_equal(find(&fp, IMG_FP_CPU_COUNT, 0)->value[0], 2);
	machine_free(&m);
}

/* The digest as specified: the bytes, then the address. */
static void test_acpi_digest(void **state)
{
	struct machine m = machine_make();
	struct img_fp fp;
	uint8_t bytes[308];

	(void)state;
	read_acpi(&m, &fp);
	memcpy(bytes, at(&m, SSDT), 300);
	put_le(bytes + 300, SSDT, 8);
	assert_true(find(&fp, IMG_FP_ACPI_TABLE, 6)->value[1] == img_port_xxh64(bytes, 308));
	put_le(bytes, 0, 4);
	put_le(bytes + 4, FACS, 8);
	assert_true(find(&fp, IMG_FP_ACPI_TABLE, 2)->value[1] == img_port_xxh64(bytes, 12));
	put_le(bytes, BGRT, 8);
	assert_true(find(&fp, IMG_FP_ACPI_TABLE, 5)->value[1] == img_port_xxh64(bytes, 8));
	machine_free(&m);
}

/* A change of one byte, and whether it must change the fingerprint. */
static void test_acpi_sensitivity(void **state)
{
	static const struct {
		uint64_t phys;
		bool noticed;
	} row[] = {
		{ DSDT + 999, true },	 { DSDT + 1000, false }, { FACS + 8, true },
		{ FACS + 11, true },	 { FACS + 12, false },	 { FACS + 16, false },
		{ BGRT + 38, false },	 { BGRT + 40, false },	 { SSDT + 40, true },
		{ MADT + 44 + 3, true }, { FADT + 200, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct machine m = machine_make();
		struct img_fp before, after;
		struct golden g;

		read_acpi(&m, &before);
		golden_make(&g, &before);
		*at(&m, row[i].phys) ^= 1;
		read_acpi(&m, &after);
		assert_reason(row[i].noticed ? IMG_E_ACPI_TABLES : IMG_OK,
			      img_fp_compare(&g.meta, &after, NULL));
		machine_free(&m);
	}
}

/* The same bytes elsewhere are another table. */
static void test_acpi_moved(void **state)
{
	struct machine m = machine_make();
	struct img_fp before, after;

	(void)state;
	read_acpi(&m, &before);
	memcpy(at(&m, DSDT) + 0x8000, at(&m, DSDT), 1000);
	put_le(at(&m, FADT) + 140, DSDT + 0x8000, 8);
	read_acpi(&m, &after);
	assert_true(find(&before, IMG_FP_ACPI_TABLE, 3)->value[0] ==
		    find(&after, IMG_FP_ACPI_TABLE, 3)->value[0]);
	assert_false(find(&before, IMG_FP_ACPI_TABLE, 3)->value[1] ==
		     find(&after, IMG_FP_ACPI_TABLE, 3)->value[1]);
	machine_free(&m);
}

/* Revision 0, or no XSDT: the RSDT.  A short FADT: its narrow addresses. */
static void test_acpi_one(void **state)
{
	struct machine m = machine_make();
	struct img_fp fp;

	(void)state;
	put_rsdp(&m, 0);
	put_table(&m, FADT, "FACP", 116);
	put_le(at(&m, FADT) + 36, FACS, 4);
	put_le(at(&m, FADT) + 40, DSDT, 4);
	read_acpi(&m, &fp);
	assert_true((uint32_t)find(&fp, IMG_FP_ACPI_TABLE, 0)->value[0] == SIG("RSDT"));
	assert_true((uint32_t)find(&fp, IMG_FP_ACPI_TABLE, 2)->value[0] == SIG("FACS"));
	assert_true((uint32_t)find(&fp, IMG_FP_ACPI_TABLE, 3)->value[0] == SIG("DSDT"));
	assert_int_equal(fp.count, 8);

	put_rsdp(&m, 2);
	put_le(at(&m, RSDP) + 24, 0, 8);
	read_acpi(&m, &fp);
	assert_true((uint32_t)find(&fp, IMG_FP_ACPI_TABLE, 0)->value[0] == SIG("RSDT"));
	machine_free(&m);
}

/* Each address of the FADT counts only if the length covers it completely. */
static void test_fadt_lengths(void **state)
{
	static const struct {
		uint32_t length, items; /* RSDT or XSDT, FADT, MADT, BGRT, SSDT, processors: 6 */
	} row[] = { { 36, 6 }, { 39, 6 }, { 40, 7 }, { 43, 7 }, { 44, 8 }, { 148, 8 } };
	struct machine m = machine_make();
	struct img_fp fp;

	(void)state;
	put_le(at(&m, FADT) + 36, FACS, 4);
	put_le(at(&m, FADT) + 40, DSDT, 4);
	for (size_t i = 0; i < COUNT(row); i++) {
		put_table(&m, FADT, "FACP", row[i].length);
		read_acpi(&m, &fp);
		assert_int_equal(fp.count, row[i].items);
	}
	put_le(at(&m, FADT) + 36, 0, 8);
	for (uint32_t length = 139; length <= 148; length++) {
		put_table(&m, FADT, "FACP", length);
		read_acpi(&m, &fp);
		assert_int_equal(fp.count, 6 + (length >= 140) + (length >= 148));
	}
	machine_free(&m);
}

static void test_acpi_no_rsdp(void **state)
{
	struct machine m = machine_make();
	struct img_probe probe = probe_of(&m);
	struct img_fp fp;

	(void)state;
	img_fp_init(&fp);
	assert_false(img_fp_add_acpi(&fp, &probe, 0, m.scratch));
	assert_false(img_fp_add_acpi(&fp, &probe, BASE - 1, m.scratch));
	assert_false(img_fp_add_acpi(&fp, &probe, XSDT, m.scratch));
	*at(&m, RSDP + 17) ^= 1;
	assert_false(img_fp_add_acpi(&fp, &probe, RSDP, m.scratch));
	assert_int_equal(fp.count, 0);
	machine_free(&m);
}

/* Malformed tables: each gives an item without a digest, and the walk continues. */
static void test_acpi_bad_tables(void **state)
{
	static const struct {
		uint64_t phys, value;
		size_t width;
		uint32_t item;
	} row[] = {
		{ DSDT + 4, 35, 4, 3 },				  /* shorter than its header */
		{ DSDT + 4, 0, 4, 3 },	 { FADT + 140, 1, 8, 3 }, /* not readable */
		{ FADT + 132, 1, 8, 2 }, { XSDT + 36 + 24, 1, 8, 6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct machine m = machine_make();
		struct img_fp fp;

		put_le(at(&m, row[i].phys), row[i].value, row[i].width);
		read_acpi(&m, &fp);
		assert_non_null(find(&fp, IMG_FP_ACPI_TABLE, row[i].item));
		assert_true(find(&fp, IMG_FP_ACPI_TABLE, row[i].item)->value[1] == 0);
		assert_int_equal(fp.count, 8);
		machine_free(&m);
	}
}

/* A table whose header can be read but not its end. */
static void test_acpi_unreadable_table(void **state)
{
	struct machine m = machine_make();
	struct img_fp fp;

	(void)state;
	m.size = SSDT - BASE + 299;
	read_acpi(&m, &fp);
	assert_true(find(&fp, IMG_FP_ACPI_TABLE, 6)->value[0] == (SIG("SSDT") | 300ull << 32));
	assert_true(find(&fp, IMG_FP_ACPI_TABLE, 6)->value[1] == 0);
	machine_free(&m);
}

/* A table larger than the scratch buffer counts by its header. */
static void test_acpi_huge_table(void **state)
{
	struct machine m = machine_make();
	struct img_fp before, after;
	uint8_t bytes[44];

	(void)state;
	put_table(&m, SSDT, "SSDT", IMG_ACPI_SCRATCH - 7);
	read_acpi(&m, &before);
	memcpy(bytes, at(&m, SSDT), 36);
	put_le(bytes + 36, SSDT, 8);
	assert_true(find(&before, IMG_FP_ACPI_TABLE, 6)->value[1] == img_port_xxh64(bytes, 44));

	put_table(&m, SSDT, "SSDT", IMG_ACPI_SCRATCH - 8);
	read_acpi(&m, &before);
	*at(&m, SSDT + IMG_ACPI_SCRATCH - 9) ^= 1;
	read_acpi(&m, &after);
	assert_false(find(&before, IMG_FP_ACPI_TABLE, 6)->value[1] ==
		     find(&after, IMG_FP_ACPI_TABLE, 6)->value[1]);
	machine_free(&m);
}

/* Broken MADT entries end the count; they are not followed outside the table. */
static void test_madt_bounds(void **state)
{
	static const struct {
		uint32_t at;
		uint8_t value;
		uint64_t cpus;
	} row[] = {
		{ 44 + 1, 0, 0 },   { 44 + 1, 1, 0 },  { 44 + 1, 105, 0 }, { 44 + 1, 7, 0 },
		{ 52 + 1, 255, 1 }, { 60 + 1, 15, 1 }, { 4, 44, 0 },	   { 4, 45, 0 },
		{ 4, 36, 0 },	    { 4, 52, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		struct machine m = machine_make();
		struct img_fp fp;

		*at(&m, MADT + row[i].at) = row[i].value;
		read_acpi(&m, &fp);
		assert_int_equal(find(&fp, IMG_FP_CPU_COUNT, 0)->value[0], row[i].cpus);
		machine_free(&m);
	}
}

/* At most as many tables as the bound, whatever the length of the XSDT. */
static void test_acpi_many_tables(void **state)
{
	struct machine m = machine_make();
	struct img_fp fp;

	(void)state;
	put_table(&m, XSDT, "XSDT", 36 + 8 * 400);
	for (size_t i = 0; i < 400; i++)
		put_le(at(&m, XSDT) + 36 + 8 * i, SSDT, 8);
	read_acpi(&m, &fp);
	assert_int_equal(fp.count, 1 + 256);
	assert_null(find(&fp, IMG_FP_CPU_COUNT, 0));
	machine_free(&m);
}

/* PCI, sorting, room. */

static void test_pci(void **state)
{
	const struct img_pci_id id = {
		.segment = 1,
		.bus = 2,
		.devfn = 0x1b,
		.vendor = 0x8086,
		.device = 0x10d3,
		.subvendor = 0x1af4,
		.subdevice = 0x1100,
		.class_revision = 0x02000003,
		.header_type = 1,
	};
	struct img_fp fp;

	(void)state;
	img_fp_init(&fp);
	img_fp_add_pci(&fp, &id);
	assert_int_equal(fp.item[0].field, IMG_FP_PCI_DEVICE);
	assert_int_equal(fp.item[0].index, 0x0001021b);
	assert_true(fp.item[0].value[0] == 0x11001af410d38086ull);
	assert_true(fp.item[0].value[1] == 0x0000000102000003ull);
}

static void test_sort_and_room(void **state)
{
	struct img_fp fp;

	(void)state;
	img_fp_init(&fp);
	img_fp_sort(&fp);
	srand(5);
	for (uint32_t i = 0; i < IMG_FP_MAX_ITEMS; i++)
		img_fp_add(&fp, 1 + (uint32_t)rand() % 5, (uint32_t)rand(), i, 0);
	assert_false(fp.overflow);
	img_fp_sort(&fp);
	for (uint32_t i = 1; i < fp.count; i++)
		assert_true(fp.item[i - 1].field < fp.item[i].field ||
			    (fp.item[i - 1].field == fp.item[i].field &&
			     fp.item[i - 1].index <= fp.item[i].index));
	img_fp_add(&fp, 1, 0, 0, 0);
	assert_true(fp.overflow);
	assert_int_equal(fp.count, IMG_FP_MAX_ITEMS);
}

static void test_field_names(void **state)
{
	(void)state;
	assert_string_equal(img_fp_field_name(IMG_FP_CPU_LEAF), "processor");
	assert_string_equal(img_fp_field_name(IMG_FP_PCI_DEVICE), "PCI device");
	assert_string_equal(img_fp_field_name(0), "unknown field");
	assert_string_equal(img_fp_field_name(~0u), "unknown field");
}

/* Comparing. */

static void base_fp(struct img_fp *fp)
{
	img_fp_init(fp);
	img_fp_add(fp, IMG_FP_CPU_LEAF, 0, 0x10, 0x20);
	img_fp_add(fp, IMG_FP_CPU_LEAF, 1, 0x30, 0x40);
	img_fp_add(fp, IMG_FP_CPU_COUNT, 0, 4, 0);
	img_fp_add(fp, IMG_FP_RAM_BYTES, 0, 1024 * MIB, 0);
	img_fp_add(fp, IMG_FP_ACPI_TABLE, 0, 0x50, 0x60);
	img_fp_add(fp, IMG_FP_ACPI_TABLE, 1, 0x70, 0x80);
	img_fp_add(fp, IMG_FP_PCI_DEVICE, 8, 0x90, 0xa0);
	img_fp_add(fp, IMG_FP_PCI_DEVICE, 16, 0xb0, 0xc0);
	img_fp_add(fp, IMG_FP_MACHINE_ID, 0, 0xd0, 0xe0);
	img_fp_add(fp, IMG_FP_MACHINE_ID, 1, 0xf0, 12);
}

/* One item changed; consecutive rows show the order of reporting. */
static void test_compare_values(void **state)
{
	static const struct {
		uint32_t item, word;
		uint64_t value;
		enum img_reason reason;
		const char *object, *field;
	} row[] = {
		{ 5, 1, 1, IMG_E_ACPI_TABLES, "ACPI table", "digest" },
		{ 4, 0, 1, IMG_E_ACPI_TABLES, "ACPI table", "signature, length" },
		{ 7, 1, 1, IMG_E_PCI_DEVICES, "PCI device", "class, header type" },
		{ 6, 0, 1, IMG_E_PCI_DEVICES, "PCI device", "ids" },
		{ 3, 0, 1024 * MIB + 32 * MIB + 1, IMG_E_RAM_SIZE, "RAM", "bytes" },
		{ 3, 0, 1024 * MIB - 32 * MIB - 1, IMG_E_RAM_SIZE, "RAM", "bytes" },
		{ 2, 0, 3, IMG_E_CPU_COUNT, "number of processors", "count" },
		{ 1, 1, 1, IMG_E_CPU_MODEL, "processor", "ecx, edx" },
		{ 0, 0, 1, IMG_E_CPU_MODEL, "processor", "eax, ebx" },
		{ 9, 1, 13, IMG_E_MACHINE_ID, "machine", "UUID or serial number" },
		{ 9, 0, 1, IMG_E_MACHINE_ID, "machine", "UUID or serial number" },
		{ 8, 1, 1, IMG_E_MACHINE_ID, "machine", "UUID or serial number" },
		{ 8, 0, 1, IMG_E_MACHINE_ID, "machine", "UUID or serial number" },
	};
	struct img_fp golden_fp, today;
	struct golden g;

	(void)state;
	base_fp(&golden_fp);
	img_fp_sort(&golden_fp);
	golden_make(&g, &golden_fp);
	base_fp(&today);
	assert_reason(IMG_OK, img_fp_compare(&g.meta, &today, NULL));
	for (size_t i = 0; i < COUNT(row); i++) {
		struct img_detail detail;

		/* Differences stay: each row must be reported before the ones above it. */
		today.item[row[i].item].value[row[i].word] = row[i].value;
		assert_refusal(row[i].reason, img_fp_compare(&g.meta, &today, &detail), &detail,
			       row[i].object, row[i].field);
		assert_true(detail.today == row[i].value);
		assert_true(detail.golden == golden_fp.item[row[i].item].value[row[i].word]);
		assert_int_equal(detail.index, golden_fp.item[row[i].item].index);
	}
}

static void test_compare_ram_tolerance(void **state)
{
	struct img_fp fp;
	struct golden g;

	(void)state;
	base_fp(&fp);
	golden_make(&g, &fp);
	fp.item[3].value[0] = 1024 * MIB + 32 * MIB;
	assert_reason(IMG_OK, img_fp_compare(&g.meta, &fp, NULL));
	fp.item[3].value[0] = 1024 * MIB - 32 * MIB;
	assert_reason(IMG_OK, img_fp_compare(&g.meta, &fp, NULL));
}

static void remove_item(struct img_fp *fp, uint32_t i)
{
	memmove(&fp->item[i], &fp->item[i + 1], (fp->count - i - 1) * sizeof(fp->item[0]));
	fp->count--;
}

/* Each item in turn missing on one side. */
static void test_compare_missing_and_new(void **state)
{
	static const enum img_reason reason[] = {
		IMG_E_CPU_MODEL,   IMG_E_CPU_MODEL,   IMG_E_CPU_COUNT,	 IMG_E_RAM_SIZE,
		IMG_E_ACPI_TABLES, IMG_E_ACPI_TABLES, IMG_E_PCI_DEVICES, IMG_E_PCI_DEVICES,
		IMG_E_MACHINE_ID,  IMG_E_MACHINE_ID,
	};
	struct img_fp all, less;
	struct golden g;
	struct img_detail detail;

	(void)state;
	base_fp(&all);
	for (uint32_t i = 0; i < all.count; i++) {
		const char *name = img_fp_field_name(all.item[i].field);

		less = all;
		remove_item(&less, i);
		golden_make(&g, &all);
		assert_refusal(reason[i], img_fp_compare(&g.meta, &less, &detail), &detail, name,
			       "missing today");
		assert_int_equal(detail.index, all.item[i].index);
		assert_true(detail.golden == all.item[i].value[0] && detail.today == 0);
		golden_make(&g, &less);
		assert_refusal(reason[i], img_fp_compare(&g.meta, &all, &detail), &detail, name,
			       "new today");
		assert_int_equal(detail.index, all.item[i].index);
		assert_true(detail.today == all.item[i].value[0] && detail.golden == 0);
	}
}

static void test_compare_unknown(void **state)
{
	struct img_fp fp, more;
	struct golden g;
	struct img_detail detail;

	(void)state;
	base_fp(&fp);
	more = fp;
	img_fp_add(&more, 7, 0, 1, 2);
	golden_make(&g, &more);
	assert_refusal(IMG_E_MACHINE_OTHER, img_fp_compare(&g.meta, &fp, &detail), &detail,
		       "unknown field", "missing today");
	assert_int_equal(detail.index, 7);
	golden_make(&g, &fp);
	assert_refusal(IMG_E_MACHINE_OTHER, img_fp_compare(&g.meta, &more, &detail), &detail,
		       "unknown field", "new today");
	fp.overflow = true;
	assert_refusal(IMG_E_MACHINE_OTHER, img_fp_compare(&g.meta, &fp, &detail), &detail,
		       "fingerprint", "items");
}

int run_fingerprint_tests(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpuid_masks),
		cmocka_unit_test(test_cpuid_left_out),
		cmocka_unit_test(test_cpuid_absent_leaves),
		cmocka_unit_test(test_acpi_walk),
		cmocka_unit_test(test_acpi_digest),
		cmocka_unit_test(test_acpi_sensitivity),
		cmocka_unit_test(test_acpi_moved),
		cmocka_unit_test(test_acpi_one),
		cmocka_unit_test(test_fadt_lengths),
		cmocka_unit_test(test_acpi_no_rsdp),
		cmocka_unit_test(test_acpi_bad_tables),
		cmocka_unit_test(test_acpi_unreadable_table),
		cmocka_unit_test(test_acpi_huge_table),
		cmocka_unit_test(test_madt_bounds),
		cmocka_unit_test(test_acpi_many_tables),
		cmocka_unit_test(test_pci),
		cmocka_unit_test(test_sort_and_room),
		cmocka_unit_test(test_field_names),
		cmocka_unit_test(test_compare_values),
		cmocka_unit_test(test_compare_ram_tolerance),
		cmocka_unit_test(test_compare_missing_and_new),
		cmocka_unit_test(test_compare_unknown),
	};

	return cmocka_run_group_tests_name("fingerprint", tests, NULL, NULL);
}
