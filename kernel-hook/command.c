// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of the sysfs file.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "command.h"

/* The longest description: img_slot_disk.description needs a NUL. */
#define DESCRIPTION_MAX 127

static int command_unknown(const char *word, struct report *report)
{
	return report_obstacle(report, IMG_E_MODE_UNKNOWN, 0, "not understood: %s", word);
}

/* The first word of *rest, which then begins at the second; "" if none. */
static char *word_take(char **rest)
{
	char *word = strsep(rest, " \t");

	*rest = *rest ? skip_spaces(*rest) : word + strlen(word);
	return word;
}

/* False if the word is none of these. */
static bool mode_parse(const char *word, enum img_mode *ret_mode)
{
	static const enum img_mode modes[] = { IMG_MODE_GOLDEN, IMG_MODE_ONCE };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!strcmp(word, request_mode_name(modes[i]))) {
			*ret_mode = modes[i];
			return true;
		}
	}
	return false;
}

static int image_parse(const char *description, struct command *command, struct report *report)
{
	command->level = SNAPSHOT_IMAGE;
	command->description = description;
	if (strlen(description) > DESCRIPTION_MAX)
		return report_obstacle(report, IMG_E_MODE_UNKNOWN, 0,
				       "the description is longer than %u bytes", DESCRIPTION_MAX);
	return 0;
}

static int test_parse(const char *level, const char *mode, struct command *command,
		      struct report *report)
{
	enum snapshot_level i = SNAPSHOT_TEST_GATES;

	while (i < SNAPSHOT_IMAGE && strcmp(level, request_level_name(i)))
		i++;
	if (i == SNAPSHOT_IMAGE)
		return command_unknown(level, report);
	command->level = i;
	command->description = "";
	command->mode = IMG_MODE_GOLDEN;
	if (*mode && !mode_parse(mode, &command->mode))
		return command_unknown(mode, report);
	return 0;
}

static int invalidate_parse(const char *slot, struct command *command, struct report *report)
{
	command->invalidate = true;
	command->slot = -1;
	if (!*slot)
		return 0;
	if (strcmp(slot, "a") && strcmp(slot, "b"))
		return command_unknown(slot, report);
	command->slot = *slot - 'a';
	return 0;
}

int command_parse(char *text, struct command *ret_command, struct report *report)
{
	char *rest = text;
	const char *word = word_take(&rest);

	*ret_command = (struct command){};
	if (mode_parse(word, &ret_command->mode))
		return image_parse(rest, ret_command, report);
	if (str_has_prefix(word, "test:"))
		return test_parse(word + strlen("test:"), rest, ret_command, report);
	if (!strcmp(word, "invalidate"))
		return invalidate_parse(rest, ret_command, report);
	return command_unknown(word, report);
}
