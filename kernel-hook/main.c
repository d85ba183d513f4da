// SPDX-License-Identifier: GPL-2.0-only
/*
 * fastboot_snapshot: captures a running machine to a partition, for the loader
 * to bring back at every boot.  See docs/architecture.md; the story of a
 * snapshot is in snapshot.c.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/gfp.h>
#include <linux/module.h>

#include "hotplug.h"
#include "rival.h"
#include "sysfs.h"

static char *target;
module_param(target, charp, 0444);
MODULE_PARM_DESC(target, "PARTUUID of the partition for the image; default: the only one with "
			 "a fast-boot area");

/* The page that the loader leaves its message in; all zero until then. */
static struct img_handoff *handoff;

static int __init hook_init(void)
{
	int error;

	handoff = (struct img_handoff *)get_zeroed_page(GFP_KERNEL);
	if (!handoff)
		return -ENOMEM;
	error = hotplug_watch();
	if (error)
		goto err_handoff;
	error = rival_watch();
	if (error)
		goto err_hotplug;
	error = sysfs_create(target, handoff);
	if (error)
		goto err_rival;
	return 0;

err_rival:
	rival_unwatch();
err_hotplug:
	hotplug_unwatch();
err_handoff:
	free_page((unsigned long)handoff);
	return error;
}

static void __exit hook_exit(void)
{
	sysfs_remove();
	rival_unwatch();
	hotplug_unwatch();
	free_page((unsigned long)handoff);
}

module_init(hook_init);
module_exit(hook_exit);

MODULE_DESCRIPTION("Fast boot: snapshots of the running system");
MODULE_AUTHOR("The fast-boot project's maintainers");
MODULE_VERSION(HOOK_VERSION);
MODULE_LICENSE("GPL");
