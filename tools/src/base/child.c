// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/child.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/io.h"

#define REDRAW_MS 1000

/* Does not advance while the machine is off. */
static long long now(void)
{
	struct timespec time = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (long long)time.tv_sec;
}

/* poll ignores a descriptor of -1: the end is then noticed at the next redraw. */
static int wait_for(pid_t pid, const char *what, int *ret_wait_status)
{
	_cleanup_close_ int fd = pidfd_open(pid, 0);
	struct pollfd end = { .fd = fd, .events = POLLIN };
	bool terminal = isatty(STDERR_FILENO);
	long long start = now();
	pid_t ended;

	do {
		if (terminal)
			fprintf(stderr, "\r%s: %lld s", what, now() - start);
		(void)poll(&end, 1, REDRAW_MS);
		ended = waitpid(pid, ret_wait_status, WNOHANG);
	} while (ended == 0);
	if (terminal)
		fputs("\r\033[K", stderr);
	return ended < 0 ? fail_errno(FAIL_CHILD, "%s", what) : 0;
}

int child_run(child_fn fn, void *ctx, const char *what, int *ret_wait_status)
{
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return fail_errno(FAIL_CHILD, "%s", what);
	if (pid == 0)
		_exit(fn(ctx));
	return wait_for(pid, what, ret_wait_status);
}
