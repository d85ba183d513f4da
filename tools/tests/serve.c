// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linked with --wrap=main, it lets a program run many times for little more than the cost of one
 * start: under the sanitizers most of a short run is their own start, and their search for leaks in
 * their own memory.
 *
 * If SERVE names a socket, each message on it is a command line, which a fork of this process,
 * whose main has not begun yet, runs to its exit.  A message: the number of arguments, the
 * arguments and then the environment, each ended by a NUL; standard input, output and error come
 * with it.  The answer: the status as waitpid(2) reports it.  tests/served.py is the other end.
 */
#include <sanitizer/lsan_interface.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_MESSAGE (128 << 10)
#define MAX_STRINGS 1024
#define NR_FDS	    3

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

/* From sanitizer/allocator_interface.h, which GCC 12 does not install. */
size_t __sanitizer_get_current_allocated_bytes(void);

struct request {
	int fd[NR_FDS];
	int argc;
	char *string[MAX_STRINGS + 2]; /* arguments, NULL, environment, NULL */
};

/*
 * There is no leak to look for: main freed everything that it allocated, or ends with a failure,
 * which leaves its memory to exit(3).
 */
static bool no_leaks;

/* LeakSanitizer asks this at the end. */
int __lsan_is_turned_off(void)
{
	return no_leaks;
}

static void at_exit(int status, void *unused)
{
	(void)unused;
	no_leaks |= status != 0;
}

static void die(const char *what)
{
	fprintf(stderr, "serve: %s\n", what);
	_exit(99);
}

static void parse(struct request *request, char *text, const char *end)
{
	size_t nr = 0;

	request->argc = atoi(text);
	for (text += strlen(text) + 1; text < end && nr < MAX_STRINGS; text += strlen(text) + 1) {
		if (nr == (size_t)request->argc)
			request->string[nr++] = NULL;
		request->string[nr++] = text;
	}
	if (text < end || nr <= (size_t)request->argc)
		die("too many words, or too few");
	request->string[nr] = NULL;
}

/* False: there will be no more requests. */
static bool receive(int sock, struct request *request)
{
	static char text[MAX_MESSAGE];
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(request->fd))];
	} control;
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t size = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);

	if (size == 0)
		return false;
	if (size < 0 || msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || text[size - 1] != '\0' ||
	    msg.msg_controllen == 0 || control.header.cmsg_len != CMSG_LEN(sizeof(request->fd)))
		die("no message");
	memcpy(request->fd, CMSG_DATA(&control.header), sizeof(request->fd));
	parse(request, text, text + size);
	return true;
}

/* Output never goes to a terminal.  stdout's own buffer would count as not freed. */
static int run_main(int argc, char **argv)
{
	static char buffer[BUFSIZ];
	size_t before;
	int status;

	on_exit(at_exit, NULL);
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	before = __sanitizer_get_current_allocated_bytes();
	status = __real_main(argc, argv);
	no_leaks = __sanitizer_get_current_allocated_bytes() == before;
	return status;
}

static void run(int sock, struct request *request)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(sock);
	for (int i = 0; i < NR_FDS; i++) {
		if (dup2(request->fd[i], i) < 0)
			die("dup2");
		close(request->fd[i]);
	}
	environ = request->string + request->argc + 1;
	exit(run_main(request->argc, request->string));
}

static void serve(int sock)
{
	static struct request request;
	int status;

	while (receive(sock, &request)) {
		pid_t pid = fork();

		if (pid == 0)
			run(sock, &request);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			die("fork");
		for (int i = 0; i < NR_FDS; i++)
			close(request.fd[i]);
		if (send(sock, &status, sizeof(status), MSG_NOSIGNAL) != sizeof(status))
			return;
	}
}

int __wrap_main(int argc, char **argv)
{
	const char *sock = getenv("SERVE");

	if (!sock)
		return run_main(argc, argv);
	serve(atoi(sock));
	return 0;
}
