/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that an image area is in: where its bytes are, and keeping everybody else away from it
 * while they are read and written past its file system.  Process context, tasks run.
 */
#ifndef HOOK_BACKING_H
#define HOOK_BACKING_H

#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/types.h>

#include "map.h"

/*
 * Opens a regular file for reading, to be closed with held_close; an ERR_PTR on failure, -EINVAL:
 * it is another kind of file.  Opens nothing else: a watchdog would start.
 */
struct file *backing_open(const char *path);

/* Bytes of the file, in whole blocks of IMG_BLOCK. */
u64 backing_size(const struct file *file);

/* Of its file system; NULL: none, or several. */
struct block_device *backing_device(const struct file *file);

/* May its file system write?  Valid for as long as the tasks are frozen. */
bool backing_is_writable(const struct file *file);

/* Is it active as swap space, or claimed? */
bool backing_is_swap(const struct file *file);

/*
 * Computes its map, after unwritten data were written out.  In the process that writes the command:
 * the file system answers to user addresses.  NULL, or in a few words why it has none; ret_map is
 * undefined then.
 */
const char *backing_map(struct file *file, const struct mapper *mapper, struct map *ret_map);

/*
 * From here on its blocks stay where they are, and nobody writes to it, as with an active swap file
 * (Linux, include/linux/fs.h, S_SWAPFILE): no write, truncation, deletion, defragmentation or
 * swapon.  Its cached pages are dropped.  0; -EBUSY: it is active as swap or mapped for writing;
 * another negative errno.
 */
int backing_claim(struct file *file);
void backing_unclaim(struct file *file);

#endif
