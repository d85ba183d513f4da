// SPDX-License-Identifier: GPL-2.0-only
/*
 * Above a disk's device is what it is plugged into, up to a PCI function.  Process context.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <scsi/scsi_device.h>
#include <imgfmt/imgfmt.h>

#include "devices.h"
#include "places.h"

/* False: not this kind, or unknown. */
static bool nvme_unit(struct block_device *whole, u64 *ret_unit)
{
	char text[16];

	return !device_sysfs_text(text, sizeof(text), "/sys/block/%s/nsid",
				  whole->bd_disk->disk_name) &&
	       !kstrtou64(text, 10, ret_unit);
}

/* The port of an ATA controller, counted from 0; the kernel counts from 1 (drivers/ata/libata). */
static bool ata_port(const struct device *device, u64 *ret_port)
{
	unsigned int number;
	char text[16];

	while (device && !dev_is_pci(device) && sscanf(dev_name(device), "ata%u", &number) != 1)
		device = device->parent;
	if (!device || dev_is_pci(device) ||
	    device_sysfs_text(text, sizeof(text), "/sys/class/ata_port/ata%u/port_no", number) ||
	    kstrtou64(text, 10, ret_port) || !*ret_port)
		return false;
	(*ret_port)--;
	return true;
}

static u64 place_at(const struct pci_dev *pci, enum img_place_kind kind, u64 unit)
{
	int segment = pci_domain_nr(pci->bus);

	/* The firmware does not know a domain that the kernel has invented (VMD). */
	if (segment > U16_MAX)
		return 0;
	return img_place(segment, pci->bus->number, pci->devfn, kind, unit);
}

/* Firmware has its own numbers for the disks of an array, or of a SAS controller. */
static bool has_ports(const struct pci_dev *pci)
{
	return pci->class == PCI_CLASS_STORAGE_SATA_AHCI ||
	       pci->class >> 8 == PCI_CLASS_STORAGE_IDE;
}

static bool is_behind_virtio(const struct device *device)
{
	for (; device && !dev_is_pci(device); device = device->parent) {
		if (device_is_on_bus(device, "virtio"))
			return true;
	}
	return false;
}

static u64 scsi_place(const struct device *device, const struct pci_dev *pci)
{
	unsigned int host, channel, target;
	u64 lun, port;

	if (sscanf(dev_name(device), "%u:%u:%u:%llu", &host, &channel, &target, &lun) != 4)
		return 0;
	if (has_ports(pci) && ata_port(device, &port))
		return place_at(pci, IMG_PLACE_ATA, port << 12 | (u64)channel << 4 | target);
	if (!is_behind_virtio(device) || channel || lun >> 14)
		return 0;
	return place_at(pci, IMG_PLACE_SCSI, (u64)target << 14 | lun);
}

/* The first byte is the lowest, as in the firmware's device path. */
static u64 nvme_identity(struct block_device *whole)
{
	char text[32];
	u8 byte[8] __aligned(8);

	if (device_sysfs_text(text, sizeof(text), "/sys/block/%s/eui", whole->bd_disk->disk_name) ||
	    sscanf(text, "%2hhx %2hhx %2hhx %2hhx %2hhx %2hhx %2hhx %2hhx", &byte[0], &byte[1],
		   &byte[2], &byte[3], &byte[4], &byte[5], &byte[6], &byte[7]) != 8)
		return 0;
	return le64_to_cpup((const __le64 *)byte);
}

/*
 * libata builds page 0x80 of the vital product data from the disk's own answer: the head of a page,
 * and the serial number in readable order (drivers/ata/libata-scsi.c, ata_scsiop_inq_80).
 */
#define VPD_HEAD 4

static u64 ata_identity(struct scsi_device *disk)
{
	const struct scsi_vpd *page;
	u64 identity = 0;

	rcu_read_lock();
	page = rcu_dereference(disk->vpd_pg80);
	if (page && page->len >= VPD_HEAD + IMG_ATA_SERIAL_SIZE &&
	    page->data[VPD_HEAD - 1] == IMG_ATA_SERIAL_SIZE)
		identity = img_ata_identity(page->data + VPD_HEAD);
	rcu_read_unlock();
	return identity;
}

/*
 * The PCI function above; NULL also if USB comes first, because firmware numbers its ports
 * differently.
 */
static struct pci_dev *pci_above(struct device *device)
{
	for (; device && !device_is_on_bus(device, "usb"); device = device->parent) {
		if (dev_is_pci(device))
			return to_pci_dev(device);
	}
	return NULL;
}

u64 place_of(struct block_device *whole)
{
	struct device *device = whole->bd_device.parent;
	struct pci_dev *pci = pci_above(device);
	u64 unit;

	if (!pci)
		return 0;
	if (device_is_on_bus(device, "virtio"))
		return place_at(pci, IMG_PLACE_CONTROLLER, 0);
	if (device_is_on_bus(device, "scsi"))
		return scsi_place(device, pci);
	if (nvme_unit(whole, &unit))
		return place_at(pci, IMG_PLACE_NVME, unit);
	return 0;
}

u64 place_identity(struct block_device *whole, u64 place)
{
	switch (img_place_kind(place)) {
	case IMG_PLACE_ATA:
		return ata_identity(to_scsi_device(whole->bd_device.parent));
	case IMG_PLACE_NVME:
		return nvme_identity(whole);
	default:
		return 0;
	}
}
