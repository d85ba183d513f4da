/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Direct reads and writes of a partition through its open file: the one interface to a block device
 * whose calls are the same in all the kernels we build for.  Positions are bytes of the partition,
 * all sizes whole blocks of IMG_BLOCK.  Return 0 or a negative errno.  May sleep.
 */
#ifndef HOOK_DISK_H
#define HOOK_DISK_H

#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/types.h>

/* data: page aligned kernel memory, linear or from vmalloc. */
int disk_read(struct file *file, u64 position, void *data, size_t size);
int disk_write(struct file *file, u64 position, const void *data, size_t size);

/* `pages` whole pages, as one request as far as the block layer allows. */
int disk_write_pages(struct file *file, u64 position, struct bio_vec *page, size_t pages);

/* Returns once everything written is durable. */
int disk_flush(struct file *file);

/* Describes page-aligned kernel memory of `pages` pages. */
void disk_map(struct bio_vec *ret_page, const void *data, size_t pages);

#endif
