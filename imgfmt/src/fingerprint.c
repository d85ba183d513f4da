// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The machine fingerprint: what is read of the machine, and how two readings
 * compare.  The module and the loader both run this file, one to record and one
 * to compare; docs/image-format.md lists every field and mask.
 */
#include <imgfmt/fingerprint.h>

#include "internal.h"

#define ALL 0xffffffffu

const struct img_cpuid_row img_cpuid_rows[] = {
	/* leaf, subleaf, { eax, ebx, ecx, edx } */
	/* Highest leaf and vendor. */
	{ 0x00000000, 0, { ALL, ALL, ALL, ALL } },
	/*
	 * Family, model, stepping; CLFLUSH line size; features but OSXSAVE (27) and
	 * RDRAND (30: Linux hides it on some AMD processors), APIC (9).
	 */
	{ 0x00000001, 0, { ALL, 0x0000ff00, ~0x48000000u, ~0x00000200u } },
	/*
	 * Features with LA57, but HLE, RTM (4, 11: TSX_CTRL), RDSEED (18: as RDRAND),
	 * OSPKE (4), and of edx the speculation controls that microcode brings.
	 */
	{ 0x00000007, 0, { 0, ~0x00040810u, ~0x00000010u, ~0xfc002e00u } },
	{ 0x00000007, 1, { ALL, 0, 0, 0 } },
	/* XSAVE variants. */
	{ 0x0000000d, 1, { ALL, 0, 0, 0 } },
	/* Features but TOPOEXT (22: Linux turns it on), APIC (9), SYSCALL (11: by mode). */
	{ 0x80000001, 0, { 0, 0, ~0x00400000u, ~0x00000a00u } },
	/* Address sizes; features but the speculation controls from bit 12 on. */
	{ 0x80000008, 0, { ALL, 0x00000fff, 0, 0 } },
};
const uint32_t img_cpuid_nr_rows = sizeof(img_cpuid_rows) / sizeof(img_cpuid_rows[0]);

void img_fp_init(struct img_fp *fp)
{
	fp->count = 0;
	fp->overflow = false;
}

void img_fp_add(struct img_fp *fp, uint32_t field, uint32_t index, uint64_t v0, uint64_t v1)
{
	struct img_fp_item *item;

	if (fp->count == IMG_FP_MAX_ITEMS) {
		fp->overflow = true;
		return;
	}
	item = &fp->item[fp->count++];
	item->field = field;
	item->index = index;
	item->value[0] = v0;
	item->value[1] = v1;
}

/* CPUID. */

static uint32_t cpuid_max_leaf(const struct img_probe *probe, uint32_t leaf)
{
	uint32_t reg[4];

	probe->cpuid(probe->ctx, leaf & 0x80000000u, 0, reg);
	return reg[0];
}

void img_fp_add_cpuid(struct img_fp *fp, const struct img_probe *probe)
{
	for (uint32_t i = 0; i < img_cpuid_nr_rows; i++) {
		const struct img_cpuid_row *row = &img_cpuid_rows[i];
		uint32_t reg[4] = { 0, 0, 0, 0 };

		if (row->leaf <= cpuid_max_leaf(probe, row->leaf))
			probe->cpuid(probe->ctx, row->leaf, row->subleaf, reg);
		for (uint32_t j = 0; j < 4; j++)
			reg[j] &= row->mask[j];
		img_fp_add(fp, IMG_FP_CPU_LEAF, i, reg[0] | (uint64_t)reg[1] << 32,
			   reg[2] | (uint64_t)reg[3] << 32);
	}
}

/*
 * ACPI.  Offsets: ACPI 6.5, tables 5.3 (RSDP), 5.4 (header), 5.9 (FADT), 5.12 (FACS),
 * 5.19 (MADT).
 */

#define ACPI_MAX_TABLES	  256u
#define ACPI_HEADER_SIZE  36u
#define ACPI_LENGTH	  4u
#define RSDP_SIZE_V1	  20u
#define RSDP_SIZE	  36u
#define RSDP_REVISION	  15u
#define RSDP_RSDT	  16u
#define RSDP_XSDT	  24u
#define FADT_FACS	  36u
#define FADT_DSDT	  40u
#define FADT_X_FACS	  132u
#define FADT_X_DSDT	  140u
#define FACS_HW_SIGNATURE 8u
#define MADT_ENTRIES	  44u
#define MADT_LOCAL_APIC	  0u
#define MADT_LOCAL_X2APIC 9u
#define MADT_ENABLED	  1u
#define ACPI_SIG(a, b, c, d)                                                                       \
	((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

struct acpi_walk {
	struct img_fp *fp;
	const struct img_probe *probe;
	uint8_t *scratch;
	uint32_t index; /* of the next item */
	uint32_t cpus;
	bool madt; /* seen */
};

static bool acpi_read(const struct acpi_walk *w, uint64_t phys, void *to, size_t size)
{
	return phys && w->probe->read_phys(w->probe->ctx, phys, to, size);
}

/* Appends the table's address, so that a table that moved is another one, and hashes. */
static uint64_t acpi_digest(const struct acpi_walk *w, size_t size, uint64_t phys)
{
	img_le64 address = img_put64(phys);

	memcpy(w->scratch + size, &address, sizeof(address));
	return img_port_xxh64(w->scratch, size + sizeof(address));
}

static void acpi_add_item(struct acpi_walk *w, uint32_t signature, uint32_t length, uint64_t digest)
{
	img_fp_add(w->fp, IMG_FP_ACPI_TABLE, w->index++, signature | (uint64_t)length << 32,
		   digest);
}

/*
 * How many of a table's first bytes are digested.  BGRT tells what is on the
 * screen, which is another thing after each way to the boot menu.
 */
static size_t acpi_digested(uint32_t signature, uint32_t length)
{
	if (signature == ACPI_SIG('B', 'G', 'R', 'T'))
		return 0;
	if (length > IMG_ACPI_SCRATCH - sizeof(img_le64))
		return ACPI_HEADER_SIZE;
	return length;
}

/* Adds one table; its length if all of it now lies in the scratch buffer, else 0. */
static uint32_t acpi_add_table(struct acpi_walk *w, uint64_t phys)
{
	uint32_t signature, length;
	size_t size;

	if (!acpi_read(w, phys, w->scratch, ACPI_HEADER_SIZE)) {
		acpi_add_item(w, 0, 0, 0);
		return 0;
	}
	signature = (uint32_t)img_load_le(w->scratch, 4);
	length = (uint32_t)img_load_le(w->scratch + ACPI_LENGTH, 4);
	size = acpi_digested(signature, length);
	if (length < ACPI_HEADER_SIZE ||
	    (size > ACPI_HEADER_SIZE && !acpi_read(w, phys, w->scratch, size))) {
		acpi_add_item(w, signature, length, 0);
		return 0;
	}
	acpi_add_item(w, signature, length, acpi_digest(w, size, phys));
	return size == length ? length : 0;
}

/* The FACS changes all the time; its hardware signature tells of other hardware. */
static void acpi_add_facs(struct acpi_walk *w, uint64_t phys)
{
	uint8_t head[FACS_HW_SIGNATURE + 4];

	if (!phys)
		return;
	if (!acpi_read(w, phys, head, sizeof(head))) {
		acpi_add_item(w, 0, 0, 0);
		return;
	}
	memcpy(w->scratch, head + FACS_HW_SIGNATURE, 4);
	acpi_add_item(w, (uint32_t)img_load_le(head, 4),
		      (uint32_t)img_load_le(head + ACPI_LENGTH, 4), acpi_digest(w, 4, phys));
}

/* The 64-bit address where the FADT has one. */
static uint64_t fadt_address(const uint8_t *fadt, uint32_t length, uint32_t narrow, uint32_t wide)
{
	uint64_t address = 0;

	if (length >= wide + 8)
		address = img_load_le(fadt + wide, 8);
	if (!address && length >= narrow + 4)
		address = img_load_le(fadt + narrow, 4);
	return address;
}

static void acpi_follow_fadt(struct acpi_walk *w, uint32_t length)
{
	uint64_t facs = fadt_address(w->scratch, length, FADT_FACS, FADT_X_FACS);
	uint64_t dsdt = fadt_address(w->scratch, length, FADT_DSDT, FADT_X_DSDT);

	acpi_add_facs(w, facs);
	if (dsdt)
		(void)acpi_add_table(w, dsdt);
}

static uint32_t madt_enabled(const uint8_t *entry, uint32_t size)
{
	if (entry[0] == MADT_LOCAL_APIC && size >= 8)
		return (uint32_t)img_load_le(entry + 4, 4) & MADT_ENABLED;
	if (entry[0] == MADT_LOCAL_X2APIC && size >= 16)
		return (uint32_t)img_load_le(entry + 8, 4) & MADT_ENABLED;
	return 0;
}

static void acpi_count_cpus(struct acpi_walk *w, uint32_t length)
{
	uint32_t at = MADT_ENTRIES;

	w->madt = true;
	while (at + 2 <= length) {
		const uint8_t *entry = w->scratch + at;
		uint32_t size = entry[1];

		if (size < 2 || size > length - at)
			return;
		w->cpus += madt_enabled(entry, size);
		at += size;
	}
}

static void acpi_visit(struct acpi_walk *w, uint64_t phys)
{
	uint32_t length = acpi_add_table(w, phys);

	if (!length)
		return;
	switch ((uint32_t)img_load_le(w->scratch, 4)) {
	case ACPI_SIG('F', 'A', 'C', 'P'):
		acpi_follow_fadt(w, length);
		break;
	case ACPI_SIG('A', 'P', 'I', 'C'):
		acpi_count_cpus(w, length);
		break;
	}
}

/* entry_size: 8 in an XSDT, 4 in an RSDT. */
static void acpi_walk_root(struct acpi_walk *w, uint64_t root, uint32_t entry_size)
{
	uint32_t length = acpi_add_table(w, root);
	uint32_t nr = length ? (length - ACPI_HEADER_SIZE) / entry_size : 0;
	uint8_t entry[8];

	for (uint32_t i = 0; i < nr && i < ACPI_MAX_TABLES; i++) {
		uint64_t at = root + ACPI_HEADER_SIZE + (uint64_t)i * entry_size;

		if (acpi_read(w, at, entry, entry_size))
			acpi_visit(w, img_load_le(entry, entry_size));
	}
}

static bool acpi_rsdp_is_good(const uint8_t *rsdp)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < RSDP_SIZE_V1; i++)
		sum = (uint8_t)(sum + rsdp[i]);
	return !sum && !memcmp(rsdp, "RSD PTR ", 8);
}

bool img_fp_add_acpi(struct img_fp *fp, const struct img_probe *probe, uint64_t rsdp_phys,
		     void *scratch)
{
	struct acpi_walk w = { .fp = fp, .probe = probe, .scratch = scratch };
	uint8_t rsdp[RSDP_SIZE];
	uint64_t xsdt = 0;

	if (!acpi_read(&w, rsdp_phys, rsdp, RSDP_SIZE_V1) || !acpi_rsdp_is_good(rsdp))
		return false;
	if (rsdp[RSDP_REVISION] >= 2 && acpi_read(&w, rsdp_phys, rsdp, RSDP_SIZE))
		xsdt = img_load_le(rsdp + RSDP_XSDT, 8);
	if (xsdt)
		acpi_walk_root(&w, xsdt, 8);
	else
		acpi_walk_root(&w, img_load_le(rsdp + RSDP_RSDT, 4), 4);
	if (w.madt)
		img_fp_add(fp, IMG_FP_CPU_COUNT, 0, w.cpus, 0);
	return true;
}

/* PCI. */

void img_fp_add_pci(struct img_fp *fp, const struct img_pci_id *id)
{
	uint32_t index = (uint32_t)id->segment << 16 | (uint32_t)id->bus << 8 | id->devfn;
	uint64_t ids = id->vendor | (uint64_t)id->device << 16 | (uint64_t)id->subvendor << 32 |
		       (uint64_t)id->subdevice << 48;

	img_fp_add(fp, IMG_FP_PCI_DEVICE, index, ids,
		   id->class_revision | (uint64_t)id->header_type << 32);
}

/*
 * SMBIOS.  Offsets: SMBIOS 3.6, 5.2.1 (32-bit entry point), 5.2.2 (64-bit), 6.1
 * (structures: a formatted area, then strings, then an empty one), 7.2 (type 1).
 */

#define SM_ENTRY_MAX	    64u
#define SM_LENGTH	    5u
#define SM_MIN_LENGTH	    0x1eu /* 5.2.1: some firmware says so, instead of 0x1f */
#define SM_TABLE_LENGTH	    0x16u
#define SM_TABLE	    0x18u
#define SM3_LENGTH	    6u
#define SM3_MIN_LENGTH	    0x18u
#define SM3_TABLE_MAX	    12u
#define SM3_TABLE	    16u
#define SMBIOS_HEADER	    4u
#define SMBIOS_TYPE_SYSTEM  1u
#define SMBIOS_TYPE_END	    127u
#define SMBIOS_SERIAL	    7u
#define SMBIOS_UUID	    8u
#define SMBIOS_UUID_SIZE    16u
#define SMBIOS_INDEX_UUID   0u
#define SMBIOS_INDEX_SERIAL 1u

struct smbios_table {
	uint64_t phys;
	uint64_t size;
};

/* Reads an entry point and checks anchor, length and checksum. */
static bool smbios_entry_read(const struct img_probe *probe, uint64_t phys, const char *anchor,
			      uint32_t anchor_size, uint32_t length_at, uint32_t min_length,
			      uint8_t entry[SM_ENTRY_MAX])
{
	uint32_t length;
	uint8_t sum = 0;

	if (!phys || !probe->read_phys(probe->ctx, phys, entry, min_length) ||
	    memcmp(entry, anchor, anchor_size))
		return false;
	length = entry[length_at];
	if (length < min_length || length > SM_ENTRY_MAX ||
	    !probe->read_phys(probe->ctx, phys, entry, length))
		return false;
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + entry[i]);
	return !sum;
}

static struct smbios_table smbios_find(const struct img_probe *probe, uint64_t smbios3,
				       uint64_t smbios)
{
	uint8_t entry[SM_ENTRY_MAX];

	if (smbios_entry_read(probe, smbios3, "_SM3_", 5, SM3_LENGTH, SM3_MIN_LENGTH, entry))
		return (struct smbios_table){ img_load_le(entry + SM3_TABLE, 8),
					      img_load_le(entry + SM3_TABLE_MAX, 4) };
	if (smbios_entry_read(probe, smbios, "_SM_", 4, SM_LENGTH, SM_MIN_LENGTH, entry))
		return (struct smbios_table){ img_load_le(entry + SM_TABLE, 4),
					      img_load_le(entry + SM_TABLE_LENGTH, 2) };
	return (struct smbios_table){ 0, 0 };
}

/* The string area from `at` on: where the next structure begins; size if it has no end. */
static uint32_t smbios_strings_end(const uint8_t *table, uint32_t at, uint32_t size)
{
	for (; at + 1 < size; at++)
		if (!table[at] && !table[at + 1])
			return at + 2;
	return size;
}

/* Start of string `number`, counted from 1, within [at, end); its length; 0 if there is none. */
static uint32_t smbios_string(const uint8_t *table, uint32_t at, uint32_t end, uint32_t number,
			      uint32_t *ret_length)
{
	*ret_length = 0;
	if (!number)
		return at;
	while (--number) {
		while (at < end && table[at])
			at++;
		if (at == end)
			return at;
		at++;
	}
	while (at + *ret_length < end && table[at + *ret_length])
		++*ret_length;
	return at;
}

/* at, length, end: the structure's place, the size of its formatted area, where its strings end. */
static void smbios_add_system(struct img_fp *fp, const uint8_t *table, uint32_t at, uint32_t length,
			      uint32_t end)
{
	const uint8_t *system = table + at;
	uint32_t serial, size;

	if (length >= SMBIOS_UUID + SMBIOS_UUID_SIZE)
		img_fp_add(fp, IMG_FP_MACHINE_ID, SMBIOS_INDEX_UUID,
			   img_load_le(system + SMBIOS_UUID, 8),
			   img_load_le(system + SMBIOS_UUID + 8, 8));
	if (length <= SMBIOS_SERIAL)
		return;
	serial = smbios_string(table, at + length, end, system[SMBIOS_SERIAL], &size);
	img_fp_add(fp, IMG_FP_MACHINE_ID, SMBIOS_INDEX_SERIAL, img_port_xxh64(table + serial, size),
		   size);
}

void img_fp_add_smbios(struct img_fp *fp, const struct img_probe *probe, uint64_t smbios3,
		       uint64_t smbios, void *scratch)
{
	struct smbios_table t = smbios_find(probe, smbios3, smbios);
	uint32_t size = (uint32_t)img_min(t.size, IMG_ACPI_SCRATCH);
	const uint8_t *table = scratch;
	uint32_t at = 0;

	if (!t.phys || !size || !probe->read_phys(probe->ctx, t.phys, scratch, size))
		return;
	while (img_fits(at, SMBIOS_HEADER, size)) {
		uint32_t type = table[at], length = table[at + 1], end;

		if (type == SMBIOS_TYPE_END || length < SMBIOS_HEADER ||
		    !img_fits(at, length, size))
			return;
		end = smbios_strings_end(table, at + length, size);
		if (type == SMBIOS_TYPE_SYSTEM) {
			smbios_add_system(fp, table, at, length, end);
			return;
		}
		at = end;
	}
}

/* Comparing. */

static uint64_t item_key(const struct img_fp_item *item)
{
	return (uint64_t)item->field << 32 | item->index;
}

/* Insertion: the items come nearly sorted. */
void img_fp_sort(struct img_fp *fp)
{
	for (uint32_t i = 1; i < fp->count; i++) {
		struct img_fp_item item = fp->item[i];
		uint32_t to = i;

		for (; to && item_key(&fp->item[to - 1]) > item_key(&item); to--)
			fp->item[to] = fp->item[to - 1];
		fp->item[to] = item;
	}
}

/*
 * In the order of reporting: another machine may differ in anything, a processor
 * or memory more also changes ACPI tables, a device may, so the cause stands
 * before its consequence.
 */
struct fp_rule {
	uint32_t field;
	enum img_reason reason;
	uint64_t tolerance;
	const char *name;
	const char *word[2]; /* what value[0] and value[1] hold */
};

static const struct fp_rule rules[] = {
	{ IMG_FP_MACHINE_ID,
	  IMG_E_MACHINE_ID,
	  0,
	  "machine",
	  { "UUID or serial number", "UUID or serial number" } },
	{ IMG_FP_CPU_LEAF, IMG_E_CPU_MODEL, 0, "processor", { "eax, ebx", "ecx, edx" } },
	{ IMG_FP_CPU_COUNT, IMG_E_CPU_COUNT, 0, "number of processors", { "count", "" } },
	{ IMG_FP_RAM_BYTES, IMG_E_RAM_SIZE, IMG_RAM_TOLERANCE, "RAM", { "bytes", "" } },
	{ IMG_FP_PCI_DEVICE, IMG_E_PCI_DEVICES, 0, "PCI device", { "ids", "class, header type" } },
	{ IMG_FP_ACPI_TABLE,
	  IMG_E_ACPI_TABLES,
	  0,
	  "ACPI table",
	  { "signature, length", "digest" } },
};
#define NR_RULES (sizeof(rules) / sizeof(rules[0]))

static const struct fp_rule *rule_of(uint32_t field)
{
	for (size_t i = 0; i < NR_RULES; i++)
		if (rules[i].field == field)
			return &rules[i];
	return NULL;
}

const char *img_fp_field_name(uint32_t field)
{
	const struct fp_rule *rule = rule_of(field);

	return rule ? rule->name : "unknown field";
}

static enum img_reason refuse_missing(struct img_detail *detail, const struct fp_rule *rule,
				      const struct img_fp_item *golden)
{
	return IMG_REFUSE(detail, rule->reason, .object = rule->name, .field = "missing today",
			  .index = golden->index, .golden = golden->value[0]);
}

static enum img_reason refuse_new(struct img_detail *detail, const struct fp_rule *rule,
				  const struct img_fp_item *today)
{
	return IMG_REFUSE(detail, rule->reason, .object = rule->name, .field = "new today",
			  .index = today->index, .today = today->value[0]);
}

static enum img_reason compare_item(struct img_detail *detail, const struct fp_rule *rule,
				    const struct img_fp_item *golden,
				    const struct img_fp_item *today)
{
	for (size_t i = 0; i < 2; i++) {
		uint64_t a = golden->value[i], b = today->value[i];

		if ((a > b ? a - b : b - a) > rule->tolerance)
			return IMG_REFUSE(detail, rule->reason, .object = rule->name,
					  .field = rule->word[i], .index = golden->index,
					  .golden = a, .today = b);
	}
	return IMG_OK;
}

/* Merges both sides' items of one field; the first difference by index. */
static enum img_reason compare_field(const struct img_meta *golden, const struct img_fp *today,
				     const struct fp_rule *rule, struct img_detail *detail)
{
	uint64_t end = (uint64_t)rule->field << 32 | ALL;
	uint64_t i = 0;
	uint32_t j = 0;

	while (i < golden->nr_fp && img_meta_fp(golden, i).field < rule->field)
		i++;
	while (j < today->count && today->item[j].field < rule->field)
		j++;
	for (;; i++, j++) {
		const struct img_fp_item none = { .field = ALL, .index = ALL };
		struct img_fp_item a = i < golden->nr_fp ? img_meta_fp(golden, i) : none;
		struct img_fp_item b = j < today->count ? today->item[j] : none;
		enum img_reason reason;

		if (item_key(&a) > end && item_key(&b) > end)
			return IMG_OK;
		if (item_key(&a) < item_key(&b))
			return refuse_missing(detail, rule, &a);
		if (item_key(&b) < item_key(&a))
			return refuse_new(detail, rule, &b);
		reason = compare_item(detail, rule, &a, &b);
		if (reason != IMG_OK)
			return reason;
	}
}

/* A field that this program does not know cannot be said to be the same. */
static enum img_reason refuse_unknown(const struct img_meta *golden, const struct img_fp *today,
				      struct img_detail *detail)
{
	for (uint64_t i = 0; i < golden->nr_fp; i++) {
		struct img_fp_item item = img_meta_fp(golden, i);

		if (!rule_of(item.field))
			return IMG_REFUSE(detail, IMG_E_MACHINE_OTHER,
					  .object = img_fp_field_name(item.field),
					  .field = "missing today", .index = item.field,
					  .golden = item.value[0]);
	}
	for (uint32_t i = 0; i < today->count; i++)
		if (!rule_of(today->item[i].field))
			return IMG_REFUSE(detail, IMG_E_MACHINE_OTHER,
					  .object = img_fp_field_name(today->item[i].field),
					  .field = "new today", .index = today->item[i].field,
					  .today = today->item[i].value[0]);
	return IMG_OK;
}

enum img_reason img_fp_compare(const struct img_meta *golden, const struct img_fp *today,
			       struct img_detail *detail)
{
	if (today->overflow)
		return IMG_REFUSE(detail, IMG_E_MACHINE_OTHER, .object = "fingerprint",
				  .field = "items", .golden = golden->nr_fp,
				  .today = IMG_FP_MAX_ITEMS);
	for (size_t i = 0; i < NR_RULES; i++) {
		enum img_reason reason = compare_field(golden, today, &rules[i], detail);

		if (reason != IMG_OK)
			return reason;
	}
	return refuse_unknown(golden, today, detail);
}
