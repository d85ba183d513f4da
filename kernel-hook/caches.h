/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the page cache holds of block devices.
 */
#ifndef HOOK_CACHES_H
#define HOOK_CACHES_H

#include "report.h"
#include "survey.h"

/*
 * Drops it, of every device that no file system of the image is on: what the disk holds there
 * may be another thing at each restore, and a device that some program keeps open, be it only
 * for reading, keeps its cache through any number of mounts.  What cannot be dropped is an
 * obstacle.  With the tasks frozen.
 */
void caches_drop(const struct survey *survey, struct report *report);

#endif
