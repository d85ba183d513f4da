// SPDX-License-Identifier: GPL-2.0-only
/*
 * The count.  Process context; the workers of a snapshot acquire nothing.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vmalloc.h>

#include "held.h"

static atomic_t held_count = ATOMIC_INIT(0);

static int held_get(char *page, const struct kernel_param *param)
{
	return sysfs_emit(page, "%d\n", atomic_read(&held_count));
}

/* Required although the file is read-only: the module's command line calls it. */
static int held_set(const char *text, const struct kernel_param *param)
{
	return -EPERM;
}

static const struct kernel_param_ops held_ops = { .set = held_set, .get = held_get };
module_param_cb(held, &held_ops, NULL, 0444);
MODULE_PARM_DESC(held, "allocations, mappings and open files held now; 0 between snapshots");

void held_add(int count)
{
	atomic_add(count, &held_count);
}

void *held(void *resource)
{
	if (resource)
		atomic_inc(&held_count);
	return resource;
}

void *unheld(void *resource)
{
	if (resource)
		atomic_dec(&held_count);
	return resource;
}

void *held_kcalloc(size_t n, size_t size)
{
	return held(kcalloc(n, size, GFP_KERNEL));
}

void held_kfree(const void *memory)
{
	kfree(unheld((void *)memory));
}

void *held_kvcalloc(size_t n, size_t size)
{
	return held(kvcalloc(n, size, GFP_KERNEL));
}

void held_kvfree(const void *memory)
{
	kvfree(unheld((void *)memory));
}

void *held_vzalloc(size_t size)
{
	return held(vzalloc(size));
}

void held_vfree(const void *memory)
{
	vfree(unheld((void *)memory));
}

void *held_pages(unsigned int order)
{
	return held((void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, order));
}

void held_pages_free(const void *memory, unsigned int order)
{
	free_pages((unsigned long)unheld((void *)memory), order);
}

struct file *held_open(const char *path, int flags)
{
	struct file *file = filp_open(path, flags, 0);

	return IS_ERR(file) ? file : held(file);
}

struct file *held_open_device(const char *path, int flags, dev_t number)
{
	struct file *file = held_open(path, flags);
	const struct inode *inode;

	if (IS_ERR(file))
		return file;
	inode = file_inode(file);
	if (S_ISCHR(inode->i_mode) && inode->i_rdev == number)
		return file;
	held_close(file);
	return ERR_PTR(-ENODEV);
}

void held_close(struct file *file)
{
	if (file)
		fput(unheld(file));
}
