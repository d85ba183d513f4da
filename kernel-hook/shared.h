/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory shared between the caller's address space and the kernel: /dev/snapshot copies to user
 * addresses only, and its copy must land in a compressor's input without being copied again.
 *
 *	user    the kernel's pages, mapped into the calling process by their frame numbers
 *	kernel  the same pages, contiguous
 *
 * Whoever calls may be the attacker: under lockdown, root must not read or change what passes
 * through here.  So the pages are not the process's own, and nothing can pin them: get_user_pages()
 * refuses such a mapping (VM_PFNMAP), and with it O_DIRECT, io_uring, vmsplice and RDMA.  They
 * belong to the mapping's file, so they outlive whatever the process makes of the mapping.
 *
 * Only the process that created it may use the user addresses.
 */
#ifndef HOOK_SHARED_H
#define HOOK_SHARED_H

#include <linux/fs.h>
#include <linux/types.h>

struct shared {
	void __user *user;
	void *kernel;
	size_t pages;
	struct file *file; /* the owner of the pages */
};

/* All zero.  0 or a negative errno, with nothing left mapped. */
int shared_map(struct shared *shared, size_t pages);
void shared_unmap(struct shared *shared);

/*
 * True if the user addresses still lead to our pages; another thread of the process might have
 * mapped something over them.  Valid for as long as the tasks are frozen.
 */
bool shared_intact(const struct shared *shared);

/*
 * True if nobody but the calling task uses its memory, likewise: no other thread, and no driver
 * that the freeze does not stop, in the name of one (vhost until 6.3) or by the frame numbers (KVM,
 * which has a notifier).
 */
bool shared_exclusive(void);

/* Before the tasks continue: what has passed through is none of their business. */
void shared_wipe(const struct shared *shared);

#endif
