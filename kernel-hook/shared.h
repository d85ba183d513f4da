/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory shared between the caller's address space and the kernel: /dev/snapshot copies to user
 * addresses only, and its copy must land in a compressor's input without being copied again.
 *
 *	user    anonymous pages of the calling process, pinned
 *	kernel  the same pages, contiguous
 *
 * Only the process that created it may use the user addresses.
 */
#ifndef HOOK_SHARED_H
#define HOOK_SHARED_H

#include <linux/mm_types.h>
#include <linux/types.h>

struct shared {
	void __user *user;
	void *kernel;
	size_t pages;
	size_t pinned;
	struct page **page;
};

/* All zero.  0 or a negative errno, with nothing left mapped. */
int shared_map(struct shared *shared, size_t pages);
void shared_unmap(struct shared *shared);

/*
 * True if the user addresses still lead to our pages; another thread of the process might have
 * mapped something over them.  Valid for as long as the tasks are frozen.
 */
bool shared_intact(const struct shared *shared);

#endif
