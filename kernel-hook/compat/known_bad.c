// SPDX-License-Identifier: GPL-2.0-only
/*
 * A row is added when a kernel is found to be bad, and stays: somebody may still run it.
 */
#include <linux/kernel.h>
#include <linux/version.h>

#include "known_bad.h"

/*
 * 35e4a69b2003 (6.18) counts how often the GFP mask was restricted, but snapshot_ioctl() of
 * kernel/power/user.c lifted it once too often; a8d51efb5929 (7.0, 6.19.11, 6.18.21) fixes that.
 */
#define GFP_UNBALANCED                                                                             \
	"SNAPSHOT_CREATE_IMAGE makes it warn of itself (pm_restore_gfp_mask), which taints it"

static const struct known_bad rows[] = {
	{ KERNEL_VERSION(6, 18, 0), KERNEL_VERSION(6, 18, 20), GFP_UNBALANCED, "6.18.21" },
	{ KERNEL_VERSION(6, 19, 0), KERNEL_VERSION(6, 19, 10), GFP_UNBALANCED, "6.19.11" },
};

const struct known_bad *known_bad_find(u32 version)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (version >= rows[i].first && version <= rows[i].last)
			return &rows[i];
	}
	return NULL;
}
