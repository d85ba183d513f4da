// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: inotify-log FILE
 *
 * Prints "ready", then each access to the file, a word a line: "open", "close_write",
 * "close_nowrite".  udev reads a block device again after a close_write.
 */
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

static void print_event(uint32_t mask)
{
	if (mask & IN_OPEN)
		puts("open");
	if (mask & IN_CLOSE_WRITE)
		puts("close_write");
	if (mask & IN_CLOSE_NOWRITE)
		puts("close_nowrite");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	int fd = inotify_init();
	ssize_t got;

	if (argc != 2 || fd < 0 || inotify_add_watch(fd, argv[1], IN_OPEN | IN_CLOSE) < 0) {
		perror("inotify-log");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
		for (char *at = buffer; at < buffer + got;) {
			const struct inotify_event *event = (const void *)at;

			print_event(event->mask);
			at += sizeof(*event) + event->len;
		}
	}
	return 0;
}
