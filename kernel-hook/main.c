// SPDX-License-Identifier: GPL-2.0-only
/*
 * fastboot_snapshot: captures a running machine to a partition, for the loader
 * to restore at every boot.  See docs/architecture.md; the story of a
 * snapshot is in snapshot.c.
 *
 * The module's parts, X.c with X.h.  Includes and calls only go downwards; news goes
 * up through a function pointer that the receiver has set below (status.h).
 *
 *   main           loading and unloading
 *   sysfs          the files in /sys/power, and the lock around a command
 *   timings        the text of one of these files
 *   command        the words that another one accepts
 *
 *   snapshot       the story of a snapshot and of its restores
 *   invalidate     erasing images
 *   image          from the kernel's stream to the slot
 *   request        the request for a snapshot
 *   status         the status of the last image
 *   resume         what a restored machine needs before its tasks run
 *   refusal        a restored machine that must not continue
 *   watchdogs      hardware watchdogs, after a restore
 *
 *   gates          the conditions of a snapshot, in the order of the report
 *   gates_fs       file systems and partition tables
 *   gates_devices  claims on block devices, and their dirty pages
 *   gates_machine  firmware, kernel, taints, free memory
 *   hotplug        processors and memory that are plugged or unplugged
 *   caches         the page cache of block devices
 *   drivers        devices that do not survive sleep
 *   openers        programs that write past all file systems
 *   shares         file systems of a server or of the host
 *   stacks         block devices made of others
 *   remotes        disks of another machine
 *   swaps          swap space
 *   findings       what a gate finds, as one block of the report
 *
 *   pack           compressing pages and writing them, on many processors
 *   record         the sections next to the pages
 *   stream         the pages that /dev/snapshot gives
 *   checkpoint     the dialogue with that device
 *   seal           making an image unforgeable and unreadable
 *   lockdown       the kernel's ban on hibernation, and how sealed images pass it
 *   key            the page with the loader's key
 *   machine        the fingerprint and the processor's state
 *   proofs         the contents of the disks, for the loader to compare
 *   disks          whether the kernel's disks are still the same ones
 *   survey         the file systems, swap spaces and disks of the machine
 *
 *   slot, target   a slot for the image, and the area it is in
 *   mapped         areas on devices of device mapper, and in files
 *   backing        a file with an area
 *   extents        from its file system's answer to a map
 *   map            where the bytes of such a device or file are
 *   mapper         device mapper's devices and their tables
 *   shared         memory that the caller and the kernel both see
 *   volume         the bytes of an image area, wherever they are
 *   disk           direct reads and writes
 *   places         where a disk is plugged in, and which one it is
 *   devices        block devices, and how they are stacked
 *   variables      EFI variables, shared with the loader
 *   rival          hibernation by another program
 *   fault          making a step of a snapshot fail, for the tests
 *   report         obstacles as text and errno
 *   held           what an attempt has taken and must give back
 *   compat/        knowledge of single kernel versions
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/gfp.h>
#include <linux/module.h>

#include "hotplug.h"
#include "key.h"
#include "rival.h"
#include "sysfs.h"

static char *target;
module_param(target, charp, 0444);
MODULE_PARM_DESC(target, "PARTUUID of the partition for the image, the name in /dev/mapper of the "
			 "volume, or the path of the file; default: the only partition or volume "
			 "with a fast-boot area");

/* The page in which the loader leaves its message; all zero until then. */
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
	key_find();
	error = sysfs_create(target, handoff);
	if (error)
		goto err_key;
	return 0;

err_key:
	key_forget();
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
	key_forget();
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
