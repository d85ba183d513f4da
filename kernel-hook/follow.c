// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request is recognised by its memory: whatever a driver makes of a read, the data arrive in the
 * reader's own pages.  A driver that reads into others, and copies, is not followed: then bytes are
 * missing.
 *
 * blk_partition_remap (block/blk-core.c) announces the bio while that still has the partition as
 * its device, with the sector counted from the partition's beginning; the drivers above announce
 * theirs with the device that they have sent it to.  Bios may come from workers, in any context.
 */
#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <trace/events/block.h>
#include <imgfmt/imgfmt.h>

#include "cover.h"
#include "disk.h"
#include "follow.h"
#include "held.h"

#define MAX_PAGES (IMG_PROOF_MAX_SIZE / PAGE_SIZE + 2)
#define MAX_PARTS 512u

/* The pages and parts of one read at a time. */
static struct watch {
	bool registered;
	bool active;
	struct page **page;
	unsigned int nr_pages;
	struct cover_part *part;
	atomic_t nr;	  /* of the parts, also of those without room */
	atomic_t strange; /* bios that have pages of the memory in another order, or others, too */
} watch;

/* Byte of the memory; negative: not in it. */
static long watch_at(const struct bio_vec *part)
{
	unsigned int i;

	for (i = 0; i < watch.nr_pages; i++) {
		if (watch.page[i] == part->bv_page)
			return (long)i * PAGE_SIZE + part->bv_offset;
	}
	return -1;
}

/* Where in the memory the data of a bio go; negative: elsewhere. */
static long bio_at(struct bio *bio)
{
	struct bvec_iter iter;
	struct bio_vec part;
	long at = -1, next = -1;

	bio_for_each_segment(part, bio, iter)
	{
		if (at < 0) {
			at = watch_at(&part);
			if (at < 0)
				return -1;
			next = at;
		} else if (watch_at(&part) != next) {
			atomic_inc(&watch.strange);
			return -1;
		}
		next += part.bv_len;
	}
	return at;
}

static bool is_leaf(const struct bio *bio, dev_t device)
{
	struct block_device *bdev = bio->bi_bdev;

	return bdev && bdev->bd_dev == device && bdev_is_partition(bdev) &&
	       bdev_whole(bdev)->bd_device.parent;
}

/* Any context, preemption off. */
static void remap_note(void *unused, struct bio *bio, dev_t device, sector_t from)
{
	unsigned int number;
	long at;

	if (!smp_load_acquire(&watch.active) || bio_op(bio) != REQ_OP_READ || !bio_has_data(bio) ||
	    !is_leaf(bio, device))
		return;
	at = bio_at(bio);
	if (at < 0)
		return;
	number = atomic_inc_return(&watch.nr) - 1;
	if (number >= MAX_PARTS)
		return;
	watch.part[number] = (struct cover_part){
		.partition = device,
		.offset = (u64)from * SECTOR_SIZE,
		.at = at,
		.size = bio->bi_iter.bi_size,
	};
}

static void watch_free(void)
{
	held_kvfree(watch.part);
	held_kvfree(watch.page);
	watch.part = NULL;
	watch.page = NULL;
}

int follow_begin(void)
{
	int error = -ENOMEM;

	watch.page = held_kvcalloc(MAX_PAGES, sizeof(*watch.page));
	watch.part = held_kvcalloc(MAX_PARTS, sizeof(*watch.part));
	if (watch.page && watch.part)
		error = register_trace_block_bio_remap(remap_note, NULL);
	if (error) {
		watch_free();
		return error;
	}
	watch.registered = true;
	held_add(1);
	return 0;
}

void follow_end(void)
{
	if (!watch.registered)
		return;
	unregister_trace_block_bio_remap(remap_note, NULL);
	tracepoint_synchronize_unregister();
	watch.registered = false;
	held_add(-1);
	watch_free();
}

static void watch_start(const void *data, size_t size)
{
	unsigned int i;

	watch.nr_pages = size / PAGE_SIZE;
	for (i = 0; i < watch.nr_pages; i++) {
		const void *address = data + i * PAGE_SIZE;

		watch.page[i] =
			is_vmalloc_addr(address) ? vmalloc_to_page(address) : virt_to_page(address);
	}
	atomic_set(&watch.nr, 0);
	atomic_set(&watch.strange, 0);
	smp_store_release(&watch.active, true);
}

static const char *watch_end(size_t size, struct follow *follow)
{
	unsigned int nr = atomic_read(&watch.nr);

	if (!nr)
		return "its bytes come from no partition of a disk";
	if (atomic_read(&watch.strange))
		return "its driver reads in a way that is not known";
	if (nr > MAX_PARTS)
		return "its bytes are in too many pieces";
	return cover_join(watch.part, nr, size, follow);
}

int follow_read(struct file *device, u64 position, void *data, size_t size,
		struct follow *ret_follow)
{
	int error;

	*ret_follow = (struct follow){};
	if (!watch.registered || !size || size % IMG_BLOCK || size > MAX_PAGES * PAGE_SIZE)
		return -EINVAL;
	watch_start(data, size);
	error = disk_read(device, position, data, size);
	smp_store_release(&watch.active, false);
	if (error)
		return error;
	ret_follow->why = watch_end(size, ret_follow);
	return ret_follow->why ? -EXDEV : 0;
}
