/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to a disk or partition by byte offset.
 *
 * Offsets and sizes are multiples of the medium's block size; false: an I/O error.
 */
#ifndef DISK_H
#define DISK_H

#include <imgfmt/format.h>

#include "base.h"

struct disk {
	EFI_HANDLE handle;
	EFI_BLOCK_IO *bio;
	EFI_BLOCK_IO2_PROTOCOL *bio2; /* NULL: reads are synchronous */
	UINT32 media_id;
	uint32_t block; /* the medium's block size: bytes, 512 to IMG_BLOCK, a power of two */
	bool partition; /* not a whole disk */
	uint64_t size;	/* bytes, a multiple of the block size */
};

/* False: no disk, no medium, or a block size that we cannot use. */
bool disk_open(EFI_HANDLE handle, struct disk *ret_disk);
bool disk_read(const struct disk *disk, uint64_t offset, uint64_t size, void *to);

/*
 * A read of at most 4 MiB, asynchronous where the firmware supports it (UEFI 2.10, 13.10,
 * EFI_BLOCK_IO2_PROTOCOL); elsewhere it has ended when disk_start_read() returns.  The request and
 * `to` belong to the firmware until disk_poll_read() returns something other than DISK_BUSY.
 */
enum disk_progress { DISK_BUSY, DISK_DONE, DISK_FAILED };
struct disk_request {
	EFI_BLOCK_IO2_TOKEN token;
	enum disk_progress progress;
};
void disk_start_read(const struct disk *disk, uint64_t offset, uint64_t size, void *to,
		     struct disk_request *ret_request);
enum disk_progress disk_poll_read(struct disk_request *request);

/* A single request of at most 4 MiB. */
bool disk_write(const struct disk *disk, uint64_t offset, uint64_t size, const void *from);
bool disk_flush(const struct disk *disk);

/* Connects all controllers: takes about half a second, allocates memory, and may start drivers. */
void disk_connect_all(void);

#endif
