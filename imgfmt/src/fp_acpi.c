// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * ACPI.  Offsets: ACPI 6.5, tables 5.3 (RSDP), 5.4 (header), 5.9 (FADT), 5.12 (FACS),
 * 5.19 (MADT).
 */
#include <imgfmt/fingerprint.h>

#include "internal.h"

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

/* Appends the table's address, so that a moved table counts as another one, and hashes. */
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
 * How many of a table's first bytes are digested.  BGRT describes the picture on the screen, which
 * depends on the path to the boot menu.
 */
static size_t acpi_digested(uint32_t signature, uint32_t length)
{
	if (signature == ACPI_SIG('B', 'G', 'R', 'T'))
		return 0;
	if (length > IMG_ACPI_SCRATCH - sizeof(img_le64))
		return ACPI_HEADER_SIZE;
	return length;
}

/* Adds one table; its length if all of it is now in the scratch buffer, else 0. */
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

/* The FACS changes all the time; its hardware signature changes with the hardware. */
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

/* The 64-bit address if the FADT has one. */
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
