// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int io_pread(int fd, void *buf, size_t size, uint64_t offset)
{
	char *to = buf;

	while (size) {
		ssize_t n = pread(fd, to, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		to += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int io_pwrite(int fd, const void *buf, size_t size, uint64_t offset)
{
	const char *from = buf;

	while (size) {
		ssize_t n = pwrite(fd, from, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		from += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int io_write(int fd, const void *buf, size_t size)
{
	const char *from = buf;

	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

/* sysfs files report no true size: read up to the end. */
static int read_to_end(int fd, char *buf, size_t limit, size_t *ret_size)
{
	size_t size = 0;

	for (;;) {
		ssize_t n = read(fd, buf + size, limit + 1 - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		size += (size_t)n;
		if (size > limit) {
			errno = EFBIG;
			return -1;
		}
	}
	buf[size] = '\0';
	*ret_size = size;
	return 0;
}

int io_read_file(const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *buf = NULL;

	if (fd < 0)
		return -1;
	buf = malloc(limit + 1);
	if (!buf)
		return -1;
	if (read_to_end(fd, buf, limit, ret_size))
		return -1;
	*ret_data = buf;
	buf = NULL;
	return 0;
}

static char *system_path(const char *fmt, va_list args)
{
	const char *root = getenv("FASTBOOTCTL_ROOT");
	_cleanup_free_ char *path = NULL;
	char *full = NULL;

	if (vasprintf(&path, fmt, args) < 0) {
		path = NULL;
		return NULL;
	}
	return asprintf(&full, "%s%s", root ? root : "", path) < 0 ? NULL : full;
}

char *io_system_path(const char *fmt, ...)
{
	va_list args;
	char *path;

	va_start(args, fmt);
	path = system_path(fmt, args);
	va_end(args);
	return path;
}

bool io_system_number(uint64_t *ret_number, const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	va_list args;
	size_t size;
	char *end;

	va_start(args, fmt);
	path = system_path(fmt, args);
	va_end(args);
	if (!path || io_read_file(path, 256, &text, &size) || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, 0);
	return !errno && (!*end || *end == '\n');
}

void io_cleanup_free(void *pointer_to_pointer)
{
	int saved = errno;

	free(*(void **)pointer_to_pointer);
	errno = saved;
}

void io_cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = saved;
}
