// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks at disks that have a parent, as hardware disks have: the others are stacks (stacks.h).
 * Process context.
 */
#include <linux/blkdev.h>
#include <linux/string.h>

#include "devices.h"
#include "findings.h"
#include "remotes.h"

/*
 * The device above a disk that identifies the protocol: a session
 * (drivers/scsi/scsi_transport_iscsi.c), a controller whose ports are elsewhere
 * (drivers/usb/usbip/vhci_hcd.c), RADOS's own bus.
 */
static const char *protocol_above(const struct device *device)
{
	unsigned int number;
	char more;

	for (; device; device = device->parent) {
		if (sscanf(dev_name(device), "session%u%c", &number, &more) == 1)
			return "iSCSI";
		if (sscanf(dev_name(device), "vhci_hcd.%u%c", &number, &more) == 1)
			return "USB/IP";
		if (device_is_on_bus(device, "rbd"))
			return "RADOS";
	}
	return NULL;
}

/*
 * The transport is "pcie" or the fabric that leads to the controller (drivers/nvme/host/sysfs.c).
 * Where a namespace has several controllers, each path to it is a hidden disk, visited in its turn.
 */
static bool is_nvme_of(const char *name)
{
	char transport[16];

	return !strncmp(name, "nvme", strlen("nvme")) &&
	       !device_sysfs_text(transport, sizeof(transport), "/sys/block/%s/device/transport",
				  name) &&
	       strcmp(transport, "pcie");
}

static const char *protocol_of(struct block_device *bdev)
{
	if (bdev_is_partition(bdev))
		return NULL;
	if (is_nvme_of(bdev->bd_disk->disk_name))
		return "NVMe over Fabrics";
	return protocol_above(bdev->bd_device.parent);
}

void gate_remotes(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_REMOTE };
	char name[DEVICE_NAME_SIZE];
	struct block_device *bdev;
	struct device_walk walk;

	device_walk_begin(&walk, survey->anchor);
	while ((bdev = device_walk_next(&walk))) {
		const char *protocol = protocol_of(bdev);

		if (!protocol)
			continue;
		device_name(bdev, name);
		finding_add(&findings, "%s, by %s", name, protocol);
	}
	device_walk_end(&walk);
	findings_close(&findings);
}
