// SPDX-License-Identifier: GPL-2.0-or-later
/* What the machine is today, in the terms of the image's fingerprint. */
#include "machine.h"

#include "alloc.h"
#include "memmap.h"

#include <efipciio.h>

static void cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t ret_reg[4])
{
	(void)ctx;
	__asm__ volatile("cpuid"
			 : "=a"(ret_reg[0]), "=b"(ret_reg[1]), "=c"(ret_reg[2]), "=d"(ret_reg[3])
			 : "0"(leaf), "2"(subleaf));
}

static bool read_phys(void *ctx, uint64_t phys, void *to, size_t size)
{
	(void)ctx;
	memcpy(to, (const void *)phys, size);
	return true;
}

/* The address of a configuration table (UEFI 2.10, 4.6); 0: not found. */
static uint64_t find_table(const EFI_GUID *guid)
{
	const EFI_CONFIGURATION_TABLE *table = ST->ConfigurationTable;
	UINTN i;

	for (i = 0; i < ST->NumberOfTableEntries; i++) {
		if (memcmp(&table[i].VendorGuid, guid, sizeof(*guid)) == 0)
			return (uint64_t)table[i].VendorTable;
	}
	return 0;
}

static uint64_t find_rsdp(void)
{
	static const EFI_GUID acpi20 = ACPI_20_TABLE_GUID, acpi10 = ACPI_TABLE_GUID;
	uint64_t rsdp = find_table(&acpi20);

	return rsdp ? rsdp : find_table(&acpi10);
}

static void add_smbios(struct img_fp *fp, const struct img_probe *probe, void *scratch)
{
	static const EFI_GUID smbios3 = SMBIOS3_TABLE_GUID, smbios = SMBIOS_TABLE_GUID;

	img_fp_add_smbios(fp, probe, find_table(&smbios3), find_table(&smbios), scratch);
}

/* Configuration space, PCI Local Bus 3.0, 6.1. */
#define PCI_ID		 0x00
#define PCI_CLASS	 0x08
#define PCI_CACHE_HEADER 0x0c
#define PCI_BUS_NUMBERS	 0x18
#define PCI_SUBSYSTEM	 0x2c

struct pci_scan {
	struct img_fp *fp;
	EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL *io;
	bool bus[256]; /* to be scanned */
};

static uint32_t pci_read(const struct pci_scan *s, uint32_t bus, uint32_t devfn, uint32_t reg)
{
	uint64_t address = (uint64_t)bus << 24 | (devfn >> 3) << 16 | (devfn & 7) << 8 | reg;
	uint32_t value = ~0u;

	s->io->Pci.Read(s->io, EfiPciIoWidthUint32, address, 1, &value);
	return value;
}

/* False if the function does not exist.  *ret_multi: function 0 says that there are more. */
static bool scan_function(struct pci_scan *s, uint32_t bus, uint32_t devfn, bool *ret_multi)
{
	uint32_t id = pci_read(s, bus, devfn, PCI_ID), subsystem = 0;
	uint32_t header = pci_read(s, bus, devfn, PCI_CACHE_HEADER) >> 16 & 0xff;
	uint32_t type = header & 0x7f;

	if ((id & 0xffff) == 0xffff)
		return false;
	*ret_multi = header & 0x80;
	if (type == 0)
		subsystem = pci_read(s, bus, devfn, PCI_SUBSYSTEM);
	if (type == 1)
		s->bus[pci_read(s, bus, devfn, PCI_BUS_NUMBERS) >> 8 & 0xff] = true;
	img_fp_add_pci(s->fp, &(struct img_pci_id){
				      .segment = (uint16_t)s->io->SegmentNumber,
				      .bus = (uint8_t)bus,
				      .devfn = (uint8_t)devfn,
				      .vendor = (uint16_t)id,
				      .device = (uint16_t)(id >> 16),
				      .subvendor = (uint16_t)subsystem,
				      .subdevice = (uint16_t)(subsystem >> 16),
				      .class_revision = pci_read(s, bus, devfn, PCI_CLASS),
				      .header_type = (uint8_t)type,
			      });
	return true;
}

static void scan_bus(struct pci_scan *s, uint32_t bus)
{
	uint32_t device, function;
	bool multi, unused;

	for (device = 0; device < 32; device++) {
		if (!scan_function(s, bus, device << 3, &multi) || !multi)
			continue;
		for (function = 1; function < 8; function++)
			scan_function(s, bus, device << 3 | function, &unused);
	}
}

/* The root bridge's first bus, from an ACPI descriptor of bus numbers (UEFI 2.10, 14.2). */
static uint32_t root_bus(EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL *io)
{
	const uint8_t *d;

	if (EFI_ERROR(io->Configuration(io, (void **)&d)))
		return 0;
	for (; d[0] == 0x8a; d += 3 + (d[1] | d[2] << 8)) {
		if (d[3] == 2)
			return d[14];
	}
	return 0;
}

/* A bridge's own bus has a lower number than the buses below it: one pass upwards finds all. */
static void scan_root_bridge(struct img_fp *fp, EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL *io)
{
	struct pci_scan s = { .fp = fp, .io = io };
	uint32_t bus;

	s.bus[root_bus(io)] = true;
	for (bus = 0; bus < 256; bus++) {
		if (s.bus[bus])
			scan_bus(&s, bus);
	}
}

static void scan_pci(struct img_fp *fp)
{
	EFI_GUID guid = EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL_GUID;
	EFI_PCI_ROOT_BRIDGE_IO_PROTOCOL *io;
	EFI_HANDLE *handle;
	UINTN count, i;

	if (EFI_ERROR(BS->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handle)))
		return;
	for (i = 0; i < count; i++) {
		if (!EFI_ERROR(BS->HandleProtocol(handle[i], &guid, (void **)&io)))
			scan_root_bridge(fp, io);
	}
	BS->FreePool(handle);
}

enum img_reason machine_look(struct memory *memory, struct memmap *ret_map, struct img_fp *ret_fp)
{
	const struct img_probe probe = { .cpuid = cpuid, .read_phys = read_phys };
	void *scratch = alloc_pages(memory, IMG_ACPI_SCRATCH);
	enum img_reason reason;

	if (!scratch)
		return IMG_E_NO_MEMORY;
	reason = memmap_read(memory, ret_map);
	if (reason != IMG_OK)
		return reason;
	img_fp_init(ret_fp);
	img_fp_add_cpuid(ret_fp, &probe);
	img_fp_add(ret_fp, IMG_FP_RAM_BYTES, 0, img_memmap_ram(ret_map->range, ret_map->nr), 0);
	img_fp_add_acpi(ret_fp, &probe, find_rsdp(), scratch);
	add_smbios(ret_fp, &probe, scratch);
	scan_pci(ret_fp);
	img_fp_sort(ret_fp);
	return IMG_OK;
}
