/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the survey has noted.
 */
#ifndef HOOK_SURVEYED_H
#define HOOK_SURVEYED_H

#include <linux/fs.h>
#include <linux/path.h>
#include <linux/uuid.h>
#include <imgfmt/imgfmt.h>

#include "devices.h"
#include "mapper.h"

#define SURVEY_TYPE_SIZE  24
#define SURVEY_BELOW_SIZE 64
#define SURVEY_LABEL_SIZE 128
#define SURVEY_POINT_SIZE 64
#define SURVEY_WHY_SIZE	  96

enum survey_home {
	SURVEY_UNPROVABLE, /* see why */
	SURVEY_PARTITION,  /* on GPT partitions, perhaps through a stack: open, to be proven */
	SURVEY_FILE,	   /* a loop device; the file system of its file must be proven */
	SURVEY_MEMORY,	   /* part of the image */
	SURVEY_REMOTE,	   /* not on a device of this machine: a server's or the host's */
};

struct survey_fs {
	const struct super_block *sb; /* identifies it, never dereferenced; NULL: out of reach */
	dev_t device;		      /* 0: unknown */
	char name[DEVICE_NAME_SIZE];
	char type[SURVEY_TYPE_SIZE];
	char label[SURVEY_LABEL_SIZE];	/* "vg-root on LUKS on sda3" */
	char subtype[SURVEY_TYPE_SIZE]; /* REMOTE: the FUSE subtype, or "" */
	char point[SURVEY_POINT_SIZE];	/* REMOTE: where process 1 has it mounted, or "" */
	bool elsewhere;			/* mounted at another place, too */
	uuid_t uuid;			/* as the file system reported it to the kernel */
	bool writable;
	bool present; /* at the last look */
	bool late;    /* absent at the first look */

	enum survey_home home;
	const char *why;
	unsigned int devices; /* of PARTITION: its sources */
};

/* A GPT partition at the bottom. */
struct survey_part {
	dev_t device;
	char name[DEVICE_NAME_SIZE];
	u8 guid[16];
	struct file *file;
};

/* Cause before consequence: so they are compared at a restore. */
enum survey_role {
	SURVEY_ARRAY,  /* a member of an md array */
	SURVEY_LUKS,   /* what a crypt target is on */
	SURVEY_LVM,    /* a physical volume */
	SURVEY_VERITY, /* a hash tree */
	SURVEY_FS,
	SURVEY_SWAP,
};

/* A device whose own bytes prove something. */
struct survey_source {
	enum survey_role role;
	dev_t device;
	char label[SURVEY_LABEL_SIZE];
	const char *type;	     /* in the words of img_fs_extents; NULL: `extent` */
	struct img_fs_extent extent; /* which bytes */
	const struct survey_fs *fs;  /* FS */
	struct file *file;
	bool encrypted; /* its bytes are not those of the partitions */
};

/* An active device that is made of others. */
struct survey_stack {
	dev_t device;
	bool other;		   /* neither device mapper nor md */
	bool crypt;		   /* has a crypt target */
	char why[SURVEY_WHY_SIZE]; /* why it cannot be proven; "": it can */
	struct file *state;	   /* md: array_state in sysfs */
};

/* A partition that has the same bytes as others of its set. */
struct survey_leg {
	dev_t array, partition;
	unsigned int set; /* of the array */
	u64 offset;	  /* where the array's own bytes begin */
};

struct survey_disk {
	dev_t device;
	char name[DEVICE_NAME_SIZE];
	struct file *file;
	u8 guid[16]; /* of a partition on it; zero: the target, if that is a partition */
	bool of_target;
	u64 place;    /* from place_of */
	u64 identity; /* from place_identity */
	struct {
		u64 offset, digest;
		u32 size;
	} table; /* see disks.h */
};

#define SURVEY_MAX_PARTS   128u
#define SURVEY_MAX_SOURCES 256u
#define SURVEY_MAX_STACKS  256u
#define SURVEY_MAX_LEGS	   128u

struct survey {
	struct device *anchor;
	const struct mapper *mapper;
	struct path hidden;  /* a mount of a type whose superblocks are on another list */
	struct file *target; /* the target's device or file; NULL: not found */
	struct survey_fs *fs;
	struct survey_disk *disk; /* the target's, if found, are the first */
	struct survey_part *part;
	struct survey_source *source;
	struct survey_stack *stack;
	struct survey_leg *leg;
	dev_t *held;	     /* devices in exclusive use, all explained */
	dev_t in_memory[16]; /* loop devices over memory that programs have open */
	unsigned int nr_fs, nr_disks, nr_parts, nr_sources, nr_stacks, nr_legs, nr_held,
		nr_in_memory;
	bool overflow;	/* more file systems than fit */
	bool more;	/* more stacked devices than fit */
	bool late;	/* the first look is over */
	bool disk_swap; /* swap space on a disk is active */
	long free_swap; /* pages, before memory is copied */
};

#define SURVEY_MAX_HELD 1024u

#endif
