// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct block I/O.  O_DIRECT on a block device of 6.1 accepts only page vectors, no kernel
 * addresses, so pages are described one by one.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "disk.h"

#define DISK_STEP_PAGES 64 /* bounds the vector on the stack */

void disk_map(struct bio_vec *ret_page, const void *data, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++) {
		const void *address = data + i * PAGE_SIZE;

		ret_page[i] = (struct bio_vec){
			.bv_page = is_vmalloc_addr(address) ? vmalloc_to_page(address)
							    : virt_to_page(address),
			.bv_len = PAGE_SIZE,
		};
	}
}

static int disk_transfer(struct file *file, unsigned int direction, u64 position,
			 struct bio_vec *page, size_t pages)
{
	size_t size = pages * PAGE_SIZE;
	struct iov_iter iter;
	loff_t at = position;
	ssize_t done;

	iov_iter_bvec(&iter, direction, page, pages, size);
	if (direction == ITER_SOURCE)
		done = vfs_iter_write(file, &iter, &at, 0);
	else
		done = vfs_iter_read(file, &iter, &at, 0);
	if (done < 0)
		return done;
	return done == size ? 0 : -EIO;
}

static int disk_transfer_memory(struct file *file, unsigned int direction, u64 position,
				const void *data, size_t size)
{
	struct bio_vec page[DISK_STEP_PAGES];
	size_t pages = size / PAGE_SIZE;
	int error = 0;

	while (pages && !error) {
		size_t step = min_t(size_t, pages, DISK_STEP_PAGES);

		disk_map(page, data, step);
		error = disk_transfer(file, direction, position, page, step);
		position += step * PAGE_SIZE;
		data += step * PAGE_SIZE;
		pages -= step;
	}
	return error;
}

int disk_read(struct file *file, u64 position, void *data, size_t size)
{
	return disk_transfer_memory(file, ITER_DEST, position, data, size);
}

int disk_write(struct file *file, u64 position, const void *data, size_t size)
{
	return disk_transfer_memory(file, ITER_SOURCE, position, data, size);
}

int disk_write_pages(struct file *file, u64 position, struct bio_vec *page, size_t pages)
{
	return disk_transfer(file, ITER_SOURCE, position, page, pages);
}

int disk_flush(struct file *file)
{
	return vfs_fsync(file, 0);
}
