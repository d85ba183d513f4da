// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtio bus resets each of its devices when it wakes them, and only the driver's `restore` can
 * set up its queues again (drivers/virtio/virtio.c, virtio_device_restore_priv).  Process context.
 */
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/virtio.h>

#include "devices.h"
#include "drivers.h"
#include "findings.h"

/*
 * Since 5.4 it has both callbacks and refuses in the first (fs/fuse/virtio_fs.c, virtio_fs_freeze).
 */
#define REFUSES_TO_FREEZE "virtiofs"

static bool comes_back(const struct virtio_driver *driver)
{
#ifdef CONFIG_PM_SLEEP
	return driver->freeze && driver->restore && strcmp(driver->driver.name, REFUSES_TO_FREEZE);
#else
	return true;
#endif
}

static int child_visit(struct device *device, void *findings)
{
	if (!device_is_on_bus(device, "virtio") || !device->driver ||
	    comes_back(container_of(device->driver, struct virtio_driver, driver)))
		return 0;
	finding_add(findings, "%s: %s, of %s", dev_name(device), device->driver->name,
		    dev_name(device->parent));
	return 0;
}

void gate_drivers(struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_DRIVER };
	struct pci_dev *pci = NULL;

	for_each_pci_dev(pci)
		(void)device_for_each_child(&pci->dev, &findings, child_visit);
	findings_close(&findings);
}
