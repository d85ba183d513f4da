/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a file is on the device of its file system: the file system's own map (FIEMAP). */
#ifndef FASTBOOTCTL_EXTENTS_H
#define FASTBOOTCTL_EXTENTS_H

#include <imgfmt/reader.h>
#include <stddef.h>
#include <sys/types.h>

struct extents {
	dev_t device;
	struct img_extent *extent; /* bytes of the device, in the order of the file */
	size_t nr;
};

/*
 * The first `size` bytes, after unwritten data were written out.  NULL, or why the file cannot
 * carry an area: a few words after "the file"; errno is then 0 unless a call failed.
 */
const char *extents_read(int fd, uint64_t size, struct extents *ret_extents);
void extents_release(struct extents *extents);
#define _cleanup_extents_ __attribute__((cleanup(extents_release)))

#endif
