// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/inmemory.h"

#include <linux/magic.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fail.h"
#include "base/io.h"

#define WARN_ABOVE (64ull << 20)

/* The device numbers of those already reported: one may be mounted several times. */
struct seen {
	dev_t device[64];
	size_t nr;
};

static bool seen_before(struct seen *seen, dev_t device)
{
	for (size_t i = 0; i < seen->nr; i++) {
		if (seen->device[i] == device)
			return true;
	}
	if (seen->nr < sizeof(seen->device) / sizeof(seen->device[0]))
		seen->device[seen->nr++] = device;
	return false;
}

/* Bytes in use; 0 if it is not a tmpfs, or is hidden below another mount. */
static uint64_t bytes_used(const char *path, dev_t *ret_device)
{
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) || fs.f_type != TMPFS_MAGIC || stat(path, &st))
		return 0;
	*ret_device = st.st_dev;
	return (uint64_t)(fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
}

static void check_mount(const char *path, struct seen *seen)
{
	dev_t device = 0;
	uint64_t used = bytes_used(path, &device);

	if (used > WARN_ABOVE && !seen_before(seen, device))
		warning("%s is in memory: its %llu MiB are in each image; remove what is not "
			"needed there",
			path, (unsigned long long)(used >> 20));
}

void inmemory_warn(void)
{
	_cleanup_free_ char *path = io_system_path("/proc/self/mounts");
	FILE *mounts = path ? setmntent(path, "re") : NULL;
	struct seen seen = { .nr = 0 };
	const struct mntent *entry;

	if (!mounts)
		return;
	while ((entry = getmntent(mounts)))
		check_mount(entry->mnt_dir, &seen);
	endmntent(mounts);
}
