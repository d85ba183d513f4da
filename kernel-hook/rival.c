// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel calls these notifiers before anybody opens /dev/snapshot for reading, or hibernates by
 * writing "disk" to /sys/power/state (kernel/power/user.c, hibernate.c).  Any context that may
 * sleep.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/compiler.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/suspend.h>

#include "rival.h"

static bool forbidden;
static const struct task_struct *us;

static int sleep_notice(struct notifier_block *block, unsigned long action, void *unused)
{
	if (action != PM_HIBERNATION_PREPARE || !READ_ONCE(forbidden) || READ_ONCE(us) == current)
		return NOTIFY_DONE;
	pr_warn("hibernation refused: the golden image would be restored instead; "
		"erase it first: echo invalidate >/sys/power/fastboot_snapshot\n");
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block watcher = { .notifier_call = sleep_notice };

int rival_watch(void)
{
	return register_pm_notifier(&watcher);
}

void rival_unwatch(void)
{
	unregister_pm_notifier(&watcher);
}

void rival_forbid(bool forbid)
{
	WRITE_ONCE(forbidden, forbid);
}

void rival_is_us(bool is)
{
	WRITE_ONCE(us, is ? current : NULL);
}
