// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine as the kernel sees it.  Process context.  Queries of the processor run on the boot
 * processor, which is the one that the loader sees and the one on which a restore returns.
 */
#include <linux/efi.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/special_insns.h>

#include "compat/x86.h"
#include "held.h"
#include "machine.h"

#define BOOT_CPU 0

static void probe_cpuid(void *context, uint32_t leaf, uint32_t subleaf, uint32_t ret_reg[4])
{
	cpuid_count(leaf, subleaf, &ret_reg[0], &ret_reg[1], &ret_reg[2], &ret_reg[3]);
}

static bool probe_read_phys(void *context, uint64_t phys, void *to, size_t size)
{
	void *mapped = held(memremap(phys, size, MEMREMAP_WB));

	if (!mapped)
		return false;
	memcpy(to, mapped, size);
	memunmap(unheld(mapped));
	return true;
}

static const struct img_probe probe = {
	.cpuid = probe_cpuid,
	.read_phys = probe_read_phys,
};

static void fingerprint_cpuid(void *fp)
{
	img_fp_add_cpuid(fp, &probe);
}

static u64 rsdp_phys(void)
{
	return efi.acpi20 != EFI_INVALID_TABLE_ADDR ? efi.acpi20 : efi.acpi;
}

/* An entry of the EFI configuration table; 0 if the firmware does not provide it. */
static u64 table_phys(unsigned long phys)
{
	return phys != EFI_INVALID_TABLE_ADDR ? phys : 0;
}

static int fingerprint_acpi(struct img_fp *fp, void *scratch, struct report *report)
{
	u64 rsdp = rsdp_phys();

	if (rsdp == EFI_INVALID_TABLE_ADDR)
		return report_obstacle(report, IMG_E_GATE_EFI, 0, "no ACPI tables");
	if (!img_fp_add_acpi(fp, &probe, rsdp, scratch))
		return report_obstacle(report, IMG_E_GATE_EFI, 0,
				       "the ACPI tables at %llx cannot be read", rsdp);
	return 0;
}

/* The firmware's tables. */
static int fingerprint_firmware(struct img_fp *fp, struct report *report)
{
	void *scratch = held_vzalloc(IMG_ACPI_SCRATCH);
	int error;

	if (!scratch)
		return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM,
				       "no memory for reading the firmware's tables");
	error = fingerprint_acpi(fp, scratch, report);
	if (!error)
		img_fp_add_smbios(fp, &probe, table_phys(efi.smbios3), table_phys(efi.smbios),
				  scratch);
	held_vfree(scratch);
	return error;
}

/*
 * Class and revision as in config space.  The kernel's copies, which quirks may have changed, are
 * used if a sleeping device does not answer.
 */
static u32 pci_class_revision(struct pci_dev *dev)
{
	u32 value = ~0u;

	if (pci_read_config_dword(dev, PCI_CLASS_REVISION, &value) || value == ~0u)
		return dev->class << 8 | dev->revision;
	return value;
}

static void fingerprint_pci(struct img_fp *fp)
{
	struct pci_dev *dev = NULL;

	for_each_pci_dev(dev) {
		bool has_subsystem = dev->hdr_type == PCI_HEADER_TYPE_NORMAL;
		struct img_pci_id id = {
			.segment = pci_domain_nr(dev->bus),
			.bus = dev->bus->number,
			.devfn = dev->devfn,
			.vendor = dev->vendor,
			.device = dev->device,
			.subvendor = has_subsystem ? dev->subsystem_vendor : 0,
			.subdevice = has_subsystem ? dev->subsystem_device : 0,
			.class_revision = pci_class_revision(dev),
			.header_type = dev->hdr_type,
		};

		/* Virtual functions come and go with their driver, not with the machine. */
		if (!dev->is_virtfn)
			img_fp_add_pci(fp, &id);
	}
}

static int ram_add(struct resource *range, void *sum)
{
	*(u64 *)sum += resource_size(range);
	return 0;
}

u64 machine_ram(void)
{
	u64 sum = 0;

	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1, &sum,
			    ram_add);
	return sum;
}

int machine_fingerprint(struct img_fp *fp, struct report *report)
{
	int error;

	img_fp_init(fp);
	error = smp_call_function_single(BOOT_CPU, fingerprint_cpuid, fp, 1);
	if (error)
		return report_obstacle(report, IMG_E_CAPTURE, error, "processor 0 is offline");
	error = fingerprint_firmware(fp, report);
	if (error)
		return error;
	fingerprint_pci(fp);
	img_fp_add(fp, IMG_FP_RAM_BYTES, 0, machine_ram(), 0);
	img_fp_sort(fp);
	if (fp->overflow)
		return report_obstacle(report, IMG_E_INDEX_FULL, 0,
				       "the machine has more than %u fingerprint items",
				       IMG_FP_MAX_ITEMS);
	return 0;
}

static void cpu_read(void *context)
{
	struct machine_cpu *cpu = context;

	cpu->cr0 = read_cr0();
	cpu->cr4 = __read_cr4();
	rdmsrq(MSR_EFER, cpu->efer);
	cpu->paging_levels = cpu->cr4 & X86_CR4_LA57 ? 5 : 4;
}

int machine_cpu(struct machine_cpu *ret_cpu, struct report *report)
{
	int error = smp_call_function_single(BOOT_CPU, cpu_read, ret_cpu, 1);

	if (error)
		return report_obstacle(report, IMG_E_CAPTURE, error, "processor 0 is offline");
	return 0;
}
