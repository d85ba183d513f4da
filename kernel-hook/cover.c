// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sort.h>

#include "cover.h"

static int part_compare(const void *a, const void *b)
{
	u32 first = ((const struct cover_part *)a)->at;
	u32 second = ((const struct cover_part *)b)->at;

	return first < second ? -1 : first > second;
}

/* Appends a part, or extends the last fragment with it.  False: no room. */
static bool fragment_add(struct follow *follow, const struct cover_part *part)
{
	struct follow_fragment *last = follow->nr ? &follow->fragment[follow->nr - 1] : NULL;

	if (last && last->partition == part->partition &&
	    last->offset + last->size == part->offset) {
		last->size += part->size;
		return true;
	}
	if (follow->nr == FOLLOW_MAX_FRAGMENTS)
		return false;
	follow->fragment[follow->nr++] = (struct follow_fragment){
		.partition = part->partition,
		.offset = part->offset,
		.size = part->size,
	};
	return true;
}

const char *cover_join(struct cover_part *part, unsigned int nr, size_t size,
		       struct follow *ret_follow)
{
	static const char missing[] = "some of its bytes come from no partition";
	size_t next = 0;
	unsigned int i;

	sort(part, nr, sizeof(*part), part_compare, NULL);
	for (i = 0; i < nr; i++) {
		if (part[i].at < next)
			return "some of its bytes were read twice";
		if (part[i].at > next)
			return missing;
		if (!fragment_add(ret_follow, &part[i]))
			return "its bytes are in too many pieces";
		next += part[i].size;
	}
	if (next > size)
		return "more was read than asked for";
	return next == size ? NULL : missing;
}
