/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What there is before a snapshot: every file system that lives on a block device
 * or outside this machine, in all mount namespaces, where it lives, and the disks that must
 * be as they are when the image is restored.  What is to be read for a proof is opened, so that
 * later, with the tasks frozen, no path has to be walked.
 */
#ifndef HOOK_SURVEY_H
#define HOOK_SURVEY_H

#include <linux/fs.h>
#include <linux/path.h>
#include <linux/uuid.h>

#include "devices.h"
#include "report.h"
#include "target.h"

#define SURVEY_TYPE_SIZE  24
#define SURVEY_BELOW_SIZE 64
#define SURVEY_POINT_SIZE 64
#define SURVEY_MAX_SWAPS  8

enum survey_home {
	SURVEY_UNPROVABLE, /* see why */
	SURVEY_PARTITION,  /* a GPT partition of its own: open, to be proven */
	SURVEY_FILE,	   /* a loop device; the file system of its file is to be proven */
	SURVEY_MEMORY,	   /* part of the image */
	SURVEY_REMOTE,	   /* no device of this machine: a server's or the host's */
};

struct survey_fs {
	const struct super_block *sb; /* to know it again, never followed; NULL: out of reach */
	dev_t device;		      /* 0: not known */
	char name[DEVICE_NAME_SIZE];
	char type[SURVEY_TYPE_SIZE];
	char below[SURVEY_BELOW_SIZE];	/* the devices that its device is made of, or "" */
	char subtype[SURVEY_TYPE_SIZE]; /* of REMOTE: what FUSE calls it, or "" */
	char point[SURVEY_POINT_SIZE];	/* of REMOTE: where process 1 has it mounted, or "" */
	bool elsewhere;			/* and at another place, too */
	uuid_t uuid;			/* as the file system told it to the kernel */
	bool writable;
	bool present; /* at the last look */
	bool late;    /* not there at the first */

	enum survey_home home;
	const char *why;
	u8 guid[16];
	struct file *file; /* the partition; NULL unless it is to be proven */
};

struct survey_swap {
	char name[DEVICE_NAME_SIZE];
	u8 guid[16];
	struct file *file; /* the partition */
};

struct survey_disk {
	dev_t device;
	char name[DEVICE_NAME_SIZE];
	struct file *file;
	u8 guid[16];  /* of a partition on it; zero: the target's */
	u64 place;    /* as by place_of */
	u64 identity; /* as by place_identity */
	struct {
		u64 offset, digest;
		u32 size;
	} table; /* see disks.h */
};

struct survey {
	struct device *any;
	struct path hidden;  /* a mount of a type whose superblocks hang elsewhere */
	struct file *target; /* the target's partition; NULL: none was found */
	struct survey_fs *fs;
	struct survey_disk *disk;		   /* the target's, if any, is the first */
	struct survey_swap swap[SURVEY_MAX_SWAPS]; /* active, on partitions of their own */
	dev_t *held;				   /* devices in exclusive use, all explained */
	dev_t in_memory[16]; /* loop devices over memory that programs have open */
	unsigned int nr_fs, nr_disks, nr_held, nr_in_memory, nr_swaps;
	bool overflow;	/* more file systems than can be noted */
	bool late;	/* this is not the first look */
	bool disk_swap; /* swap space on a disk is active */
	long free_swap; /* pages, before memory is copied */
};

#define SURVEY_MAX_HELD 1024u

/*
 * The first look; opens, without claiming them, all partitions and disks that a proof
 * needs.  target: as far as it was found, name "" if it was not.  0, or the errno of an
 * obstacle that kept it from looking; what it saw is not judged here.
 */
int survey_prepare(struct survey *survey, const struct target *target, struct report *report);
void survey_release(struct survey *survey);

/*
 * Another look at the file systems, for use with the tasks frozen: walks no path that a
 * file system in user space could hold up.  Notes what came, went or changed its mode.
 */
int survey_again(struct survey *survey, struct report *report);

/*
 * Notes the device of active swap space, and opens what proves it: its partition and its disk.
 * NULL, or why it cannot be proven.
 */
const char *survey_take_swap(struct survey *survey, dev_t device);

/* The noted, present file system on a device; NULL if there is none. */
const struct survey_fs *survey_fs_on(const struct survey *survey, dev_t device);

/* Is it a further device of a noted btrfs?  Asks sysfs. */
bool survey_is_member(const struct survey *survey, const struct block_device *bdev);

#endif
