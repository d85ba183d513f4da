// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"

#define PANIC_FILE "/proc/sys/kernel/panic"
#define SECONDS	   "5"

static const char content[] = "# Written by: fastbootctl install --recovery\n"
			      "kernel.panic = " SECONDS "\n";

static int read_panic(long *ret_seconds)
{
	_cleanup_free_ char *text = NULL;
	int status = attr_read(PANIC_FILE, &text);

	if (status)
		return status;
	if (!text) {
		errno = ENOENT;
		return fail_errno(FAIL_OPEN, "%s", PANIC_FILE);
	}
	*ret_seconds = strtol(text, NULL, 10);
	return 0;
}

/* Syncs a new file, which gets its name only then; a file of the kernel needs no sync. */
static int write_file(const char *path, const char *text, int flags)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);

	if (fd < 0 || io_write(fd, text, strlen(text)))
		return -1;
	return flags ? fsync(fd) : 0;
}

static int write_config(void)
{
	_cleanup_free_ char *path = io_system_path("%s", RECOVERY_FILE);
	_cleanup_free_ char *fresh = io_system_path("%s.new", RECOVERY_FILE);

	if (!path || !fresh)
		return fail_errno(FAIL_NO_MEMORY, "%s", RECOVERY_FILE);
	if (write_file(fresh, content, O_CREAT | O_TRUNC) || rename(fresh, path)) {
		int status = fail_errno(FAIL_SYSCTL, "%s", path);

		(void)unlink(fresh);
		return status;
	}
	return 0;
}

static int set_running(void)
{
	_cleanup_free_ char *path = io_system_path("%s", PANIC_FILE);

	if (!path)
		return fail_errno(FAIL_NO_MEMORY, "%s", PANIC_FILE);
	if (write_file(path, SECONDS "\n", 0))
		return fail_errno(FAIL_SYSCTL, "%s", path);
	return 0;
}

static void report(const char *action)
{
	struct json_object *json = json_put_object(out_json(), "recovery");

	json_put_text(json, "file", RECOVERY_FILE);
	json_put_text(json, "action", action);
}

int recovery_arm(bool dry_run)
{
	long seconds = 0;
	int status = read_panic(&seconds);

	if (status)
		return status;
	if (seconds) {
		out_text("kernel.panic is %ld already: a panic resets the machine\n", seconds);
		report("unchanged");
		return 0;
	}
	if (dry_run) {
		out_text("would write %s, and set kernel.panic to " SECONDS "\n", RECOVERY_FILE);
		report("would be written");
		return 0;
	}
	status = write_config();
	if (!status)
		status = set_running();
	if (status)
		return status;
	out_text("kernel.panic was 0: a panic would have stopped the machine.\n"
		 "%s: written; a panic now resets the machine after " SECONDS " seconds,\n"
		 "and does so in images taken from now on.\n",
		 RECOVERY_FILE);
	report("written");
	return 0;
}

int recovery_disarm(bool dry_run)
{
	_cleanup_free_ char *path = io_system_path("%s", RECOVERY_FILE);

	if (!path)
		return fail_errno(FAIL_NO_MEMORY, "%s", RECOVERY_FILE);
	if (access(path, F_OK))
		return 0;
	if (!dry_run && unlink(path))
		return fail_errno(FAIL_SYSCTL, "%s", path);
	out_text("%s: %s\n", RECOVERY_FILE, dry_run ? "would be removed" : "removed");
	report(dry_run ? "would be removed" : "removed");
	return 0;
}
