// SPDX-License-Identifier: GPL-2.0-only
/*
 * Of those that have a parent, as disks of hardware have: the others are stacks (stacks.h).
 * Process context.
 */
#include <linux/blkdev.h>
#include <linux/string.h>

#include "devices.h"
#include "findings.h"
#include "remotes.h"

/* A transport class device between host and target (drivers/scsi/scsi_transport_iscsi.c). */
static bool is_iscsi(const struct device *device)
{
	unsigned int number;
	char more;

	for (; device; device = device->parent) {
		if (sscanf(dev_name(device), "session%u%c", &number, &more) == 1)
			return true;
	}
	return false;
}

/*
 * "pcie", or how its controller is reached (drivers/nvme/host/sysfs.c).  Where a namespace has
 * several controllers, each way to it is a hidden disk, and met in its turn.
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
	const struct device *parent = bdev->bd_device.parent;

	if (bdev_is_partition(bdev) || !parent)
		return NULL;
	if (is_iscsi(parent))
		return "iSCSI";
	if (is_nvme_of(bdev->bd_disk->disk_name))
		return "NVMe over Fabrics";
	return device_is_on_bus(parent, "rbd") ? "RADOS" : NULL;
}

void gate_remotes(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_REMOTE };
	char name[DEVICE_NAME_SIZE];
	struct block_device *bdev;
	struct device_walk walk;

	device_walk_begin(&walk, survey->any);
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
