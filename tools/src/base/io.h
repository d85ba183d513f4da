/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes that finish, and what frees itself.  Every function returns
 * 0, or -1 with errno set; the end of the file in the midst of a read or a
 * write that makes no progress is EIO.
 */
#ifndef FASTBOOTCTL_IO_H
#define FASTBOOTCTL_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int io_pread(int fd, void *buf, size_t size, uint64_t offset);
int io_pwrite(int fd, const void *buf, size_t size, uint64_t offset);
int io_write(int fd, const void *buf, size_t size);

/*
 * Reads all of a small file (sysfs, an EFI program) of at most `limit` bytes,
 * adds a NUL after it; the caller frees *ret_data.  EFBIG if it is longer.
 */
int io_read_file(const char *path, size_t limit, char **ret_data, size_t *ret_size);

/*
 * A path of the running system: below $FASTBOOTCTL_ROOT where that is set, so
 * that tests can lay out a /sys and a /dev of their own.  The caller frees it;
 * NULL: out of memory.
 */
char *io_system_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * The number, decimal or 0x, that a file of such a path holds, alone on its line; false, without a
 * word: there is none.
 */
bool io_system_number(uint64_t *ret_number, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void io_cleanup_free(void *pointer_to_pointer);
void io_cleanup_close(const int *fd);

#define _cleanup_free_	__attribute__((cleanup(io_cleanup_free)))
#define _cleanup_close_ __attribute__((cleanup(io_cleanup_close)))

#endif
