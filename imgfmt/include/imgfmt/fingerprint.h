/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The machine fingerprint: a sorted list of (field, index, two words).  The module builds it when
 * the image is taken and the loader builds it again, both through these functions, so that it means
 * the same on both sides.  The caller reads the machine, through struct img_probe.
 */
#ifndef IMGFMT_FINGERPRINT_H
#define IMGFMT_FINGERPRINT_H

#include "reader.h"

enum img_fp_field {
	IMG_FP_CPU_LEAF = 1,   /* index: row of img_cpuid_rows; eax|ebx<<32, ecx|edx<<32, masked */
	IMG_FP_CPU_COUNT = 2,  /* enabled processors in the MADT; 0 */
	IMG_FP_RAM_BYTES = 3,  /* bytes of RAM; 0.  Compared within IMG_RAM_TOLERANCE */
	IMG_FP_ACPI_TABLE = 4, /* index: order of the walk; signature | length<<32, digest */
	IMG_FP_PCI_DEVICE = 5, /* index: segment<<16 | bus<<8 | devfn; ids, class and header */
	IMG_FP_MACHINE_ID =
		6, /* index 0: UUID of SMBIOS type 1; index 1: digest of its serial number */
};

/*
 * RAM is counted from firmware memory maps, whose boundaries with reserved memory move by pages
 * from boot to boot; memory modules come in larger steps.
 */
#define IMG_RAM_TOLERANCE (32ull << 20)

#define IMG_FP_MAX_ITEMS 1024u

/* Room for one ACPI table; both sides must offer the same. */
#define IMG_ACPI_SCRATCH (1u << 20)

struct img_fp {
	struct img_fp_item item[IMG_FP_MAX_ITEMS];
	uint32_t count;
	bool overflow; /* more items than room: the fingerprint is unusable */
};

struct img_probe {
	void *ctx;
	void (*cpuid)(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t ret_reg[4]);
	/* Copies physical memory; false if it cannot. */
	bool (*read_phys)(void *ctx, uint64_t phys, void *to, size_t size);
};

/*
 * The part of CPUID that is compared.  Register masks leave out bits that differ between processors
 * of one machine (APIC ids), that follow control registers (OSXSAVE, OSPKE), or that a microcode
 * update or a kernel's mitigation may change.
 */
struct img_cpuid_row {
	uint32_t leaf;
	uint32_t subleaf;
	uint32_t mask[4]; /* eax, ebx, ecx, edx */
};
extern const struct img_cpuid_row img_cpuid_rows[];
extern const uint32_t img_cpuid_nr_rows;

void img_fp_init(struct img_fp *fp);
void img_fp_add(struct img_fp *fp, uint32_t field, uint32_t index, uint64_t v0, uint64_t v1);
void img_fp_add_cpuid(struct img_fp *fp, const struct img_probe *probe);
/*
 * Walks RSDP -> XSDT -> tables, FADT -> DSDT, FACS (its hardware signature only) and counts the
 * processors of the MADT.  ACPI 6.5, 5.2.  The digest covers a table's address and bytes.  scratch:
 * IMG_ACPI_SCRATCH bytes; a larger table counts by its header only, BGRT by its address and length.
 * False: no usable RSDP.
 */
bool img_fp_add_acpi(struct img_fp *fp, const struct img_probe *probe, uint64_t rsdp_phys,
		     void *scratch);

/*
 * The machine's own UUID and serial number, which differ even between machines of one model: SMBIOS
 * 3.6, 7.2 (System Information).  smbios3, smbios: physical addresses of the entry points (5.2), 0
 * if absent; the 64-bit one is tried first.  scratch: IMG_ACPI_SCRATCH bytes.  Adds nothing without
 * a usable table.
 */
void img_fp_add_smbios(struct img_fp *fp, const struct img_probe *probe, uint64_t smbios3,
		       uint64_t smbios, void *scratch);

struct img_pci_id {
	uint16_t segment;
	uint8_t bus;
	uint8_t devfn;
	uint16_t vendor, device, subvendor, subdevice; /* subsystem ids: 0 for bridges */
	uint32_t class_revision;		       /* config space dword at 8 */
	uint8_t header_type;			       /* with the multi-function bit clear */
};
void img_fp_add_pci(struct img_fp *fp, const struct img_pci_id *id);

/* Sorts; call it once everything is added, before comparing or storing.  No recursion, in place. */
void img_fp_sort(struct img_fp *fp);

/* "processor", "number of processors", ...; never NULL. */
const char *img_fp_field_name(uint32_t field);

/*
 * Compares the image's fingerprint with today's.  detail: object is the field's name, index the
 * item's, golden and today the first differing word (0 on the side that lacks the item; field then
 * says "missing today" or "new today").
 */
enum img_reason img_fp_compare(const struct img_meta *golden, const struct img_fp *today,
			       struct img_detail *detail);

#endif
