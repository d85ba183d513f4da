// SPDX-License-Identifier: GPL-2.0-or-later
#include "module/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fail.h"
#include "base/io.h"

int command_open(int *ret_fd)
{
	_cleanup_free_ char *path = io_system_path(ATTR_SNAPSHOT);

	if (!path)
		return fail_errno(FAIL_NO_MEMORY, ATTR_SNAPSHOT);
	*ret_fd = open(path, O_WRONLY | O_CLOEXEC);
	if (*ret_fd >= 0)
		return 0;
	if (errno == ENOENT)
		return fail(FAIL_MODULE_MISSING, "the module fastboot_snapshot is not loaded");
	return fail_errno(FAIL_OPEN, ATTR_SNAPSHOT);
}

/* One write is one command, so a short write is not continued. */
int command_write(int fd, const char *command)
{
	return write(fd, command, strlen(command)) < 0 ? errno : 0;
}
