// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is accepted is what the tool accepts (tools/src/area/extents.c).
 */
#include "extents.h"

#define NO_BLOCKS                                                                                  \
	(FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_NOT_ALIGNED |              \
	 FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL)

/*
 * FIEMAP_EXTENT_UNWRITTEN is harmless: the file system reads zeroes there, whatever the disk has,
 * but an area is never read through the file system.
 */
static const char *flags_refuse(u32 flags)
{
	if (flags & FIEMAP_EXTENT_SHARED)
		return "it shares blocks with another file";
	if (flags & (FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DATA_ENCRYPTED))
		return "its file system compresses or encrypts it";
	if (flags & NO_BLOCKS)
		return "it has data without blocks of their own";
	return NULL;
}

static const char *extent_add(struct extents *extents, const struct fiemap_extent *extent)
{
	const char *why = flags_refuse(extent->fe_flags);
	u64 rest = extents->size - extents->done;
	u64 size = extent->fe_length < rest ? extent->fe_length : rest;

	if (why)
		return why;
	if (extent->fe_logical != extents->done || !size)
		return "it has holes";
	extents->done += size;
	return map_add(extents->mapper, extents->device, extent->fe_physical, size, extents->map);
}

const char *extents_add(struct extents *extents, const struct fiemap_extent *extent,
			unsigned int nr)
{
	const char *why = NULL;
	unsigned int i;

	for (i = 0; i < nr && !why && extents->done < extents->size; i++)
		why = extent_add(extents, &extent[i]);
	return why;
}
