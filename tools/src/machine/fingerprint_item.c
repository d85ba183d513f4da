// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/fingerprint_item.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

static uint32_t low(uint64_t v)
{
	return (uint32_t)v;
}

static uint32_t high(uint64_t v)
{
	return (uint32_t)(v >> 32);
}

static void describe_cpu_leaf(const struct img_fp_item *item, struct fingerprint_item_text *text)
{
	if (item->index < img_cpuid_nr_rows)
		snprintf(text->what, sizeof(text->what), "CPUID %08" PRIx32 ".%" PRIx32,
			 img_cpuid_rows[item->index].leaf, img_cpuid_rows[item->index].subleaf);
	snprintf(text->value, sizeof(text->value),
		 "eax %08" PRIx32 " ebx %08" PRIx32 " ecx %08" PRIx32 " edx %08" PRIx32,
		 low(item->value[0]), high(item->value[0]), low(item->value[1]),
		 high(item->value[1]));
}

static void describe_acpi_table(const struct img_fp_item *item, struct fingerprint_item_text *text)
{
	uint32_t signature = low(item->value[0]);
	char name[5] = { (char)signature, (char)(signature >> 8), (char)(signature >> 16),
			 (char)(signature >> 24), 0 };

	text_printable(name);
	snprintf(text->what, sizeof(text->what), "ACPI table %" PRIu32 ", %s", item->index, name);
	snprintf(text->value, sizeof(text->value), "%" PRIu32 " bytes, digest %016" PRIx64,
		 high(item->value[0]), item->value[1]);
}

static void describe_pci_device(const struct img_fp_item *item, struct fingerprint_item_text *text)
{
	snprintf(text->what, sizeof(text->what),
		 "PCI device %04" PRIx32 ":%02" PRIx32 ":%02" PRIx32 ".%" PRIx32, item->index >> 16,
		 item->index >> 8 & 0xff, item->index >> 3 & 0x1f, item->index & 7);
	snprintf(text->value, sizeof(text->value),
		 "%04" PRIx64 ":%04" PRIx64 " subsystem %04" PRIx64 ":%04" PRIx64
		 " class %06" PRIx32 " revision %02" PRIx32 " header %02" PRIx32,
		 item->value[0] & 0xffff, item->value[0] >> 16 & 0xffff,
		 item->value[0] >> 32 & 0xffff, item->value[0] >> 48, low(item->value[1]) >> 8,
		 low(item->value[1]) & 0xff, high(item->value[1]));
}

/* SMBIOS 3.6, 7.2.1: the UUID's first three fields are little-endian, as in a GPT. */
static void describe_machine_id(const struct img_fp_item *item, struct fingerprint_item_text *text)
{
	uint8_t uuid[16];

	if (item->index != 0) {
		snprintf(text->what, sizeof(text->what), "serial number");
		snprintf(text->value, sizeof(text->value), "%" PRIu64 " bytes, digest %016" PRIx64,
			 item->value[1], item->value[0]);
		return;
	}
	for (size_t i = 0; i < sizeof(uuid); i++)
		uuid[i] = (uint8_t)(item->value[i / 8] >> 8 * (i % 8));
	snprintf(text->what, sizeof(text->what), "machine UUID");
	snprintf(text->value, sizeof(text->value), "%s", text_guid(uuid).s);
}

struct fingerprint_item_text fingerprint_item_describe(const struct img_fp_item *item)
{
	struct fingerprint_item_text text;

	snprintf(text.what, sizeof(text.what), "%s %" PRIu32, img_fp_field_name(item->field),
		 item->index);
	snprintf(text.value, sizeof(text.value), "%016" PRIx64 " %016" PRIx64, item->value[0],
		 item->value[1]);
	switch (item->field) {
	case IMG_FP_CPU_LEAF:
		describe_cpu_leaf(item, &text);
		break;
	case IMG_FP_CPU_COUNT:
		snprintf(text.what, sizeof(text.what), "processors");
		snprintf(text.value, sizeof(text.value), "%" PRIu64, item->value[0]);
		break;
	case IMG_FP_RAM_BYTES:
		snprintf(text.what, sizeof(text.what), "memory");
		snprintf(text.value, sizeof(text.value), "%s", text_size(item->value[0]).s);
		break;
	case IMG_FP_ACPI_TABLE:
		describe_acpi_table(item, &text);
		break;
	case IMG_FP_PCI_DEVICE:
		describe_pci_device(item, &text);
		break;
	case IMG_FP_MACHINE_ID:
		describe_machine_id(item, &text);
		break;
	default:
		break;
	}
	return text;
}
