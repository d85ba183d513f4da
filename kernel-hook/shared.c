// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel pages, mapped twice.  Context of the process that uses them.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat/compat.h"
#include "held.h"
#include "shared.h"

/* The file's private data. */
struct owned {
	size_t pages;
	struct page *page[];
};

static void owned_free(struct owned *owned)
{
	size_t i;

	for (i = 0; i < owned->pages; i++) {
		clear_highpage(owned->page[i]);
		__free_page(owned->page[i]);
	}
	held_add(-(int)owned->pages);
	held_kvfree(owned);
}

static struct owned *owned_allocate(size_t pages)
{
	struct owned *owned = held_kvcalloc(1, struct_size(owned, page, pages));

	if (!owned)
		return NULL;
	while (owned->pages < pages) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

		if (!page) {
			owned_free(owned);
			return NULL;
		}
		owned->page[owned->pages++] = page;
		held_add(1);
	}
	return owned;
}

/* Once the last mapping is gone, even if it is not where we made it. */
static int shared_release(struct inode *inode, struct file *file)
{
	owned_free(file->private_data);
	return 0;
}

static int shared_mmap(struct file *file, struct vm_area_struct *vma)
{
	const struct owned *owned = file->private_data;
	unsigned long at = vma->vm_start;
	int error = 0;
	size_t i;

	if (vma_pages(vma) != owned->pages || vma->vm_pgoff)
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTCOPY | VM_DONTDUMP);
	for (i = 0; i < owned->pages && !error; i++, at += PAGE_SIZE)
		error = remap_pfn_range(vma, at, page_to_pfn(owned->page[i]), PAGE_SIZE,
					vma->vm_page_prot);
	return error;
}

static const struct file_operations shared_operations = {
	.owner = THIS_MODULE,
	.mmap = shared_mmap,
	.release = shared_release,
};

static int file_open(struct shared *shared)
{
	struct owned *owned = owned_allocate(shared->pages);
	struct file *file;

	if (!owned)
		return -ENOMEM;
	file = anon_inode_getfile("[fastboot]", &shared_operations, owned, O_RDWR);
	if (IS_ERR(file)) {
		owned_free(owned);
		return PTR_ERR(file);
	}
	shared->file = held(file);
	return 0;
}

static int user_map(struct shared *shared)
{
	unsigned long address = vm_mmap(shared->file, 0, shared->pages * PAGE_SIZE,
					PROT_READ | PROT_WRITE, MAP_SHARED, 0);

	if (IS_ERR_VALUE(address))
		return address;
	shared->user = (void __user *)address;
	held_add(1);
	return 0;
}

static void user_unmap(struct shared *shared)
{
	if (!shared->user)
		return;
	vm_munmap((unsigned long)shared->user, shared->pages * PAGE_SIZE);
	shared->user = NULL;
	held_add(-1);
}

/* What everything rests on, asked of this kernel. */
static int pinning_refused(const struct shared *shared)
{
	struct page *page;
	int got = get_user_pages_fast((unsigned long)shared->user, 1, FOLL_WRITE, &page);

	if (got <= 0)
		return 0;
	put_page(page);
	pr_err("the memory shared with the caller can be pinned\n");
	return -EPERM;
}

static int kernel_map(struct shared *shared)
{
	struct owned *owned = shared->file->private_data;

	shared->kernel = held(vmap(owned->page, owned->pages, VM_MAP, PAGE_KERNEL));
	return shared->kernel ? 0 : -ENOMEM;
}

int shared_map(struct shared *shared, size_t pages)
{
	int error;

	*shared = (struct shared){ .pages = pages };
	error = file_open(shared);
	if (error)
		return error;
	error = user_map(shared);
	if (!error)
		error = pinning_refused(shared);
	if (!error)
		error = kernel_map(shared);
	if (error)
		shared_unmap(shared);
	return error;
}

void shared_unmap(struct shared *shared)
{
	if (!shared->file)
		return;
	vunmap(unheld(shared->kernel));
	shared->kernel = NULL;
	user_unmap(shared);
	/* The release runs on the way to user mode: before write(2) returns. */
	held_close(shared->file);
	shared->file = NULL;
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

bool shared_exclusive(void)
{
	unsigned int turn;

	/* Page reclaim takes a reference to each process in turn (mm/vmscan.c, get_next_mm). */
	for (turn = 0; turn < 100 && atomic_read(&current->mm->mm_users) > 1; turn++)
		msleep(10);
	return atomic_read(&current->mm->mm_users) == 1 && !mm_has_notifiers(current->mm);
}

void shared_wipe(const struct shared *shared)
{
	memset(shared->kernel, 0, shared->pages * PAGE_SIZE);
}
