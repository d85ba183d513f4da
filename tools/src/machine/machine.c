// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/machine.h"

#include <cpuid.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/io.h"
#include "machine/acpi_tables.h"
#include "machine/fingerprint_item.h"

/* Adds the image's items of a field. */
static void adopt(const struct img_meta *meta, uint32_t field, struct img_fp *fp,
		  machine_gap_fn gap, const char *why)
{
	bool found = false;

	for (uint64_t i = 0; i < meta->nr_fp; i++) {
		const struct img_fp_item item = img_meta_fp(meta, i);

		if (item.field != field)
			continue;
		img_fp_add(fp, item.field, item.index, item.value[0], item.value[1]);
		found = true;
	}
	if (found)
		gap(img_fp_field_name(field), why);
}

/* The processor. */

static void probe_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t ret_reg[4])
{
	(void)ctx;
	__cpuid_count(leaf, subleaf, ret_reg[0], ret_reg[1], ret_reg[2], ret_reg[3]);
}

/* Describes the boot processor, which the loader runs on; this one if that one is not allowed. */
static void add_processor(struct img_fp *fp)
{
	const struct img_probe probe = { .cpuid = probe_cpuid };
	cpu_set_t before, boot;
	bool moved = false;

	CPU_ZERO(&boot);
	CPU_SET(0, &boot);
	if (sched_getaffinity(0, sizeof(before), &before) == 0)
		moved = sched_setaffinity(0, sizeof(boot), &boot) == 0;
	img_fp_add_cpuid(fp, &probe);
	if (moved)
		(void)sched_setaffinity(0, sizeof(before), &before);
}

/* SMBIOS: sysfs gives the entry point and the table that it points to. */

#define SMBIOS_DIRECTORY "/sys/firmware/dmi/tables"
#define SMBIOS_ENTRY	 0x1000u /* the address given for the entry point */

struct smbios {
	char *entry, *table;
	size_t entry_size, table_size;
};

/* Reads zeroes after the end of either: the size in an entry point is an upper bound. */
static bool read_smbios(void *ctx, uint64_t phys, void *to, size_t size)
{
	const struct smbios *smbios = ctx;
	const char *from = phys == SMBIOS_ENTRY ? smbios->entry : smbios->table;
	size_t there = phys == SMBIOS_ENTRY ? smbios->entry_size : smbios->table_size;

	memset(to, 0, size);
	memcpy(to, from, there < size ? there : size);
	return true;
}

static int read_system_file(const char *directory, const char *name, char **ret_data,
			    size_t *ret_size)
{
	_cleanup_free_ char *path = io_system_path("%s/%s", directory, name);

	return path ? io_read_file(path, IMG_ACPI_SCRATCH, ret_data, ret_size) : -1;
}

static void add_smbios(const struct img_meta *meta, struct img_fp *fp, void *scratch,
		       machine_gap_fn gap)
{
	_cleanup_free_ char *entry = NULL, *table = NULL;
	struct smbios smbios = { 0 };
	const struct img_probe probe = { .ctx = &smbios, .read_phys = read_smbios };

	if (read_system_file(SMBIOS_DIRECTORY, "smbios_entry_point", &entry, &smbios.entry_size) ||
	    read_system_file(SMBIOS_DIRECTORY, "DMI", &table, &smbios.table_size)) {
		adopt(meta, IMG_FP_MACHINE_ID, fp, gap, "Linux does not show the SMBIOS table");
		return;
	}
	smbios.entry = entry;
	smbios.table = table;
	img_fp_add_smbios(fp, &probe, SMBIOS_ENTRY, SMBIOS_ENTRY, scratch);
}

/* PCI: configuration space as the loader reads it. */

#define PCI_DIRECTORY "/sys/bus/pci/devices"
#define PCI_HEADER    64u /* the part of configuration space that any user may read */

/* Virtual functions come and go with their driver, not with the machine. */
static bool is_virtual(const char *name)
{
	_cleanup_free_ char *path = io_system_path("%s/%s/physfn", PCI_DIRECTORY, name);
	char target[8];

	return path && readlink(path, target, sizeof(target)) >= 0;
}

static uint32_t load32(const uint8_t *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

/* Configuration space, PCI Local Bus 3.0, 6.1. */
static void add_function(const unsigned int place[4], const uint8_t *config, struct img_fp *fp)
{
	uint8_t type = config[0x0e] & 0x7f;
	uint32_t id = load32(config), subsystem = type == 0 ? load32(config + 0x2c) : 0;

	img_fp_add_pci(fp, &(struct img_pci_id){
				   .segment = (uint16_t)place[0],
				   .bus = (uint8_t)place[1],
				   .devfn = (uint8_t)(place[2] << 3 | place[3]),
				   .vendor = (uint16_t)id,
				   .device = (uint16_t)(id >> 16),
				   .subvendor = (uint16_t)subsystem,
				   .subdevice = (uint16_t)(subsystem >> 16),
				   .class_revision = load32(config + 8),
				   .header_type = type,
			   });
}

static int add_device(const char *name, struct img_fp *fp)
{
	_cleanup_free_ char *path = io_system_path("%s/%s/config", PCI_DIRECTORY, name);
	_cleanup_close_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	uint8_t config[PCI_HEADER];
	unsigned int place[4];

	if (sscanf(name, "%x:%x:%x.%x", &place[0], &place[1], &place[2], &place[3]) != 4 ||
	    is_virtual(name))
		return 0;
	if (fd < 0 || io_pread(fd, config, sizeof(config), 0))
		return fail_errno(FAIL_OPEN, "%s/%s/config", PCI_DIRECTORY, name);
	add_function(place, config, fp);
	return 0;
}

static int add_pci(const struct img_meta *meta, struct img_fp *fp, machine_gap_fn gap)
{
	_cleanup_free_ char *path = io_system_path("%s", PCI_DIRECTORY);
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;
	int status = 0;

	if (!dir) {
		adopt(meta, IMG_FP_PCI_DEVICE, fp, gap, "Linux shows no PCI devices");
		return 0;
	}
	while (!status && (entry = readdir(dir)))
		status = add_device(entry->d_name, fp);
	(void)closedir(dir);
	return status;
}

static void add_acpi(const struct img_meta *meta, struct img_fp *fp, void *scratch,
		     machine_gap_fn gap)
{
	static const char why[] = "Linux does not show the ACPI tables";
	_cleanup_acpi_tables_ struct acpi_tables *tables = acpi_tables_read();

	if (tables && acpi_tables_fingerprint(tables, meta, fp, scratch, gap))
		return;
	adopt(meta, IMG_FP_ACPI_TABLE, fp, gap, why);
	adopt(meta, IMG_FP_CPU_COUNT, fp, gap, why);
}

int machine_fingerprint(const struct img_meta *meta, const struct memmap *map,
			struct img_fp *ret_fp, machine_gap_fn gap)
{
	_cleanup_free_ void *scratch = malloc(IMG_ACPI_SCRATCH);
	int status;

	if (!scratch)
		return fail_errno(FAIL_NO_MEMORY, "the firmware's tables");
	img_fp_init(ret_fp);
	add_processor(ret_fp);
	img_fp_add(ret_fp, IMG_FP_RAM_BYTES, 0, img_memmap_ram(map->range, map->nr), 0);
	add_acpi(meta, ret_fp, scratch, gap);
	add_smbios(meta, ret_fp, scratch, gap);
	status = add_pci(meta, ret_fp, gap);
	img_fp_sort(ret_fp);
	return status;
}

uint64_t machine_runtime_services(const struct img_meta *meta, machine_gap_fn gap)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (read_system_file("/sys/firmware/efi", "runtime", &text, &size) == 0)
		return strtoull(text, NULL, 0);
	gap("the EFI runtime services table", "Linux does not show its address");
	return img_runtime_phys(meta);
}

bool machine_adopt_runtime_map(const struct img_meta *meta, struct memmap *map, machine_gap_fn gap)
{
	gap("the EFI runtime map", "Linux does not show it");
	for (uint64_t i = 0; i < meta->nr_rtmap; i++) {
		const struct img_rtregion region = img_meta_rtregion(meta, i);
		const struct img_memrange range = { .phys = region.phys,
						    .pages = region.pages,
						    .type = region.type,
						    .attribute = region.attribute };

		if (!memmap_put_runtime(map, &range))
			return false;
	}
	return true;
}
