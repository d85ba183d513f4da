// SPDX-License-Identifier: GPL-2.0-only
/*
 * User pages, pinned and mapped a second time.  Context of the process that owns the memory.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "held.h"
#include "shared.h"

static int user_map(struct shared *shared)
{
	unsigned long address;

	address = vm_mmap(NULL, 0, shared->pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(address))
		return address;
	shared->user = (void __user *)address;
	held_add(1);
	return 0;
}

static void user_unmap(struct shared *shared)
{
	vm_munmap((unsigned long)shared->user, shared->pages * PAGE_SIZE);
	held_add(-1);
}

static void pages_unpin(struct shared *shared)
{
	unpin_user_pages(shared->page, shared->pinned);
	held_add(-(int)shared->pinned);
}

static int pages_pin(struct shared *shared)
{
	unsigned long address = (unsigned long)shared->user;

	while (shared->pinned < shared->pages) {
		int got = pin_user_pages_fast(
			address + shared->pinned * PAGE_SIZE, shared->pages - shared->pinned,
			FOLL_WRITE | FOLL_LONGTERM, shared->page + shared->pinned);

		if (got <= 0) {
			pages_unpin(shared);
			return got ? got : -EFAULT;
		}
		shared->pinned += got;
		held_add(got);
	}
	return 0;
}

int shared_map(struct shared *shared, size_t pages)
{
	int error;

	*shared = (struct shared){ .pages = pages };
	shared->page = held_kvcalloc(pages, sizeof(*shared->page));
	if (!shared->page)
		return -ENOMEM;
	error = user_map(shared);
	if (error)
		goto err_table;
	error = pages_pin(shared);
	if (error)
		goto err_user;
	shared->kernel = held(vmap(shared->page, pages, VM_MAP, PAGE_KERNEL));
	if (shared->kernel)
		return 0;
	error = -ENOMEM;
	pages_unpin(shared);
err_user:
	user_unmap(shared);
err_table:
	held_kvfree(shared->page);
	shared->page = NULL;
	return error;
}

void shared_unmap(struct shared *shared)
{
	if (!shared->page)
		return;
	vunmap(unheld(shared->kernel));
	pages_unpin(shared);
	user_unmap(shared);
	held_kvfree(shared->page);
	shared->page = NULL;
}

bool shared_intact(const struct shared *shared)
{
	unsigned long value;
	bool intact = true;
	size_t i;

	for (i = 0; i < shared->pages && intact; i++) {
		unsigned long *word = shared->kernel + i * PAGE_SIZE;
		unsigned long __user *user = shared->user + i * PAGE_SIZE;

		WRITE_ONCE(*word, i + 1);
		intact = !get_user(value, user) && value == i + 1;
		WRITE_ONCE(*word, 0);
	}
	return intact;
}
