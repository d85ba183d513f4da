/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What carries an area: a partition; a regular file that holds what a partition would (image
 * builders, tests); or a logical volume or a file, whose bytes are pieces of partitions (map.h).
 */
#ifndef FASTBOOTCTL_PART_H
#define FASTBOOTCTL_PART_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "area/pieces.h"

struct part {
	char *path;
	int fd; /* -1: not open */
	uint64_t size;
	bool block;
	bool read_only;	       /* claimed to be written, but its file system is read-only */
	dev_t rdev;	       /* of a block device; 0: a file */
	struct pieces *pieces; /* NULL: it holds its own bytes */
};
#define PART_CLOSED { .fd = -1 }

enum part_access {
	PART_READ,
	PART_CLAIM_READ, /* read, as the only user of a block device */
	PART_CLAIM,	 /* read and write, as the only user */
};

static inline enum part_access part_claim(bool dry_run)
{
	return dry_run ? PART_CLAIM_READ : PART_CLAIM;
}

/* What libblkid finds on it.  Strings are empty where it finds nothing. */
struct part_content {
	char type[32];	/* "swap", "ext4", "several kinds of content" */
	char label[64]; /* of the content */
	char uuid[40];
	char table[16];	     /* partition table on it: "gpt", "dos" */
	char entry_type[40]; /* its own type in the disk's table */
	char partuuid[40];   /* its own unique id there */
	bool partition;	     /* sysfs says that it is a partition */
};

/* 0, or -1 with errno and no report.  ENOTBLK: it cannot be a partition. */
int part_try_open(const char *path, enum part_access access, struct part *ret_part);

/*
 * 0, or the exit status after a report on stderr.  Reads from a block device then return what is on
 * the disk, see part_drop_cache.
 */
int part_open(const char *path, enum part_access access, struct part *ret_part);

/*
 * A file on a read-only file system is opened all the same, because its pieces may be written.  0,
 * or the exit status after a report: it cannot be written itself.
 */
int part_check_writable(const struct part *part);

int part_probe(const struct part *part, struct part_content *ret_content);
bool part_is_partition(const struct part *part);

/* Erases every signature libblkid knows, so that only what is written next is found. */
int part_wipe(const struct part *part);

/*
 * Bytes of the area, wherever they are.  0, or -1 with errno and no report.  fd is for what the
 * running system sees: swap header, libblkid.
 */
int part_read(const struct part *part, void *to, size_t size, uint64_t offset);
int part_put(const struct part *part, const void *from, size_t size, uint64_t offset);
int part_flush(const struct part *part);

/* The size of the logical blocks of the disk that holds this byte of the area; 512 for a file. */
size_t part_block_size(const struct part *part, uint64_t offset);

/*
 * Writes, flushes, and reads back from the disk: write-failed if that differs.  size: up to
 * IMG_BLOCK.
 */
int part_write(const struct part *part, const void *data, size_t size, uint64_t offset);

/*
 * Drops the partition's page cache: what was flushed is then read from the disk.  In a restored
 * system the cache is as old as the image, but the loader has written to the disk since.
 */
void part_drop_cache(const struct part *part);

void part_close(struct part *part);
#define _cleanup_part_ __attribute__((cleanup(part_close)))

/*
 * Calls `look` for every block device of the machine that has a size, partition or not, with its
 * name in sysfs and its path.  0, or the exit status after a report.
 */
typedef void (*part_fn)(void *ctx, const char *name, const char *path);
int part_for_each(part_fn look, void *ctx);

/*
 * Opens `path` or, if that is NULL, the one partition, logical volume or swap file of this machine
 * that carries a fast-boot area, with its pieces.  Reports area-missing and area-ambiguous.
 */
int part_open_or_find(const char *path, enum part_access access, struct part *ret_part);

#endif
