/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an attempt holds: every allocation, mapping, open file and queue between the write to sysfs
 * and its return is acquired and released through these functions, and counted.  The read-only
 * module parameter `held` shows the sum: 0 whenever no attempt is under way, whatever failed.  Also
 * for the gates, survey, proofs and target; not for what the module keeps while it is loaded.
 *
 * Memory is zeroed.  May sleep.
 */
#ifndef HOOK_HELD_H
#define HOOK_HELD_H

#include <linux/fs.h>
#include <linux/types.h>

/* NULL on failure; the free functions accept NULL. */
void *held_kcalloc(size_t n, size_t size);
void held_kfree(const void *memory);

void *held_kvcalloc(size_t n, size_t size);
void held_kvfree(const void *memory);

void *held_vzalloc(size_t size);
void held_vfree(const void *memory);

/* 2^order pages, in the kernel's linear mapping. */
void *held_pages(unsigned int order);
void held_pages_free(const void *memory, unsigned int order);

/* An ERR_PTR on failure; held_close accepts NULL. */
struct file *held_open(const char *path, int flags);
/*
 * The same for a character device, by its number: -ENODEV if the path leads elsewhere.  The path is
 * the caller's, who may have mounted something over it.
 */
struct file *held_open_device(const char *path, int flags, dev_t number);
void held_close(struct file *file);

/* For a resource acquired in another way: returns it, and counts it unless it is NULL. */
void *held(void *resource);
/* Returns it, for the function that releases it. */
void *unheld(void *resource);

/* For a resource without a pointer of its own, for example pinned pages. */
void held_add(int count);

#endif
