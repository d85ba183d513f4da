// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/extents.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/io.h"

#define XFS_MAGIC 0x58465342 /* "XFSB"; linux/magic.h has it only since Linux 5.5 */
#define AT_ONCE	  64u

/*
 * Blocks stay where they are: only there does a map hold as long as nobody touches the file.  btrfs
 * and f2fs move them on their own, and btrfs' addresses are not those of a device.
 */
static bool keeps_blocks(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == XFS_MAGIC);
}

/* xfs: the file's blocks are on another device than the file system's. */
static bool is_realtime(int fd)
{
	struct fsxattr attributes = { 0 };

	return ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0 &&
	       (attributes.fsx_xflags & FS_XFLAG_REALTIME);
}

/*
 * FIEMAP_EXTENT_UNWRITTEN is harmless: the file system reads zeroes there, whatever the disk has,
 * but an area is never read through the file system.
 */
static const char *refuse_flags(uint32_t flags)
{
	if (flags & FIEMAP_EXTENT_SHARED)
		return "shares blocks with another file";
	if (flags & (FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DATA_ENCRYPTED))
		return "is compressed or encrypted by its file system";
	if (flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_NOT_ALIGNED |
		     FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL))
		return "has data without blocks of their own";
	return NULL;
}

static bool add(struct extents *extents, uint64_t offset, uint64_t size)
{
	struct img_extent *grown =
		realloc(extents->extent, (extents->nr + 1) * sizeof(*extents->extent));

	if (!grown)
		return false;
	extents->extent = grown;
	extents->extent[extents->nr++] = (struct img_extent){ offset, size };
	return true;
}

/* *done: bytes of the file that have a place; the extent must follow them. */
static const char *take(const struct fiemap_extent *from, uint64_t size, uint64_t *done,
			struct extents *extents)
{
	const char *why = refuse_flags(from->fe_flags);
	uint64_t length = from->fe_length;

	if (why)
		return why;
	if (from->fe_logical != *done || !length)
		return "has holes";
	if (length > size - *done)
		length = size - *done;
	if (!add(extents, from->fe_physical, length)) {
		errno = ENOMEM;
		return "has more pieces than fit into memory";
	}
	*done += length;
	return NULL;
}

static const char *take_all(int fd, uint64_t size, struct extents *extents)
{
	_cleanup_free_ struct fiemap *map =
		malloc(sizeof(*map) + AT_ONCE * sizeof(map->fm_extents[0]));
	const char *why = NULL;
	uint64_t done = 0;

	if (!map)
		return "has a map that does not fit into memory";
	while (!why && done < size) {
		memset(map, 0, sizeof(*map));
		map->fm_start = done;
		map->fm_length = size - done;
		map->fm_flags = FIEMAP_FLAG_SYNC;
		map->fm_extent_count = AT_ONCE;
		if (ioctl(fd, FS_IOC_FIEMAP, map))
			return "has no map";
		if (!map->fm_mapped_extents)
			return "has holes";
		for (uint32_t i = 0; i < map->fm_mapped_extents && !why && done < size; i++)
			why = take(&map->fm_extents[i], size, &done, extents);
	}
	return why;
}

const char *extents_read(int fd, uint64_t size, struct extents *ret_extents)
{
	struct extents extents = { 0 };
	const char *why;
	struct stat st;

	*ret_extents = extents;
	if (fstat(fd, &st))
		return "has no device";
	extents.device = st.st_dev;
	errno = 0;
	if (!keeps_blocks(fd))
		return "is on a file system that may move it (ext4 and xfs do not)";
	if (is_realtime(fd))
		return "is on the realtime device of its file system";
	errno = 0;
	why = take_all(fd, size, &extents);
	if (why)
		extents_release(&extents);
	*ret_extents = extents;
	return why;
}

void extents_release(struct extents *extents)
{
	int saved = errno;

	free(extents->extent);
	*extents = (struct extents){ 0 };
	errno = saved;
}
