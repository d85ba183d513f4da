// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hardware disk has a parent: what it is plugged into.  A disk without one is made of other
 * devices, or only of memory.  Process context.
 */
#include <linux/blkdev.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "arrays.h"
#include "devices.h"
#include "findings.h"
#include "layers.h"
#include "stacks.h"

/* md marks an array clean 0.2 s after the last write, unless safe_mode_delay is another. */
#define CLEAN_MS 1000
#define STEP_MS	 20

static bool is_mapper(const struct block_device *bdev)
{
	return device_name_is_numbered(bdev->bd_disk->disk_name, "dm-");
}

/*
 * A loop device keeps only where its file is; that file's file system is checked by its own gate.
 */
static bool has_hardware(struct block_device *bdev)
{
	const char *name = bdev->bd_disk->disk_name;

	return bdev_is_partition(bdev) || bdev->bd_device.parent || device_name_is_memory(name) ||
	       device_name_is_numbered(name, "loop");
}

/* A device of device mapper without a size may have a table that waits, with a key in it. */
static bool is_stack(struct block_device *bdev)
{
	return !has_hardware(bdev) && (bdev_nr_sectors(bdev) || is_mapper(bdev));
}

/* Assembled but not run, it has no size; but it has read its members' superblocks. */
static bool is_waiting_array(struct block_device *bdev)
{
	return !has_hardware(bdev) && !bdev_nr_sectors(bdev) && array_has_members(bdev);
}

__printf(2, 3) static void stack_fail(struct survey_stack *stack, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vscnprintf(stack->why, sizeof(stack->why), format, args);
	va_end(args);
}

/* All others keep a state in memory, of which a disk shows nothing, or not enough. */
static bool target_is_followed(const char *type)
{
	return !strcmp(type, "linear") || !strcmp(type, "striped") || !strcmp(type, "crypt") ||
	       !strcmp(type, "verity") || !strcmp(type, "error") || !strcmp(type, "zero");
}

/* cryptsetup's (lib/libdevmapper.c): "CRYPT-" and the kind of header. */
static bool uuid_is(const struct mapper_device *device, const char *prefix)
{
	return str_has_prefix(device->uuid, prefix);
}

static bool is_luks(const struct mapper_device *device)
{
	return uuid_is(device, "CRYPT-LUKS1-") || uuid_is(device, "CRYPT-LUKS2-");
}

/* The key of a plain one is in no header; nor is one that was set up by hand. */
static bool crypt_is_known(const struct mapper_device *device)
{
	return is_luks(device) || uuid_is(device, "CRYPT-PLAIN-") || !device->uuid[0];
}

/* A table set up by hand or by kpartx can be another after the next boot, and nothing shows it. */
static bool is_described(const struct mapper_device *device, const char *type)
{
	return uuid_is(device, "LVM-") || (strcmp(type, "linear") && strcmp(type, "striped"));
}

static void segment_judge(const struct mapper_device *device, const struct mapper_segment *segment,
			  struct survey_stack *stack)
{
	if (!strcmp(segment->type, "crypt")) {
		stack->crypt = true;
		if (!crypt_is_known(device))
			stack_fail(stack, "%.16s, whose header is not known", device->uuid);
	}
	if (!target_is_followed(segment->type))
		stack_fail(stack, "target %s", segment->type);
	else if (!is_described(device, segment->type))
		stack_fail(stack, "target %s, and no disk has its table", segment->type);
}

static void mapper_judge(const struct mapper *mapper, dev_t number, struct survey_stack *stack)
{
	const struct mapper_device *device = mapper_find(mapper, number);
	unsigned int i;

	if (mapper->error)
		stack_fail(stack, "device mapper's tables cannot be read: error %d", mapper->error);
	else if (!device)
		stack_fail(stack, "device mapper does not list it");
	else if (device->suspended)
		stack_fail(stack, "suspended");
	else if (!device->nr)
		stack_fail(stack, "it has no table");
	for (i = 0; device && i < device->nr; i++)
		segment_judge(device, &mapper->segment[device->first + i], stack);
}

static void stack_add(struct survey *survey, struct block_device *bdev)
{
	struct survey_stack *stack = &survey->stack[survey->nr_stacks];

	if (survey->nr_stacks == SURVEY_MAX_STACKS) {
		survey->more = true;
		return;
	}
	survey->nr_stacks++;
	stack->device = bdev->bd_dev;
	if (is_mapper(bdev))
		mapper_judge(survey->mapper, bdev->bd_dev, stack);
	else if (device_is_array(bdev))
		array_judge(bdev, stack);
	else if (device_name_is_numbered(bdev->bd_disk->disk_name, "bcache"))
		stack_fail(stack, "it keeps its own state in memory");
	else
		stack->other = true;
}

static const char *lower_sources_take(struct survey *survey, struct block_device *bdev,
				      const struct survey_source *source)
{
	struct block_device *lower;
	struct device_walk walk;
	const char *why = NULL;

	device_walk_begin(&walk, survey->anchor);
	while (!why && (lower = device_walk_lower(&walk, bdev)))
		why = layers_take(survey, lower, source);
	device_walk_end(&walk);
	return why;
}

static const char *verity_take(struct survey *survey, const struct mapper_segment *segment)
{
	const struct survey_source source = {
		.role = SURVEY_VERITY,
		.extent = { .kind = IMG_PROOF_VERITY_ROOT,
			    .offset = segment->root,
			    .size = segment->root_size },
	};
	struct block_device *bdev = device_find(survey->anchor, segment->hash, NULL);
	const char *why = "its hash tree's device is unknown";

	if (bdev)
		why = layers_take(survey, bdev, &source);
	device_put(bdev);
	return why;
}

static const char *verities_take(struct survey *survey, const struct mapper_device *device)
{
	const struct mapper_segment *segment = &survey->mapper->segment[device->first];
	const char *why = NULL;
	unsigned int i;

	for (i = 0; i < device->nr && !why; i++) {
		if (!strcmp(segment[i].type, "verity"))
			why = verity_take(survey, &segment[i]);
	}
	return why;
}

/* What a change of its table would change on the devices below. */
static const char *mapper_take(struct survey *survey, struct block_device *bdev)
{
	static const struct survey_source lvm = { .role = SURVEY_LVM, .type = "LVM2_member" };
	static const struct survey_source luks = { .role = SURVEY_LUKS, .type = "crypto_LUKS" };
	const struct mapper_device *device = mapper_find(survey->mapper, bdev->bd_dev);
	const char *why = NULL;

	if (uuid_is(device, "LVM-"))
		why = lower_sources_take(survey, bdev, &lvm);
	else if (is_luks(device))
		why = lower_sources_take(survey, bdev, &luks);
	return why ?: verities_take(survey, device);
}

static bool stack_is_good(const struct survey_stack *stack)
{
	return !stack->other && !stack->why[0];
}

/* All have been judged by their own state. */
static void stack_take(struct survey *survey, struct survey_stack *stack)
{
	struct block_device *bdev = device_find(survey->anchor, stack->device, NULL);
	char name[DEVICE_NAME_SIZE];
	const char *why;

	if (!bdev) {
		stack_fail(stack, "it has disappeared");
		return;
	}
	why = layers_bottom(survey, bdev, NULL, name);
	if (why) {
		stack_fail(stack, "%s: %s", name, why);
	} else {
		why = is_mapper(bdev) ? mapper_take(survey, bdev) : array_take(survey, bdev);
		if (why)
			stack_fail(stack, "%s", why);
	}
	device_put(bdev);
}

void stacks_find(struct survey *survey)
{
	struct block_device *bdev;
	struct device_walk walk;
	unsigned int i;

	device_walk_begin(&walk, survey->anchor);
	while ((bdev = device_walk_next(&walk))) {
		if (is_stack(bdev) || is_waiting_array(bdev))
			stack_add(survey, bdev);
	}
	device_walk_end(&walk);
	for (i = 0; i < survey->nr_stacks; i++) {
		if (stack_is_good(&survey->stack[i]))
			stack_take(survey, &survey->stack[i]);
	}
}

/* "dm-0 (vg-data), on vda4: target thin" */
static void stack_report(const struct survey *survey, const struct survey_stack *stack,
			 struct findings *findings)
{
	struct block_device *bdev = device_find(survey->anchor, stack->device, NULL);
	char name[DEVICE_NAME_SIZE], title[MAPPER_NAME_SIZE], below[SURVEY_BELOW_SIZE];

	if (!bdev)
		return;
	device_name(bdev, name);
	(void)device_sysfs_text(title, sizeof(title), "/sys/block/%s/dm/name",
				bdev->bd_disk->disk_name); /* "" for others */
	device_below(survey->anchor, bdev, below, sizeof(below));
	finding_add(findings, "%s%s%s%s%s%s%s%s", name, title[0] ? " (" : "", title,
		    title[0] ? ")" : "", below[0] ? ", on " : "", below, stack->why[0] ? ": " : "",
		    stack->why);
	device_put(bdev);
}

static void stacks_report(const struct survey *survey, bool other, struct findings *findings)
{
	unsigned int i;

	for (i = 0; i < survey->nr_stacks; i++) {
		const struct survey_stack *stack = &survey->stack[i];

		if (stack->other == other && (other || stack->why[0]))
			stack_report(survey, stack, findings);
	}
}

void gate_stacks(const struct survey *survey, struct report *report)
{
	struct findings known = { .report = report, .reason = IMG_E_GATE_STACK_UNPROVABLE };
	struct findings others = { .report = report, .reason = IMG_E_GATE_STACK };

	stacks_report(survey, false, &known);
	if (survey->more)
		finding_add(&known, "more than %u devices", survey->nr_stacks);
	findings_close(&known);
	stacks_report(survey, true, &others);
	findings_close(&others);
}

void gate_crypt(const struct survey *survey, const struct seal *seal, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_CRYPT };
	struct block_device *bdev;
	char label[SURVEY_LABEL_SIZE];
	unsigned int i;

	for (i = 0; i < survey->nr_stacks && !seal->on; i++) {
		if (!survey->stack[i].crypt)
			continue;
		bdev = device_find(survey->anchor, survey->stack[i].device, NULL);
		if (bdev) {
			layers_label(survey->anchor, bdev, label, sizeof(label));
			finding_add(&findings, "%s", label);
		}
		device_put(bdev);
	}
	findings_close(&findings);
}

/* The device's name alone: what else there is would take a path. */
static void number_report(const struct survey *survey, dev_t device, const char *what,
			  struct findings *findings)
{
	struct block_device *bdev = device_find(survey->anchor, device, NULL);
	char name[DEVICE_NAME_SIZE] = "a device that has disappeared";

	if (bdev)
		device_name(bdev, name);
	finding_add(findings, "%s: %s", name, what);
	device_put(bdev);
}

static void stacks_late(const struct survey *survey, struct findings *findings)
{
	struct block_device *bdev;
	struct device_walk walk;

	device_walk_begin(&walk, survey->anchor);
	while ((bdev = device_walk_next(&walk))) {
		if (is_stack(bdev) && !stack_find(survey, bdev->bd_dev))
			number_report(survey, bdev->bd_dev, "set up after the snapshot began",
				      findings);
	}
	device_walk_end(&walk);
}

static void arrays_report(const struct survey *survey, unsigned int wait_ms,
			  struct findings *findings)
{
	char text[32], what[64];
	const char *state;
	unsigned int i;

	for (i = 0; i < survey->nr_stacks; i++) {
		const struct survey_stack *stack = &survey->stack[i];

		if (!stack->state)
			continue;
		state = array_busy(stack, text, sizeof(text));
		for (; state && wait_ms >= STEP_MS; wait_ms -= STEP_MS) {
			msleep(STEP_MS);
			state = array_busy(stack, text, sizeof(text));
		}
		if (!state)
			continue;
		scnprintf(what, sizeof(what), "the array is being written, its state is %s", state);
		number_report(survey, stack->device, what, findings);
	}
}

void gate_stacks_frozen(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_STACK_UNPROVABLE };
	int error = mapper_check(survey->mapper);

	if (error == -ESTALE)
		finding_add(&findings, "device mapper's devices changed after the snapshot began");
	else if (error)
		finding_add(&findings, "device mapper's tables cannot be read again: error %d",
			    error);
	stacks_late(survey, &findings);
	arrays_report(survey, CLEAN_MS, &findings);
	findings_close(&findings);
}

void stacks_check_copied(const struct survey *survey, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_STACK_UNPROVABLE };

	arrays_report(survey, 0, &findings);
	findings_close(&findings);
}
