/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the parts of a read are all of it.  Any context.
 */
#ifndef HOOK_COVER_H
#define HOOK_COVER_H

#include <linux/types.h>

#define FOLLOW_MAX_FRAGMENTS 16u

struct follow_fragment {
	dev_t partition;
	u64 offset; /* bytes of the partition */
	u32 size;   /* bytes */
};

struct follow {
	unsigned int nr;
	struct follow_fragment fragment[FOLLOW_MAX_FRAGMENTS]; /* in the order of the bytes */
	const char *why; /* why they cannot be followed; a few words */
};

/* Bytes of the memory that come from a partition. */
struct cover_part {
	dev_t partition;
	u64 offset;   /* bytes of the partition */
	u32 at, size; /* bytes of the memory */
};

/*
 * Sorts the parts and joins those that follow each other.  NULL; or in a few words why they are not
 * exactly the bytes up to `size`, once each.  ret_follow: empty.
 */
const char *cover_join(struct cover_part *part, unsigned int nr, size_t size,
		       struct follow *ret_follow);

#endif
