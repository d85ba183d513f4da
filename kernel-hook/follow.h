/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the bytes of a block device are: the kernel's own answer, for these bytes, at this moment.
 *
 * A read of the device, past its page cache, into memory of ours ends in requests to partitions of
 * disks, each announced by the tracepoint block_bio_remap (block/blk-core.c, blk_partition_remap)
 * after whatever is stacked above has sent it there.
 */
#ifndef HOOK_FOLLOW_H
#define HOOK_FOLLOW_H

#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/types.h>

#include "cover.h"

/* Registers the probe, which takes memory and time: before the freeze.  0 or a negative errno. */
int follow_begin(void);
void follow_end(void);

/*
 * Reads whole blocks of IMG_BLOCK of a device into page-aligned memory, as disk_read does, and
 * notes where they are.  Between follow_begin and follow_end, by one task at a time.  0; a negative
 * errno of the read; -EXDEV, with `why`: the fragments do not cover the bytes exactly, once each,
 * all on partitions of hardware disks.
 */
int follow_read(struct file *device, u64 position, void *data, size_t size,
		struct follow *ret_follow);

#endif
