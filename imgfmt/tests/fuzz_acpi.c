// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The walk through the ACPI tables.
 *
 * Input: one byte of flags; a byte to add to the checksum of the RSDP; then physical memory,
 * starting at address 64.  Its first 36 bytes are the RSDP; the target corrects signature and
 * checksum unless the flags say otherwise.
 */
#include <sanitizer/asan_interface.h>

#include "fuzz.h"

#define BASE	   64u
#define RSDP_SIZE  36u
#define STALE	   4096u
#define MAX_TABLES 256u /* per root; an FADT has two more below it */
#define MAX_CPUS   (256u * IMG_ACPI_SCRATCH / 8)

#define RAW_RSDP 1u /* as in the input */
#define ENDLESS	 2u /* zeroes follow the memory; otherwise reads beyond it fail */

struct memory {
	uint8_t *byte;
	size_t size;
	uint32_t flags;
	uint8_t *scratch; /* exactly IMG_ACPI_SCRATCH bytes */
};

/*
 * Earlier tables leave bytes in the scratch buffer that do not belong to this one: makes ASan
 * report any access beyond the table and the address that is digested with it.
 */
static void forbid_stale(const struct memory *m, const uint8_t *to, size_t size)
{
	size_t end = size + sizeof(img_le64);

	if (to != m->scratch)
		return;
	ASAN_UNPOISON_MEMORY_REGION(to, end < IMG_ACPI_SCRATCH ? end : IMG_ACPI_SCRATCH);
	if (end + STALE <= IMG_ACPI_SCRATCH)
		ASAN_POISON_MEMORY_REGION(to + end, STALE);
}

static bool read_phys(void *ctx, uint64_t phys, void *to, size_t size)
{
	const struct memory *m = ctx;
	size_t there;

	must(size <= IMG_ACPI_SCRATCH);
	forbid_stale(m, to, size);
	if (phys < BASE || phys + size < phys)
		return false;
	phys -= BASE;
	if (!(m->flags & ENDLESS) && (phys > m->size || size > m->size - phys))
		return false;
	there = phys < m->size ? m->size - phys : 0;
	if (there > size)
		there = size;
	memcpy(to, m->byte + (there ? phys : 0), there);
	memset((uint8_t *)to + there, 0, size - there);
	return true;
}

/* Sets the byte at 8 so that the first 20 bytes add up to `sum`. */
static void put_rsdp(uint8_t *rsdp, uint8_t sum)
{
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[8] = 0;
	for (uint32_t i = 0; i < 20; i++)
		sum = (uint8_t)(sum - rsdp[i]);
	rsdp[8] = sum;
}

static void check_items(const struct img_fp *fp)
{
	must(fp->count <= 2 + 3 * MAX_TABLES && !fp->overflow);
	for (uint32_t i = 0; i < fp->count; i++) {
		const struct img_fp_item *item = &fp->item[i];

		if (item->field == IMG_FP_CPU_COUNT)
			must(i == fp->count - 1 && item->index == 0 && item->value[0] <= MAX_CPUS);
		else
			must(item->field == IMG_FP_ACPI_TABLE && item->index == i);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct img_fp fp;
	static uint8_t *scratch;
	struct input in = { data, size };
	struct memory m = { .flags = (uint32_t)take(&in, 1) };
	const struct img_probe probe = { &m, NULL, read_phys };
	uint8_t sum = (uint8_t)take(&in, 1);

	if (!scratch)
		scratch = malloc(IMG_ACPI_SCRATCH);
	m.scratch = scratch;
	m.size = in.size;
	m.byte = malloc(m.size + 1);
	must(m.byte && scratch);
	take_bytes(&in, m.byte, m.size);
	if (!(m.flags & RAW_RSDP) && m.size >= RSDP_SIZE)
		put_rsdp(m.byte, sum);
	img_fp_init(&fp);
	must(img_fp_add_acpi(&fp, &probe, BASE, scratch) || !fp.count);
	check_items(&fp);
	free(m.byte);
	return 0;
}
