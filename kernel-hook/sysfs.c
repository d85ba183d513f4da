// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sysfs interface, and the lock that makes snapshots one at a time.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/capability.h>
#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "command.h"
#include "compat/compat.h"
#include "invalidate.h"
#include "report.h"
#include "request.h"
#include "rival.h"
#include "seal.h"
#include "snapshot.h"
#include "status.h"
#include "sysfs.h"
#include "target.h"
#include "timings.h"
#include "variables.h"

static struct {
	struct mutex lock; /* held for a whole snapshot; guards target */
	struct kobject *power;
	struct kobject directory; /* /sys/power/fastboot */
	struct completion directory_gone;
	/*
	 * A uevent needs a kset for its SUBSYSTEM; this one has no other use, and is not in sysfs
	 * itself.
	 */
	struct kset subsystem;
	struct img_handoff *handoff;
	char target[TARGET_NAME_SIZE]; /* see target_find */
	struct report report;
	spinlock_t status_lock;
	struct snapshot_status status;
} hook;

static void status_get(struct snapshot_status *ret_status)
{
	spin_lock(&hook.status_lock);
	*ret_status = hook.status;
	spin_unlock(&hook.status_lock);
}

static ssize_t fastboot_snapshot_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	struct snapshot_status status;

	status_get(&status);
	switch (status.state) {
	case SNAPSHOT_DONE:
		return sysfs_emit(page, "saved generation=%llu\n", status.generation);
	case SNAPSHOT_RESTORED:
		return sysfs_emit(page, "restored generation=%llu restores=%llu\n",
				  status.generation, status.restores);
	default:
		return sysfs_emit(page, "idle\n");
	}
}

static int command_run(char *text)
{
	struct snapshot_status status;
	struct command command;
	int error = command_parse(text, &command, &hook.report);

	if (error)
		return error;
	status_get(&status);
	if (command.invalidate)
		return invalidate_run(hook.target, command.slot, &status, &hook.report);
	return snapshot_run(
		&(struct snapshot_request){
			.level = command.level,
			.mode = command.mode,
			.description = command.description,
			.target = hook.target,
			.handoff = hook.handoff,
		},
		&status, &hook.report);
}

/* Runs the command with the module pinned and nobody else using it. */
static int command_run_alone(char *text)
{
	int error;

	/* Not in last_refusal: that belongs to the running one. */
	if (!mutex_trylock(&hook.lock)) {
		pr_warn("%s: %s\n", img_reason_code(IMG_E_GATE_BUSY),
			img_reason_sentence(IMG_E_GATE_BUSY));
		return -EBUSY;
	}
	if (try_module_get(THIS_MODULE)) {
		report_reset(&hook.report);
		error = command_run(text);
		module_put(THIS_MODULE);
	} else {
		error = -ENODEV;
	}
	mutex_unlock(&hook.lock);
	return error;
}

static ssize_t fastboot_snapshot_store(struct kobject *kobj, struct kobj_attribute *attr,
				       const char *input, size_t size)
{
	char *text;
	int error;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	text = kstrndup(input, size, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	error = command_run_alone(strim(text));
	kfree(text);
	return error ? error : size;
}

static struct kobj_attribute fastboot_snapshot_attr = __ATTR_RW(fastboot_snapshot);

static ssize_t target_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", hook.target);
}

static int target_set(const char *target)
{
	if (strlen(target) >= sizeof(hook.target))
		return -EINVAL;
	if (!mutex_trylock(&hook.lock))
		return -EBUSY;
	strscpy(hook.target, target, sizeof(hook.target));
	mutex_unlock(&hook.lock);
	return 0;
}

static ssize_t target_store(struct kobject *kobj, struct kobj_attribute *attr, const char *input,
			    size_t size)
{
	char *text = kstrndup(input, size, GFP_KERNEL);
	int error;

	if (!text)
		return -ENOMEM;
	error = target_set(strim(text));
	kfree(text);
	return error ? error : size;
}

static ssize_t last_refusal_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return report_show(&hook.report, page);
}

static ssize_t generation_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	struct snapshot_status status;

	status_get(&status);
	return sysfs_emit(page, "%llu\n", status.generation);
}

static ssize_t restore_count_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	struct snapshot_status status;

	status_get(&status);
	return sysfs_emit(page, "%llu\n", status.restores);
}

static ssize_t mode_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	struct snapshot_status status;

	status_get(&status);
	return sysfs_emit(page, "%s\n", request_mode_name(status.mode));
}

static ssize_t attempts_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	struct snapshot_status status;

	status_get(&status);
	return sysfs_emit(page, "%u\n", status.attempts);
}

static ssize_t loader_result_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return variables_loader_result(page, PAGE_SIZE - 1);
}

static ssize_t seal_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", seal_words());
}

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s format=%u\n", THIS_MODULE->version, IMG_VERSION);
}

static ssize_t timings_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	struct snapshot_status status;

	status_get(&status);
	return timings_emit(&status, page);
}

static struct kobj_attribute target_attr = __ATTR_RW(target);
static struct kobj_attribute last_refusal_attr = __ATTR_RO(last_refusal);
static struct kobj_attribute generation_attr = __ATTR_RO(generation);
static struct kobj_attribute restore_count_attr = __ATTR_RO(restore_count);
static struct kobj_attribute timings_attr = __ATTR_RO(timings);
static struct kobj_attribute mode_attr = __ATTR_RO(mode);
static struct kobj_attribute attempts_attr = __ATTR_RO(attempts);
static struct kobj_attribute loader_result_attr = __ATTR_RO(loader_result);
static struct kobj_attribute seal_attr = __ATTR_RO(seal);
static struct kobj_attribute version_attr = __ATTR_RO(version);

static struct attribute *directory_attrs[] = {
	&target_attr.attr,
	&last_refusal_attr.attr,
	&generation_attr.attr,
	&restore_count_attr.attr,
	&timings_attr.attr,
	&mode_attr.attr,
	&attempts_attr.attr,
	&loader_result_attr.attr,
	&seal_attr.attr,
	&version_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(directory);

static void directory_release(struct kobject *kobj)
{
	complete(&hook.directory_gone);
}

static const struct kobj_type directory_type = {
	.release = directory_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = directory_groups,
};

/* Never released: it is part of the module and was never registered. */
static const struct kobj_type subsystem_type = { .sysfs_ops = &kobj_sysfs_ops };

static int subsystem_init(void)
{
	INIT_LIST_HEAD(&hook.subsystem.list);
	spin_lock_init(&hook.subsystem.list_lock);
	kobject_init(&hook.subsystem.kobj, &subsystem_type);
	return kobject_set_name(&hook.subsystem.kobj, "fastboot");
}

static int directory_create(void)
{
	int error;

	init_completion(&hook.directory_gone);
	hook.directory.kset = &hook.subsystem;
	error = kobject_init_and_add(&hook.directory, &directory_type, hook.power, "fastboot");
	if (error) {
		kobject_put(&hook.directory);
		wait_for_completion(&hook.directory_gone);
	}
	return error;
}

static void directory_remove(void)
{
	kobject_put(&hook.directory);
	wait_for_completion(&hook.directory_gone);
}

static void announce_restored(const struct snapshot_status *status)
{
	char generation[40], restores[40], attempts[24], mode[24];
	char *environment[] = { "FASTBOOT=restored", generation, restores, attempts, mode, NULL };
	int error;

	snprintf(generation, sizeof(generation), "GENERATION=%llu", status->generation);
	snprintf(restores, sizeof(restores), "RESTORES=%llu", status->restores);
	snprintf(attempts, sizeof(attempts), "ATTEMPTS=%u", status->attempts);
	snprintf(mode, sizeof(mode), "MODE=%s", request_mode_name(status->mode));
	error = kobject_uevent_env(&hook.directory, KOBJ_CHANGE, environment);
	if (error)
		pr_warn("the uevent of the restore could not be sent: error %d\n", error);
	sysfs_notify(&hook.directory, NULL, "restore_count");
}

/* A restore is also announced by a uevent. */
static void status_publish(const struct snapshot_status *status)
{
	spin_lock(&hook.status_lock);
	hook.status = *status;
	spin_unlock(&hook.status_lock);
	rival_forbid(status->state != SNAPSHOT_IDLE && status->mode == IMG_MODE_GOLDEN);
	if (status->state == SNAPSHOT_RESTORED)
		announce_restored(status);
}

int sysfs_create(const char *target, struct img_handoff *handoff)
{
	int error;

	mutex_init(&hook.lock);
	spin_lock_init(&hook.status_lock);
	report_init(&hook.report);
	hook.handoff = handoff;
	hook.status.publish = status_publish;
	if (target && strscpy(hook.target, target, sizeof(hook.target)) < 0)
		return -EINVAL;
	hook.power = power_kobject_get();
	if (!hook.power)
		return -ENODEV;
	error = subsystem_init();
	if (error)
		return error;
	error = directory_create();
	if (error)
		goto err_subsystem;
	error = sysfs_create_file(hook.power, &fastboot_snapshot_attr.attr);
	if (error)
		goto err_directory;
	return 0;

err_directory:
	directory_remove();
err_subsystem:
	kobject_put(&hook.subsystem.kobj);
	return error;
}

void sysfs_remove(void)
{
	sysfs_remove_file(hook.power, &fastboot_snapshot_attr.attr);
	directory_remove();
	kobject_put(&hook.subsystem.kobj);
}
