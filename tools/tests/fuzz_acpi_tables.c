// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ACPI tables that Linux shows, compared with an image's.
 *
 * Input: the number of items in the image; each item's index, field, signature and length; then
 * tables until the end: signature, number, length in units of 2 bytes, bytes.
 * A signature is a byte that chooses one; four arbitrary bytes follow a 0.
 */
#include "fuzz_tool.h"

#include "machine/acpi_tables.h"

#define MAX_ITEMS 32u

static const char *const signatures[] = { NULL,	  "FACP", "FACS", "DSDT", "APIC",
					  "SSDT", "XSDT", "RSDT", "BGRT" };
#define NR_SIGNATURES (sizeof(signatures) / sizeof(signatures[0]))

static void gap(const char *what, const char *why)
{
	must(*what && *why);
}

static void take_signature(struct input *in, char to[5])
{
	const char *chosen = signatures[take(in, 1) % NR_SIGNATURES];

	memset(to, 0, 5);
	if (chosen)
		memcpy(to, chosen, 4);
	else
		take_bytes(in, to, 4);
}

/* The items of an image, in memory of exactly their size; the caller frees them. */
static struct img_fp_disk *take_items(struct input *in, uint64_t *ret_nr)
{
	uint64_t nr = take(in, 1) % MAX_ITEMS;
	struct img_fp_disk *items = calloc(nr + !nr, sizeof(*items));

	must(items != NULL);
	for (uint64_t i = 0; i < nr; i++) {
		char signature[5];

		items[i].index = img_put32((uint32_t)take(in, 1));
		items[i].field = img_put32(IMG_FP_ACPI_TABLE + (uint32_t)take(in, 1) % 2);
		take_signature(in, signature);
		memcpy(&items[i].value[0], signature, 4);
		((uint8_t *)&items[i].value[0])[4] = (uint8_t)take(in, 1);
	}
	*ret_nr = nr;
	return items;
}

static void take_table(struct input *in, struct acpi_tables *tables)
{
	char signature[5], *name;
	uint32_t number;
	size_t size;

	take_signature(in, signature);
	number = (uint32_t)take(in, 1);
	must(asprintf(&name, number ? "%s%u" : "%s", signature, number) >= 0);
	size = (size_t)take(in, 1) * 2;
	if (size > in->size)
		size = in->size;
	acpi_tables_add(tables, name, take_text(in, size), size);
	free(name);
}

static void check(const struct img_meta *meta, struct img_fp *fp)
{
	struct img_detail detail;

	must(fp->count && !fp->overflow);
	for (uint32_t i = 0; i < fp->count; i++)
		must(fp->item[i].field == IMG_FP_ACPI_TABLE ||
		     fp->item[i].field == IMG_FP_CPU_COUNT);
	img_fp_sort(fp);
	must(img_fp_compare(meta, fp, &detail) < IMG_REASON_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t scratch[IMG_ACPI_SCRATCH];
	static struct img_fp fp;
	struct input in = { data, size };
	struct acpi_tables *tables = acpi_tables_new();
	struct img_meta meta = { 0 };
	struct img_fp_disk *items = take_items(&in, &meta.nr_fp);

	must(tables != NULL);
	meta.fp = items;
	while (in.size)
		take_table(&in, tables);
	img_fp_init(&fp);
	if (acpi_tables_fingerprint(tables, &meta, &fp, scratch, gap))
		check(&meta, &fp);
	else
		must(!fp.count);
	acpi_tables_free(&tables);
	free(items);
	return 0;
}
