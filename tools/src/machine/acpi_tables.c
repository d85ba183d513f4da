// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sysfs has the tables' bytes, but neither the root table nor any address.  So a physical memory is
 * invented, in which imgfmt walks as the loader does: a root table that lists what sysfs shows in
 * the image's order, each table at an address of its own.  The FADT has the true addresses of the
 * FACS and the DSDT; the digests of the other tables cover the address, and are not compared.
 *
 *	RSDP -> root table -> FADT -> FACS, DSDT
 *			   -> MADT, ...
 */
#include "machine/acpi_tables.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "machine/fingerprint_item.h"

#define DIRECTORY  "/sys/firmware/acpi/tables"
#define MAX_TABLES 256u /* as many as imgfmt follows */

/* ACPI 6.5, tables 5.3 (RSDP), 5.4 (header), 5.9 (FADT). */
#define HEADER_SIZE 36u
#define LENGTH	    4u
#define RSDP_SIZE   36u
#define FADT_FACS   36u
#define FADT_DSDT   40u
#define FADT_X_FACS 132u
#define FADT_X_DSDT 140u

/* Invented addresses, beyond those of any processor. */
#define AT_RSDP	   (1ull << 60)
#define AT_ROOT	   (2ull << 60)
#define AT_TABLES  (3ull << 60)
#define AT_NOTHING (4ull << 60)
#define STRIDE	   (1ull << 32)

struct table {
	char signature[5];
	unsigned int instance; /* from 1 */
	char *data;
	size_t size;
	uint64_t phys;
	bool listed; /* in the root table */
};

struct acpi_tables {
	struct table table[MAX_TABLES];
	unsigned int nr;
	uint8_t rsdp[RSDP_SIZE];
	uint8_t root[HEADER_SIZE + 8 * MAX_TABLES];
	unsigned int nr_listed;
};

static void store_le(uint8_t *to, uint64_t value, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t load_le(const void *data, size_t at, unsigned int size)
{
	const uint8_t *from = (const uint8_t *)data + at;
	uint64_t value = 0;

	while (size--)
		value = value << 8 | from[size];
	return value;
}

static uint32_t signature_of(const struct table *table)
{
	return (uint32_t)load_le(table->signature, 0, 4);
}

static bool is_signature(uint32_t signature, const char *name)
{
	return signature == (uint32_t)load_le(name, 0, 4);
}

/* The FADT points to these, the root table does not. */
static bool is_below_fadt(uint32_t signature)
{
	return is_signature(signature, "FACS") || is_signature(signature, "DSDT");
}

/* drivers/acpi/sysfs.c: the signature, followed by a number if there are several. */
static bool parse_name(const char *name, struct table *table)
{
	char *end;

	if (strlen(name) < 4 || islower((unsigned char)name[0]) || name[0] == '.')
		return false;
	memcpy(table->signature, name, 4);
	table->signature[4] = '\0';
	table->instance = name[4] ? (unsigned int)strtoul(name + 4, &end, 10) : 1;
	return !name[4] || !*end;
}

void acpi_tables_add(struct acpi_tables *tables, const char *name, char *data, size_t size)
{
	struct table *table = &tables->table[tables->nr];

	if (tables->nr == MAX_TABLES || !parse_name(name, table)) {
		free(data);
		return;
	}
	table->data = data;
	table->size = size;
	table->phys = AT_TABLES + tables->nr++ * STRIDE;
}

static void read_table(const char *name, struct acpi_tables *tables)
{
	_cleanup_free_ char *path = io_system_path("%s/%s", DIRECTORY, name);
	char *data;
	size_t size;

	if (path && !io_read_file(path, IMG_ACPI_SCRATCH, &data, &size))
		acpi_tables_add(tables, name, data, size);
}

struct acpi_tables *acpi_tables_new(void)
{
	return calloc(1, sizeof(struct acpi_tables));
}

void acpi_tables_free(struct acpi_tables **tables)
{
	for (unsigned int i = 0; *tables && i < (*tables)->nr; i++)
		free((*tables)->table[i].data);
	free(*tables);
}

struct acpi_tables *acpi_tables_read(void)
{
	_cleanup_free_ char *path = io_system_path("%s", DIRECTORY);
	struct acpi_tables *tables = acpi_tables_new();
	DIR *dir = tables && path ? opendir(path) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		read_table(entry->d_name, tables);
	if (dir)
		(void)closedir(dir);
	return tables;
}

static struct table *find_table(struct acpi_tables *tables, uint32_t signature,
				unsigned int instance)
{
	for (unsigned int i = 0; i < tables->nr; i++) {
		if (signature_of(&tables->table[i]) == signature &&
		    tables->table[i].instance == instance)
			return &tables->table[i];
	}
	return NULL;
}

/* Prefers the FADT's 64-bit address. */
static void place_below_fadt(struct acpi_tables *tables, const char *signature, size_t narrow,
			     size_t wide)
{
	struct table *fadt = find_table(tables, (uint32_t)load_le("FACP", 0, 4), 1);
	struct table *table = find_table(tables, (uint32_t)load_le(signature, 0, 4), 1);
	uint64_t phys = 0;

	if (!fadt || !table)
		return;
	if (fadt->size >= wide + 8)
		phys = load_le(fadt->data, wide, 8);
	if (!phys && fadt->size >= narrow + 4)
		phys = load_le(fadt->data, narrow, 4);
	table->phys = phys ? phys : AT_NOTHING;
}

static void list(struct acpi_tables *tables, uint64_t phys)
{
	if (tables->nr_listed < MAX_TABLES)
		store_le(tables->root + HEADER_SIZE + 8 * (size_t)tables->nr_listed++, phys, 8);
}

/* How many tables of that signature the image has before its item `end`. */
static unsigned int count_before(const struct img_meta *meta, uint64_t end, uint32_t signature)
{
	unsigned int count = 0;

	for (uint64_t i = 0; i < end; i++) {
		const struct img_fp_item item = img_meta_fp(meta, i);

		count += item.field == IMG_FP_ACPI_TABLE && (uint32_t)item.value[0] == signature;
	}
	return count;
}

/*
 * A table that sysfs does not have is left out, because it is gone; one of several may be there
 * twice, which Linux shows once.
 */
static void list_like(const struct img_meta *meta, uint64_t i, struct acpi_tables *tables)
{
	uint32_t signature = (uint32_t)img_meta_fp(meta, i).value[0];
	unsigned int instance = count_before(meta, i, signature) + 1;
	struct table *table = find_table(tables, signature, instance);

	if (is_below_fadt(signature))
		return;
	if (table) {
		list(tables, table->phys);
		table->listed = true;
	} else if (instance > 1 || !signature) {
		list(tables, AT_NOTHING);
	}
}

/* In the image's order, with new tables at the end.  The first item is the root table itself. */
static void make_root(const struct img_meta *meta, struct acpi_tables *tables)
{
	for (uint64_t i = 0; i < meta->nr_fp; i++) {
		const struct img_fp_item item = img_meta_fp(meta, i);

		if (item.field == IMG_FP_ACPI_TABLE && item.index > 0)
			list_like(meta, i, tables);
	}
	for (unsigned int i = 0; i < tables->nr; i++) {
		const struct table *table = &tables->table[i];

		if (!table->listed && !is_below_fadt(signature_of(table)))
			list(tables, table->phys);
	}
	memcpy(tables->root, "XSDT", 4);
	store_le(tables->root + LENGTH, HEADER_SIZE + 8 * (uint64_t)tables->nr_listed, 4);
}

static void make_rsdp(struct acpi_tables *tables)
{
	uint8_t sum = 0;

	memcpy(tables->rsdp, "RSD PTR ", 8);
	tables->rsdp[15] = 2; /* revision */
	store_le(tables->rsdp + 24, AT_ROOT, 8);
	for (unsigned int i = 0; i < 20; i++)
		sum = (uint8_t)(sum + tables->rsdp[i]);
	tables->rsdp[8] = (uint8_t)-sum;
}

static bool copy_window(uint64_t at, const void *data, size_t there, uint64_t phys, void *to,
			size_t size)
{
	if (phys < at || phys - at > there || size > there - (phys - at))
		return false;
	memcpy(to, (const uint8_t *)data + (phys - at), size);
	return true;
}

static bool read_phys(void *ctx, uint64_t phys, void *to, size_t size)
{
	const struct acpi_tables *tables = ctx;

	if (copy_window(AT_RSDP, tables->rsdp, sizeof(tables->rsdp), phys, to, size) ||
	    copy_window(AT_ROOT, tables->root, sizeof(tables->root), phys, to, size))
		return true;
	for (unsigned int i = 0; i < tables->nr; i++) {
		const struct table *table = &tables->table[i];

		if (copy_window(table->phys, table->data, table->size, phys, to, size))
			return true;
	}
	return false;
}

static bool find_item(const struct img_meta *meta, uint32_t index, struct img_fp_item *ret_item)
{
	for (uint64_t i = 0; i < meta->nr_fp; i++) {
		*ret_item = img_meta_fp(meta, i);
		if (ret_item->field == IMG_FP_ACPI_TABLE && ret_item->index == index)
			return true;
	}
	return false;
}

/* Takes from the image what Linux does not show.  True: only the digest, the rest is the same. */
static bool pass_over(const struct img_meta *meta, struct img_fp_item *today, machine_gap_fn gap)
{
	struct img_fp_item golden;

	if (!find_item(meta, today->index, &golden))
		return false;
	if (today->index == 0 || !today->value[0]) {
		gap(fingerprint_item_describe(&golden).what, "Linux does not show it");
		*today = golden;
		return false;
	}
	if (today->value[0] != golden.value[0] || is_below_fadt((uint32_t)today->value[0]))
		return false;
	today->value[1] = golden.value[1];
	return true;
}

bool acpi_tables_fingerprint(struct acpi_tables *tables, const struct img_meta *meta,
			     struct img_fp *fp, void *scratch, machine_gap_fn gap)
{
	const struct img_probe probe = { .ctx = tables, .read_phys = read_phys };
	unsigned int unseen = 0;
	char what[64];

	if (!tables->nr)
		return false;
	place_below_fadt(tables, "FACS", FADT_FACS, FADT_X_FACS);
	place_below_fadt(tables, "DSDT", FADT_DSDT, FADT_X_DSDT);
	make_root(meta, tables);
	make_rsdp(tables);
	(void)img_fp_add_acpi(fp, &probe, AT_RSDP, scratch);
	for (uint32_t i = 0; i < fp->count; i++) {
		if (fp->item[i].field == IMG_FP_ACPI_TABLE)
			unseen += pass_over(meta, &fp->item[i], gap);
	}
	snprintf(what, sizeof(what), "the content of %u ACPI tables", unseen);
	if (unseen)
		gap(what, "its digest covers the address, which Linux does not show");
	return true;
}
