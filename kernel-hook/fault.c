// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters of fault injection.  They hold the step's number, not its name, so that they can
 * be read at any time without a lock.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "fault.h"

static const char *const fault_names[] = { [FAULT_NONE] = "",
#define FAULT_STEP_NAME(sym, name) [FAULT_##sym] = (name),
					   FAULT_STEPS(FAULT_STEP_NAME)
#undef FAULT_STEP_NAME
};

static enum fault_step fail_at;

static int fail_at_set(const char *text, const struct kernel_param *param)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fault_names); i++) {
		if (sysfs_streq(text, fault_names[i])) {
			WRITE_ONCE(fail_at, i);
			return 0;
		}
	}
	return -EINVAL;
}

static int fail_at_get(char *page, const struct kernel_param *param)
{
	return sysfs_emit(page, "%s\n", fault_names[READ_ONCE(fail_at)]);
}

static const struct kernel_param_ops fail_at_ops = { .set = fail_at_set, .get = fail_at_get };
module_param_cb(fail_at, &fail_at_ops, NULL, 0644);
MODULE_PARM_DESC(fail_at, "the step of a snapshot that fails; default: none");

static int fail_steps_get(char *page, const struct kernel_param *param)
{
	int at = 0;
	size_t i;

	for (i = FAULT_NONE + 1; i < ARRAY_SIZE(fault_names); i++)
		at += sysfs_emit_at(page, at, "%s\n", fault_names[i]);
	return at;
}

static int fail_steps_set(const char *text, const struct kernel_param *param)
{
	return -EPERM;
}

static const struct kernel_param_ops fail_steps_ops = {
	.set = fail_steps_set,
	.get = fail_steps_get,
};
module_param_cb(fail_steps, &fail_steps_ops, NULL, 0444);
MODULE_PARM_DESC(fail_steps, "the steps that fail_at accepts");

const char *fault_name(enum fault_step step)
{
	return fault_names[step];
}

bool fault_is_at(enum fault_step step)
{
	return unlikely(READ_ONCE(fail_at) == step);
}

int fault_at(enum fault_step step, struct report *report)
{
	if (!fault_is_at(step))
		return 0;
	return report_obstacle(report, IMG_E_FAULT, -EIO, "step %s", fault_names[step]);
}
