/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is below a device, down to partitions of disks.
 */
#ifndef HOOK_LAYERS_H
#define HOOK_LAYERS_H

#include "surveyed.h"

/* A noted stack; NULL if none. */
const struct survey_stack *stack_find(const struct survey *survey, dev_t device);

/*
 * Opens everything that proves what is on a device: itself and the partitions at the bottom.  Notes
 * the source, of which the caller has set role, type or extent, and fs; once, if it is called
 * again.  After stacks_find.  NULL, or why nothing can: a few words about what is on it.
 */
const char *layers_take(struct survey *survey, struct block_device *bdev,
			const struct survey_source *source);

/*
 * Opens the partitions below a device.  ret_encrypted: may be NULL; unchanged unless a layer is.
 * NULL, or why they cannot be proven; then ret_name is the device that the words are about.
 */
const char *layers_bottom(struct survey *survey, struct block_device *bdev, bool *ret_encrypted,
			  char ret_name[DEVICE_NAME_SIZE]);

/* "vg-root on LUKS on sda3", "md0 on sda2, sdb2", "vda1" */
void layers_label(struct device *anchor, struct block_device *bdev, char *ret_text, size_t size);

#endif
