/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * md arrays, as sysfs describes them (Linux, admin-guide/md.rst).
 */
#ifndef HOOK_ARRAYS_H
#define HOOK_ARRAYS_H

#include "surveyed.h"

bool device_is_array(const struct block_device *bdev);

/* Also if it is not running, and so has no size. */
bool array_has_members(struct block_device *bdev);

/* Sets stack->why, or stack->state.  That it is idle may only be seen once the tasks are frozen. */
void array_judge(struct block_device *bdev, struct survey_stack *stack);

/* Notes its members' superblocks and its legs.  NULL, or why they cannot be proven. */
const char *array_take(struct survey *survey, struct block_device *bdev);

/* Reads no path.  NULL, or the state in which writes are under way, or "unknown". */
const char *array_busy(const struct survey_stack *stack, char *ret_text, size_t size);

#endif
