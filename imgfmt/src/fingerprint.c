// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The machine fingerprint: what is read of the machine (fp_*.c), and how two readings compare.  The
 * module and the loader both run these files, one to record and one to compare;
 * docs/image-format.md lists every field and mask.
 */
#include <imgfmt/fingerprint.h>

#include "internal.h"

#define ALL 0xffffffffu /* above every field and index */

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

static uint64_t item_key(const struct img_fp_item *item)
{
	return (uint64_t)item->field << 32 | item->index;
}

/* Insertion sort: the items arrive nearly sorted. */
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
 * In the order of reporting, each cause before its consequences: another machine may differ in
 * anything, one more processor or more memory also changes ACPI tables, and so may a device.
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

/* A field unknown to this program cannot be called unchanged. */
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
