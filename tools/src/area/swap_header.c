// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/swap_header.h"

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/io.h"

#define CHILD_FD 3

static int anonymous_file(const char *name, uint64_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)size) || fchmod(fd, 0600)) {
		io_cleanup_close(&fd);
		return -1;
	}
	return fd;
}

/* The PATH of a user who became root may lack sbin. */
static void extend_path(void)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *longer = NULL;

	if (asprintf(&longer, "%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin") < 0) {
		longer = NULL;
		return;
	}
	(void)setenv("PATH", longer, 1);
}

/*
 * The child has the area as descriptor 3, and its messages as 1 and 2.  posix_spawn clears
 * close-on-exec on what dup2 made.
 */
static int spawn_mkswap(char *const argv[], int area_fd, int log_fd, pid_t *ret_pid)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	int error;

	error = posix_spawn_file_actions_init(&actions);
	if (error)
		return error;
	error = posix_spawn_file_actions_adddup2(&actions, log_fd, STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, log_fd, STDERR_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, area_fd, CHILD_FD);
	if (!error)
		error = posix_spawnp(ret_pid, argv[0], &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return error;
}

static int wait_for(pid_t pid, int *ret_wstatus)
{
	while (waitpid(pid, ret_wstatus, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return 0;
}

static void show_log(int log_fd)
{
	char text[2048];
	ssize_t n = pread(log_fd, text, sizeof(text), 0);

	if (n > 0)
		fprintf(stderr, "%.*s", (int)n, text);
}

static int run_mkswap(char *const argv[], int area_fd)
{
	_cleanup_close_ int log_fd = anonymous_file("mkswap-messages", 0);
	int wstatus;
	pid_t pid;

	if (log_fd < 0)
		return fail_errno(FAIL_NO_MEMORY, "messages of mkswap");
	errno = spawn_mkswap(argv, area_fd, log_fd, &pid);
	if (errno || wait_for(pid, &wstatus))
		return fail_errno(FAIL_MKSWAP, "mkswap cannot be run");
	if (!WIFEXITED(wstatus) || WEXITSTATUS(wstatus)) {
		show_log(log_fd);
		return fail(FAIL_MKSWAP, "mkswap ended with status %d",
			    WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus));
	}
	return 0;
}

bool swap_header_present(const void *page)
{
	return memcmp((const uint8_t *)page + IMG_PAGE_SIZE - 10, "SWAPSPACE2", 10) == 0;
}

/* include/linux/swap.h: union swap_header, whose fields are in native byte order. */
static int check_header(const uint8_t *page, uint64_t size)
{
	uint32_t version, last_page;

	memcpy(&version, page + 1024, sizeof(version));
	memcpy(&last_page, page + 1028, sizeof(last_page));
	if (!swap_header_present(page) || version != 1 || last_page != size / IMG_PAGE_SIZE - 1)
		return fail(FAIL_MKSWAP, "mkswap made another header than the one asked for");
	return 0;
}

int swap_header_make(uint64_t size, const char *label, const char *uuid, void *page)
{
	_cleanup_close_ int fd = anonymous_file("swap-area", size);
	char file[] = "/proc/self/fd/3", kib[24];
	char *argv[8];
	int argc = 0, status;

	static_assert(CHILD_FD == 3, "the name in `file`");
	if (fd < 0)
		return fail_errno(FAIL_NO_MEMORY, "swap header");
	extend_path();
	snprintf(kib, sizeof(kib), "%" PRIu64, size / 1024);
	argv[argc++] = (char *)"mkswap";
	if (*label) {
		argv[argc++] = (char *)"-L";
		argv[argc++] = (char *)label;
	}
	if (*uuid) {
		argv[argc++] = (char *)"-U";
		argv[argc++] = (char *)uuid;
	}
	argv[argc++] = file;
	argv[argc++] = kib;
	argv[argc] = NULL;
	status = run_mkswap(argv, fd);
	if (status)
		return status;
	if (io_pread(fd, page, IMG_PAGE_SIZE, 0))
		return fail_errno(FAIL_MKSWAP, "the swap header cannot be read");
	return check_header(page, size);
}
