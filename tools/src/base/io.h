/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes that complete, and cleanup attributes.  Every function returns 0, or -1 with
 * errno set; a file that ends in the middle of a read, and a write that makes no progress, give
 * EIO.
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
 * Reads a whole small file (sysfs, an EFI program) of at most `limit` bytes and appends a NUL; the
 * caller frees *ret_data.  EFBIG if it is longer.
 */
int io_read_file(const char *path, size_t limit, char **ret_data, size_t *ret_size);

/*
 * A path in the running system, below $FASTBOOTCTL_ROOT if that is set, so that tests can provide a
 * /sys and a /dev of their own.  The caller frees it; NULL: out of memory.
 */
char *io_system_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Reads the number, decimal or 0x, that the file at io_system_path() holds alone on its line.
 * False, without a report: it holds no number.
 */
bool io_system_number(uint64_t *ret_number, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void io_cleanup_free(void *pointer_to_pointer);
void io_cleanup_close(const int *fd);

#define _cleanup_free_	__attribute__((cleanup(io_cleanup_free)))
#define _cleanup_close_ __attribute__((cleanup(io_cleanup_close)))

#endif
