/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The swap space that the machine knows: /proc/swaps and /etc/fstab. */
#ifndef FASTBOOTCTL_SWAPS_H
#define FASTBOOTCTL_SWAPS_H

#include <stdbool.h>

/* Is it in use?  path: of a block device, by any of its names, or of a file. */
bool swaps_active(const char *path);

/* Is it in use, or will it be at the next normal boot?  A file only. */
bool swaps_has_file(const char *path);

/* Calls `look` for each regular file that is in either, once. */
typedef void (*swaps_fn)(void *ctx, const char *path);
void swaps_for_each_file(swaps_fn look, void *ctx);

#endif
