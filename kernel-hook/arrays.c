// SPDX-License-Identifier: GPL-2.0-only
/*
 * An array's superblocks are what a normal boot must change when it writes to the array, and what
 * the kernel in the image must agree with.  So the array must have some that the kernel writes
 * itself, and nothing must be under way.  Process context.
 */
#include <linux/blkdev.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "arrays.h"
#include "devices.h"
#include "held.h"
#include "layers.h"

#define TEXT_SIZE 32

bool device_is_array(const struct block_device *bdev)
{
	return device_sysfs_has("/sys/block/%s/md/level", dev_name(&bdev->bd_device));
}

/* "" if there is no such attribute. */
static void attribute(struct block_device *bdev, const char *name, char ret_text[TEXT_SIZE])
{
	(void)device_sysfs_text(ret_text, TEXT_SIZE, "/sys/block/%s/md/%s",
				dev_name(&bdev->bd_device), name);
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (!strcmp(text, *words))
			return true;
	}
	return false;
}

static const char *const idle_states[] = { "clean", "readonly", "read-auto", NULL };
static const char *const written_states[] = { "active", "active-idle", "write-pending", NULL };

/* What an attribute must be; "": or may be absent. */
static const struct rule {
	const char *name;
	const char *words[8];
} rules[] = {
	{ "level", { "raid0", "linear", "raid1", "raid4", "raid5", "raid6", "raid10" } },
	{ "degraded", { "0", "" } },
	{ "sync_action", { "idle", "" } },
	{ "reshape_position", { "none", "" } },
	{ "consistency_policy", { "none", "resync", "bitmap", "" } },
};

static bool has_own_superblocks(const char *version)
{
	return isdigit(version[0]);
}

static void state_open(const struct block_device *bdev, struct survey_stack *stack)
{
	char path[sizeof("/sys/block//md/array_state") + DEVICE_NAME_SIZE];
	struct file *file;

	snprintf(path, sizeof(path), "/sys/block/%s/md/array_state", dev_name(&bdev->bd_device));
	file = held_open(path, O_RDONLY);
	if (IS_ERR(file))
		scnprintf(stack->why, sizeof(stack->why), "array_state cannot be opened");
	else
		stack->state = file;
}

bool array_has_members(struct block_device *bdev)
{
	char text[TEXT_SIZE];

	attribute(bdev, "array_state", text);
	return text[0] && strcmp(text, "clear");
}

void array_judge(struct block_device *bdev, struct survey_stack *stack)
{
	char text[TEXT_SIZE];
	size_t i;

	attribute(bdev, "metadata_version", text);
	if (!has_own_superblocks(text)) {
		scnprintf(stack->why, sizeof(stack->why), "metadata_version is %s", text);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		attribute(bdev, rules[i].name, text);
		if (!is_one_of(text, rules[i].words)) {
			scnprintf(stack->why, sizeof(stack->why), "%s is %s", rules[i].name, text);
			return;
		}
	}
	attribute(bdev, "array_state", text);
	if (!is_one_of(text, idle_states) && !is_one_of(text, written_states)) {
		scnprintf(stack->why, sizeof(stack->why), "array_state is %s", text);
		return;
	}
	state_open(bdev, stack);
}

/* How the levels that copy do so: `copies` neighbours have the same bytes at the same place. */
static const char *array_copies(struct block_device *bdev, unsigned int *ret_copies)
{
	unsigned int disks, layout;
	char text[TEXT_SIZE];

	*ret_copies = 1;
	attribute(bdev, "level", text);
	if (strcmp(text, "raid1") && strcmp(text, "raid10"))
		return NULL;
	*ret_copies = U32_MAX;
	if (!strcmp(text, "raid1"))
		return NULL;
	attribute(bdev, "raid_disks", text);
	if (kstrtouint(text, 10, &disks))
		return "raid_disks is unknown";
	/* drivers/md/raid10.c, setup_geo: near copies, far copies, and flags of those */
	attribute(bdev, "layout", text);
	if (kstrtouint(text, 10, &layout))
		return "layout is unknown";
	*ret_copies = layout & 0xff;
	if (layout >> 8 != 1 || !*ret_copies || disks % *ret_copies)
		return "its copies are not all at the same place";
	return NULL;
}

/* Of a member; "" if there is no such attribute. */
static void member_attribute(struct block_device *bdev, struct block_device *member,
			     const char *name, char *ret_text, size_t size)
{
	(void)device_sysfs_text(ret_text, size, "/sys/block/%s/md/dev-%s/%s",
				dev_name(&bdev->bd_device), dev_name(&member->bd_device), name);
}

/* A spare has no copy. */
static const char *leg_note(struct survey *survey, struct block_device *bdev,
			    struct block_device *member, unsigned int copies)
{
	struct survey_leg *leg = &survey->leg[survey->nr_legs];
	char text[TEXT_SIZE];
	unsigned int slot;
	u64 sector;

	member_attribute(bdev, member, "slot", text, sizeof(text));
	if (!strcmp(text, "none"))
		return NULL;
	if (kstrtouint(text, 10, &slot))
		return "a member's slot is unknown";
	member_attribute(bdev, member, "offset", text, sizeof(text));
	if (kstrtou64(text, 10, &sector))
		return "a member's offset is unknown";
	if (survey->nr_legs == SURVEY_MAX_LEGS)
		return "more members than can be proven";
	*leg = (struct survey_leg){
		.array = bdev->bd_dev,
		.partition = member->bd_dev,
		.set = slot / copies,
		.offset = sector * SECTOR_SIZE,
	};
	survey->nr_legs++;
	return NULL;
}

static const char *const member_states[] = { "in_sync", "spare", "write_mostly", "failfast", NULL };

/* "in_sync,write_mostly"; "" is not. */
static bool member_is_good(char *state)
{
	const char *word;
	bool good = *state;

	while (good && (word = strsep(&state, ",")))
		good = is_one_of(word, member_states);
	return good;
}

static const char *member_take(struct survey *survey, struct block_device *bdev,
			       struct block_device *member, unsigned int copies)
{
	const struct survey_source source = { .role = SURVEY_ARRAY, .type = "linux_raid_member" };
	char state[2 * TEXT_SIZE];
	const char *why;

	if (!bdev_is_partition(member))
		return "a member is not a partition";
	member_attribute(bdev, member, "state", state, sizeof(state));
	if (!member_is_good(state))
		return "a member is neither in sync nor a spare";
	why = layers_take(survey, member, &source);
	if (!why && copies > 1)
		why = leg_note(survey, bdev, member, copies);
	return why;
}

const char *array_take(struct survey *survey, struct block_device *bdev)
{
	struct block_device *member;
	struct device_walk walk;
	unsigned int copies;
	const char *why = array_copies(bdev, &copies);

	device_walk_begin(&walk, survey->anchor);
	while (!why && (member = device_walk_lower(&walk, bdev)))
		why = member_take(survey, bdev, member, copies);
	device_walk_end(&walk);
	return why;
}

/* Each read from the beginning is another answer. */
const char *array_busy(const struct survey_stack *stack, char *ret_text, size_t size)
{
	loff_t position = 0;
	ssize_t length = kernel_read(stack->state, ret_text, size - 1, &position);

	if (length <= 0)
		return "unknown";
	ret_text[length] = '\0';
	ret_text[strcspn(ret_text, "\n")] = '\0';
	return is_one_of(ret_text, idle_states) ? NULL : ret_text;
}
