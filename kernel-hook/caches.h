/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page cache of block devices.
 */
#ifndef HOOK_CACHES_H
#define HOOK_CACHES_H

#include "report.h"
#include "survey.h"

/*
 * Drops the page cache of every device without a file system of the image: the disk may hold
 * something else there at each restore, and a device that a program keeps open, even only for
 * reading, keeps its cache through any number of mounts.  What cannot be dropped is an obstacle.
 * With the tasks frozen.
 */
void caches_drop(const struct survey *survey, struct report *report);

#endif
