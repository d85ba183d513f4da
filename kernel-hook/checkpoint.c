// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/snapshot from inside the kernel, with the same calls that a program would make.  Process
 * context of the task that wrote to sysfs, because the device accepts only its opener.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/major.h>
#include <linux/miscdevice.h>
#include <linux/suspend_ioctls.h>
#include <linux/uaccess.h>

#include "checkpoint.h"
#include "compat/compat.h"
#include "held.h"
#include "lockdown.h"
#include "rival.h"

static int open_refused(int error, bool pass, struct report *report)
{
	if (error == -EBUSY)
		return report_obstacle(report, IMG_E_GATE_BUSY, error,
				       "/dev/snapshot is in use by another program");
	if (error == -EPERM && !pass && lockdown_forbids())
		return report_obstacle(report, IMG_E_GATE_HIBERNATION, error, LOCKDOWN_ALONE);
	if (error == -EPERM)
		return report_obstacle(
			report, IMG_E_GATE_HIBERNATION, error,
			"nohibernate on the command line, or secret or CXL memory in use");
	if (error == -ENODEV)
		return report_obstacle(report, IMG_E_CAPTURE, error,
				       "/dev/snapshot is not the kernel's device: something is "
				       "mounted over it");
	if (error == -ENOENT)
		return report_obstacle(report, IMG_E_GATE_HIBERNATION, -EPERM,
				       "/dev/snapshot does not exist");
	return report_obstacle(report, IMG_E_CAPTURE, error,
			       "/dev/snapshot: error %d; a driver may have refused", error);
}

static int probe_failed(int error, struct report *report)
{
	return report_obstacle(report, IMG_E_GATE_SEAL_CIPHER, 0,
			       "a kretprobe on security_locked_down has no effect: error %d; see "
			       "kernel.ftrace_enabled and /sys/kernel/debug/kprobes/enabled",
			       error);
}

static struct file *device_open(void)
{
	struct file *device;

	rival_is_us(true);
	device = held_open_device("/dev/snapshot", O_RDONLY, MKDEV(MISC_MAJOR, SNAPSHOT_MINOR));
	rival_is_us(false);
	return device;
}

int checkpoint_open(struct checkpoint *checkpoint, bool pass, struct report *report)
{
	int error = pass ? lockdown_pass() : 0;
	struct file *device;
	bool asked;

	if (error)
		return probe_failed(error, report);
	device = device_open();
	asked = lockdown_end();
	if (device == ERR_PTR(-EPERM) && !asked)
		return probe_failed(-EAGAIN, report);
	if (IS_ERR(device))
		return open_refused(PTR_ERR(device), pass, report);
	*checkpoint = (struct checkpoint){ .device = device };
	return 0;
}

void checkpoint_close(struct checkpoint *checkpoint)
{
	/* The release runs on the way to user mode: before write(2) returns. */
	held_close(checkpoint->device);
	checkpoint->device = NULL;
}

int checkpoint_freeze(struct checkpoint *checkpoint, struct report *report)
{
	long error = device_ioctl(checkpoint->device, SNAPSHOT_FREEZE, 0);

	if (error)
		return report_obstacle(report, IMG_E_FREEZE, error,
				       "error %ld: a task refused (the kernel log names it), or a "
				       "wakeup event arrived",
				       error);
	checkpoint->frozen = true;
	return 0;
}

void checkpoint_thaw(struct checkpoint *checkpoint)
{
	if (!checkpoint->frozen)
		return;
	/* In this order: while it holds an image, the device refuses to thaw. */
	(void)device_ioctl(checkpoint->device, SNAPSHOT_FREE, 0);
	(void)device_ioctl(checkpoint->device, SNAPSHOT_UNFREEZE, 0);
	checkpoint->frozen = false;
}

enum checkpoint_outcome checkpoint_take(struct checkpoint *checkpoint, int __user *scratch,
					struct report *report)
{
	int in_suspend = -1;
	long error;

	/* Platform mode: without it ACPI events are dead after a restore. */
	error = device_ioctl(checkpoint->device, SNAPSHOT_PLATFORM_SUPPORT, 1);
	if (!error)
		error = device_ioctl(checkpoint->device, SNAPSHOT_CREATE_IMAGE,
				     (unsigned long)scratch);
	if (!error)
		error = get_user(in_suspend, scratch);
	if (error) {
		report_obstacle(report, IMG_E_CAPTURE, error, "error %ld%s", error,
				error == -ENOMEM ? ": not enough free memory for a second copy"
						 : "");
		return CHECKPOINT_FAILED;
	}
	return in_suspend ? CHECKPOINT_SAVED : CHECKPOINT_RESTORED;
}

int checkpoint_read(struct checkpoint *checkpoint, void __user *page)
{
	struct file *device = checkpoint->device;
	loff_t position = 0;
	ssize_t got = device->f_op->read(device, page, PAGE_SIZE, &position);

	if (got < 0)
		return got;
	return got == PAGE_SIZE ? 0 : -ENODATA;
}
