// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads and writes /sys/power/disk as an administrator would: the variable of the mode is not
 * exported (kernel/power/hibernate.c, disk_show and disk_store).
 */
#include <linux/err.h>
#include <linux/string.h>

#include "held.h"
#include "hibernation_mode.h"

#define GOES_ON "suspend"

/* "[platform] shutdown reboot ...": the one in brackets.  0 or a negative errno. */
static int mode_read(struct file *file, char *ret_mode, size_t size)
{
	char text[96];
	loff_t position = 0;
	ssize_t length = kernel_read(file, text, sizeof(text) - 1, &position);
	char *begin, *end;

	if (length < 0)
		return length;
	text[length] = '\0';
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (!end)
		return -EINVAL;
	*end = '\0';
	return strscpy(ret_mode, begin + 1, size) < 0 ? -E2BIG : 0;
}

static int mode_write(struct file *file, const char *mode)
{
	loff_t position = 0;
	ssize_t written = kernel_write(file, mode, strlen(mode), &position);

	return written < 0 ? written : 0;
}

/* Kbuild sets HAVE_HIBERNATION_MODE, 0 or 1: may a driver query the mode? */
int hibernation_mode_prepare(struct hibernation_mode *mode)
{
	struct file *file;

	if (!HAVE_HIBERNATION_MODE)
		return 0;
	file = held_open("/sys/power/disk", O_RDWR);
	if (IS_ERR(file))
		return PTR_ERR(file);
	*mode = (struct hibernation_mode){ .file = file };
	return 0;
}

int hibernation_mode_enter(struct hibernation_mode *mode)
{
	char now[sizeof(mode->before)];
	int error;

	if (!mode->file)
		return 0;
	error = mode_read(mode->file, now, sizeof(now));
	if (error || !strcmp(now, GOES_ON))
		return error;
	error = mode_write(mode->file, GOES_ON);
	if (!error)
		strscpy(mode->before, now, sizeof(mode->before));
	return error;
}

int hibernation_mode_leave(struct hibernation_mode *mode)
{
	int error;

	if (!mode->before[0])
		return 0;
	error = mode_write(mode->file, mode->before);
	mode->before[0] = '\0';
	return error;
}

void hibernation_mode_release(struct hibernation_mode *mode)
{
	held_close(mode->file);
	mode->file = NULL;
}
