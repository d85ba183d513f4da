// SPDX-License-Identifier: GPL-2.0-only
/*
 * A kretprobe, because the kernel is built without CONFIG_FUNCTION_ERROR_INJECTION, and 6.1 without
 * fprobe.  One at a time: snapshots are.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/security.h>

#include "lockdown.h"

/* NULL: the probe is not registered. */
static const struct task_struct *opener;

/* Not 0: the return of this call is left alone. */
static int lockdown_asked(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	return READ_ONCE(opener) != current ||
	       regs_get_kernel_argument(regs, 0) != LOCKDOWN_HIBERNATION;
}
NOKPROBE_SYMBOL(lockdown_asked);

static int lockdown_answered(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	regs_set_return_value(regs, 0);
	return 0;
}
NOKPROBE_SYMBOL(lockdown_answered);

static struct kretprobe probe;

bool lockdown_forbids(void)
{
	return security_locked_down(LOCKDOWN_HIBERNATION);
}

int lockdown_pass(void)
{
	int error;

	if (!lockdown_forbids())
		return 0;
	/* A kprobe cannot be registered again as it was left (kernel/kprobes.c, register_kprobe).
	 */
	probe = (struct kretprobe){
		.kp.symbol_name = "security_locked_down",
		.entry_handler = lockdown_asked,
		.handler = lockdown_answered,
	};
	error = register_kretprobe(&probe);
	if (error)
		return error;
	WRITE_ONCE(opener, current);
	/* Registered, and yet without effect: kprobes are disabled, or ftrace is. */
	if (!lockdown_forbids())
		return 0;
	(void)lockdown_end();
	return -EOPNOTSUPP;
}

bool lockdown_end(void)
{
	if (!READ_ONCE(opener))
		return true;
	WRITE_ONCE(opener, NULL);
	unregister_kretprobe(&probe);
	return !probe.nmissed && !probe.kp.nmissed;
}
