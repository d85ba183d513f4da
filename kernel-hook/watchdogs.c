// SPDX-License-Identifier: GPL-2.0-only
/*
 * A watchdog is the driver data of its device in the class (drivers/watchdog/watchdog_dev.c,
 * watchdog_cdev_register).  Its operations are called without the core's lock: every other caller
 * is frozen, except the core's own ping.  Process context.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kernfs.h>
#include <linux/magic.h>
#include <linux/namei.h>
#include <linux/printk.h>
#include <linux/watchdog.h>

#include "watchdogs.h"

#define MAX_WATCHDOGS 32 /* MAX_DOGS, drivers/watchdog/watchdog_core.h */

/* To be released with put_device; NULL: no watchdog has that number. */
static struct device *watchdog_device_get(unsigned int number)
{
	struct device *device = NULL;
	struct kernfs_node *node;
	struct path path;
	char name[48];

	snprintf(name, sizeof(name), "/sys/class/watchdog/watchdog%u", number);
	if (kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path))
		return NULL;
	if (path.dentry->d_sb->s_magic == SYSFS_MAGIC) {
		node = d_inode(path.dentry)->i_private;
		device = get_device(kobj_to_dev(node->priv));
	}
	path_put(&path);
	return device;
}

static bool is_to_run(const struct watchdog_device *watchdog)
{
	return test_bit(WDOG_ACTIVE, &watchdog->status) ||
	       test_bit(WDOG_HW_RUNNING, &watchdog->status);
}

/* The core sets a timeout of its own if the hardware does not support so long a one. */
static int watchdog_restart(struct watchdog_device *watchdog)
{
	const struct watchdog_ops *ops = watchdog->ops;
	int error;

	if (ops->stop)
		(void)ops->stop(watchdog);
	error = ops->start(watchdog);
	if (!error && ops->set_timeout && watchdog->timeout)
		(void)ops->set_timeout(watchdog, watchdog->timeout);
	return error;
}

void watchdogs_restart(void)
{
	struct watchdog_device *watchdog;
	struct device *device;
	unsigned int i;
	int error;

	for (i = 0; i < MAX_WATCHDOGS; i++) {
		device = watchdog_device_get(i);
		watchdog = device ? dev_get_drvdata(device) : NULL;
		if (watchdog && is_to_run(watchdog)) {
			error = watchdog_restart(watchdog);
			if (error)
				pr_warn("watchdog%u cannot be restarted: error %d\n", i, error);
			else
				pr_info("watchdog%u runs again, %u s\n", i, watchdog->timeout);
		}
		put_device(device);
	}
}
