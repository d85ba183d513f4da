/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What device mapper says of its devices: its own ioctls (linux/dm-ioctl.h), because no function of
 * it that reads a table is exported.
 */
#ifndef HOOK_MAPPER_H
#define HOOK_MAPPER_H

#include <linux/fs.h>
#include <linux/types.h>

#include "shared.h"
#include "table.h"

#define MAPPER_NAME_SIZE 128 /* DM_NAME_LEN */
#define MAPPER_UUID_SIZE 129 /* DM_UUID_LEN */

struct mapper_device {
	dev_t device;
	char name[MAPPER_NAME_SIZE];
	char uuid[MAPPER_UUID_SIZE]; /* "LVM-...", "CRYPT-LUKS2-..." */
	bool readonly;
	bool suspended;		/* a read would wait */
	unsigned int first, nr; /* of the segments */
};

struct mapper {
	struct mapper_device *device;
	struct mapper_segment *segment;
	unsigned int nr_devices, nr_segments;
	int error; /* of mapper_read */

	/* For another look. */
	struct file *control;
	struct shared shared;
	u64 digest;
};

/*
 * Reads all live tables.  In the process that writes the command, before the freeze.  0, also
 * without device mapper; a negative errno.  Keys that a table shows are wiped, not kept.
 */
int mapper_read(struct mapper *ret_mapper);
void mapper_release(struct mapper *mapper);

/*
 * Reads them again, in the same process, with the tasks frozen.  0; -ESTALE: a device or its table
 * is another now; another negative errno.  0, too, if they have never been read: then no device was
 * accepted.
 */
int mapper_check(const struct mapper *mapper);

/* NULL: not a device of device mapper. */
const struct mapper_device *mapper_find(const struct mapper *mapper, dev_t device);

#endif
