// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver of a device that does not exist: it logs what a driver sees when devices
 * wake up, after the copy of memory and in a restored system.
 *
 *	witness: thaw mode=suspend	the machine keeps running
 *	witness: thaw mode=other	it is about to be switched off
 *	witness: thaw mode=unknown	this kernel does not say
 *	witness: restore
 */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/suspend.h>

#define NAME "pm_witness"

static struct platform_device *device;

static int witness_thaw(struct device *dev)
{
#ifdef HAVE_HIBERNATION_MODE
	pr_info("witness: thaw mode=%s\n", pm_hibernation_mode_is_suspend() ? "suspend" : "other");
#else
	pr_info("witness: thaw mode=unknown\n");
#endif
	return 0;
}

static int witness_restore(struct device *dev)
{
	pr_info("witness: restore\n");
	return 0;
}

static const struct dev_pm_ops witness_ops = {
	.thaw = witness_thaw,
	.restore = witness_restore,
};

static struct platform_driver driver = {
	.driver = { .name = NAME, .pm = &witness_ops },
};

static int __init witness_init(void)
{
	int error = platform_driver_register(&driver);

	if (error)
		return error;
	device = platform_device_register_simple(NAME, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	return 0;
}

static void __exit witness_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&driver);
}

module_init(witness_init);
module_exit(witness_exit);
MODULE_DESCRIPTION("logs what drivers see of a snapshot");
MODULE_LICENSE("GPL");
