// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk down goes by sysfs, where each driver that stacks devices has listed what it holds.
 * Process context.
 */
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "devices.h"
#include "layers.h"
#include "parts.h"

const struct survey_stack *stack_find(const struct survey *survey, dev_t device)
{
	unsigned int i;

	for (i = 0; i < survey->nr_stacks; i++) {
		if (survey->stack[i].device == device)
			return &survey->stack[i];
	}
	return NULL;
}

static const char *bottom_take(struct survey *survey, struct block_device *bdev, unsigned int depth,
			       bool *ret_encrypted, char *ret_name);

static const char *lower_take(struct survey *survey, const struct block_device *upper,
			      unsigned int depth, bool *ret_encrypted, char *ret_name)
{
	struct block_device *bdev;
	struct device_walk walk;
	const char *why = NULL;

	device_walk_begin(&walk, survey->anchor);
	while (!why && (bdev = device_walk_lower(&walk, upper)))
		why = bottom_take(survey, bdev, depth, ret_encrypted, ret_name);
	device_walk_end(&walk);
	return why;
}

/* What is in memory needs no proof; its followers find no partition. */
static const char *bottom_take(struct survey *survey, struct block_device *bdev, unsigned int depth,
			       bool *ret_encrypted, char *ret_name)
{
	const struct survey_stack *stack = stack_find(survey, bdev->bd_dev);

	device_name(bdev, ret_name);
	if (!depth)
		return "more layers than can be followed";
	if (bdev_is_partition(bdev))
		return part_take(survey, bdev);
	if (device_name_is_memory(bdev->bd_disk->disk_name))
		return NULL;
	if (!stack)
		return "not on a GPT partition of its own";
	if (stack->why[0] || stack->other)
		return "on a stack of devices that cannot be proven";
	if (ret_encrypted && stack->crypt)
		*ret_encrypted = true;
	return lower_take(survey, bdev, depth - 1, ret_encrypted, ret_name);
}

const char *layers_bottom(struct survey *survey, struct block_device *bdev, bool *ret_encrypted,
			  char ret_name[DEVICE_NAME_SIZE])
{
	return bottom_take(survey, bdev, DEVICE_MAX_DEPTH, ret_encrypted, ret_name);
}

static bool source_is_known(const struct survey *survey, dev_t device,
			    const struct survey_source *source)
{
	unsigned int i;

	for (i = 0; i < survey->nr_sources; i++) {
		const struct survey_source *known = &survey->source[i];

		if (known->role == source->role && known->device == device &&
		    known->fs == source->fs && known->extent.offset == source->extent.offset)
			return true;
	}
	return false;
}

const char *layers_take(struct survey *survey, struct block_device *bdev,
			const struct survey_source *source)
{
	struct survey_source *added = &survey->source[survey->nr_sources];
	char name[DEVICE_NAME_SIZE];
	bool encrypted = false;
	const char *why = layers_bottom(survey, bdev, &encrypted, name);
	struct file *file;

	if (why || source_is_known(survey, bdev->bd_dev, source))
		return why;
	if (survey->nr_sources == SURVEY_MAX_SOURCES)
		return "more devices than can be proven";
	device_name(bdev, name);
	file = device_open(name, O_RDONLY);
	if (IS_ERR(file))
		return "its device cannot be opened";
	*added = *source;
	added->device = bdev->bd_dev;
	added->file = file;
	added->encrypted = encrypted;
	layers_label(survey->anchor, bdev, added->label, sizeof(added->label));
	survey->nr_sources++;
	return NULL;
}

struct label {
	struct device *anchor;
	char *text;
	size_t size, length;
};

__printf(2, 3) static void label_print(struct label *label, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	label->length +=
		vscnprintf(label->text + label->length, label->size - label->length, format, args);
	va_end(args);
}

#define UUID_LUKS "CRYPT-LUKS"

/* Device mapper's name for it, if it has one.  Inside a stack LUKS goes by that word alone. */
static void label_name(struct label *label, struct block_device *bdev, bool inside)
{
	const char *disk = bdev->bd_disk->disk_name;
	char title[MAPPER_NAME_SIZE], uuid[sizeof(UUID_LUKS)];
	char name[DEVICE_NAME_SIZE];
	bool luks;

	device_name(bdev, name);
	(void)device_sysfs_text(title, sizeof(title), "/sys/block/%s/dm/name", disk);
	(void)device_sysfs_text(uuid, sizeof(uuid), "/sys/block/%s/dm/uuid", disk);
	luks = !strcmp(uuid, UUID_LUKS);
	label_print(label, "%s%s%s", luks ? "LUKS" : "", luks && !inside ? " " : "",
		    luks && inside ? ""
		    : title[0]	   ? title
				   : name);
}

static void label_below(struct label *label, const struct block_device *upper, unsigned int depth)
{
	const char *between = " on ";
	struct block_device *bdev;
	struct device_walk walk;

	device_walk_begin(&walk, label->anchor);
	while (depth && (bdev = device_walk_lower(&walk, upper))) {
		label_print(label, "%s", between);
		label_name(label, bdev, true);
		label_below(label, bdev_whole(bdev), depth - 1);
		between = ", ";
	}
	device_walk_end(&walk);
}

void layers_label(struct device *anchor, struct block_device *bdev, char *ret_text, size_t size)
{
	struct label label = { .anchor = anchor, .text = ret_text, .size = size };

	ret_text[0] = '\0';
	label_name(&label, bdev, false);
	label_below(&label, bdev_whole(bdev), DEVICE_MAX_DEPTH);
}
