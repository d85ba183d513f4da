// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: believe read|write|claim|map|map-write DEVICE
 *        believe fuse SUBTYPE DIRECTORY
 *
 * A program that remembers something of the world outside memory: it holds a device open, for
 * reading, for writing or exclusively, or maps all of it and closes the file, or mounts a FUSE
 * file system.  Prints "ready" and stays.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <linux/fs.h>

static volatile char seen;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void map_device(const char *path, int writable)
{
	int fd = open(path, writable ? O_RDWR : O_RDONLY);
	unsigned long long size;
	char *bytes;

	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size) < 0)
		fail(path);
	bytes = mmap(NULL, size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		fail("mmap");
	for (unsigned long long at = 0; at < size; at += 4096)
		seen += bytes[at];
	close(fd);
}

/* No process answers: the mount can be listed, not used. */
static void mount_fuse(const char *subtype, const char *directory)
{
	int fd = open("/dev/fuse", O_RDWR);
	char type[64], options[64];

	if (fd < 0)
		fail("/dev/fuse");
	snprintf(type, sizeof(type), "fuse.%s", subtype);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (mount("believe", directory, type, 0, options) < 0)
		fail("mount");
}

static int mode_of(const char *word)
{
	if (strcmp(word, "claim") == 0)
		return O_RDONLY | O_EXCL;
	return strcmp(word, "write") ? O_RDONLY : O_RDWR;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "fuse") == 0)
		mount_fuse(argv[2], argv[3]);
	else if (argc == 3 && strncmp(argv[1], "map", 3) == 0)
		map_device(argv[2], strcmp(argv[1], "map-write") == 0);
	else if (argc != 3 || open(argv[2], mode_of(argv[1])) < 0)
		fail("believe");
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
