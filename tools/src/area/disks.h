/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's disks as its firmware sees them: drives with their GPT partitions, without anything
 * that the kernel has put on top.  Bytes are read from the drive, never through a partition's
 * device, whose page cache a mounted file system shares.
 */
#ifndef FASTBOOTCTL_DISKS_H
#define FASTBOOTCTL_DISKS_H

#include "area/part.h"

struct disk_partition {
	char uuid[40];	  /* unique partition GUID, lower case */
	uint8_t guid[16]; /* the same, as a GPT stores it */
	char device[64];  /* "/dev/sda3" */
	uint64_t offset;  /* in bytes, on the disk */
	uint64_t size;
};

struct disk {
	struct part part; /* open */
	struct disk_partition *partition;
	size_t nr_partitions;
};

struct disks {
	struct disk *disk;
	size_t nr;
	bool open;
};

/*
 * A drive that cannot be opened is left out, like a missing one.  fresh: drop the page cache of
 * each drive, so that its bytes are read from the disk.  Exit status.
 */
int disks_open(struct disks *ret_disks, bool fresh);
void disks_close(struct disks *disks);
#define _cleanup_disks_ __attribute__((cleanup(disks_close)))

/* Returns how many partitions have that GUID; *ret_disk and *ret_partition are one of them. */
unsigned int disks_find(const struct disks *disks, const char *uuid, const struct disk **ret_disk,
			const struct disk_partition **ret_partition);

/* The partition with that number, if its table has it; NULL: it has not, or this is no partition.
 */
const struct disk_partition *disks_partition(const struct disks *disks, dev_t device);

/* The disk that the partition is on; NULL: it is a file, or the disk is unknown. */
const struct disk *disks_below(const struct disks *disks, const struct part *part);

#endif
