/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A partition's content: a block device, or a regular file that holds what a
 * partition would (image builders, tests).
 */
#ifndef FASTBOOTCTL_PART_H
#define FASTBOOTCTL_PART_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct part {
	char *path;
	int fd; /* -1: not open */
	uint64_t size;
	bool block;
	dev_t rdev;
};
#define PART_CLOSED { .fd = -1 }

enum part_access {
	PART_READ,
	PART_CLAIM_READ, /* read; of a block device the only user */
	PART_CLAIM,	 /* read and write, likewise */
};

static inline enum part_access part_claim(bool dry_run)
{
	return dry_run ? PART_CLAIM_READ : PART_CLAIM;
}

/* What libblkid sees on it.  Strings are empty where there is nothing to say. */
struct part_content {
	char type[32];	/* "swap", "ext4"; or that several are there */
	char label[64]; /* of the content */
	char uuid[40];
	char table[16];	     /* partition table on it: "gpt", "dos" */
	char entry_type[40]; /* its own type in the disk's table */
	char partuuid[40];   /* its own unique id there */
	bool partition;	     /* a block device that is a partition, says sysfs */
};

/* 0, or -1 with errno and no report: ENOTBLK for what can be no partition. */
int part_try_open(const char *path, enum part_access access, struct part *ret_part);

/*
 * 0, or the exit status after a report on stderr.  What is read from a block device is what is on
 * the disk, see part_drop_cache.
 */
int part_open(const char *path, enum part_access access, struct part *ret_part);
int part_probe(const struct part *part, struct part_content *ret_content);

/* Erases every signature libblkid knows, so that only what is written next is found. */
int part_wipe(const struct part *part);

/*
 * Writes, flushes, and reads back what then is on the disk: write-failed if it is something else.
 * size: up to IMG_BLOCK.
 */
int part_write(const struct part *part, const void *data, size_t size, uint64_t offset);

/*
 * Forgets what the page cache holds of the partition: what was flushed is then read from the disk.
 * In a restored system the cache is as old as the image, while the loader has written to the disk
 * since.
 */
void part_drop_cache(const struct part *part);

void part_close(struct part *part);
#define _cleanup_part_ __attribute__((cleanup(part_close)))

/*
 * Every block device of the machine that has a size, partition or not: its name in sysfs and its
 * path.  0, or the exit status after a report.
 */
typedef void (*part_fn)(void *ctx, const char *name, const char *path);
int part_for_each(part_fn look, void *ctx);

/*
 * Opens `path`; or, where it is NULL, the one partition of this machine that carries a
 * fast-boot area.  area-missing and area-ambiguous are reported.
 */
int part_open_or_find(const char *path, enum part_access access, struct part *ret_part);

#endif
