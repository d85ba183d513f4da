/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices: which exist, and how they are stacked.  Disks and partitions alike are walked as
 * the driver core has them, as members of one class, so no look opens a device: opening an empty
 * floppy drive takes seconds.  sysfs says how they are stacked.  Process context.
 */
#ifndef HOOK_DEVICES_H
#define HOOK_DEVICES_H

#include <linux/blkdev.h>
#include <linux/device/class.h>
#include <linux/fs.h>
#include <linux/types.h>

#define DEVICE_NAME_SIZE 32 /* DISK_NAME_LEN */
#define DEVICE_MAX_DEPTH 8  /* of devices on devices */

struct device_walk {
	struct class_dev_iter iter;
};

/* anchor: any block device; NULL walks none.  Each step's device is valid until the next step. */
void device_walk_begin(struct device_walk *walk, struct device *anchor);
struct block_device *device_walk_next(struct device_walk *walk);
void device_walk_end(struct device_walk *walk);

/* A device to walk from, to be released with device_walk_release; NULL: none found. */
struct device *device_walk_prepare(void);
void device_walk_release(struct device *anchor);

/*
 * The device with that number or, if `name` is not NULL, with that name; NULL if none.  To be
 * released with device_put.
 */
struct block_device *device_find(struct device *anchor, dev_t number, const char *name);
void device_put(struct block_device *bdev);

/* As in /dev and /proc/partitions. */
void device_name(struct block_device *bdev, char ret_name[DEVICE_NAME_SIZE]);

/*
 * The first line of a sysfs file, without its newline; 0 or a negative errno.  size: of ret_text,
 * which is "" on failure.
 */
__printf(3, 4) int device_sysfs_text(char *ret_text, size_t size, const char *format, ...);

/* Is it on the bus of that name, for example "virtio"? */
bool device_is_on_bus(const struct device *device, const char *bus);

/* Does the path exist? */
__printf(1, 2) bool device_sysfs_has(const char *format, ...);

/* True if sysfs calls it a partition. */
bool device_name_is_partition(const char *name);

/* Is it a device of a driver that numbers its devices, for example "loop0"? */
bool device_name_is_numbered(const char *name, const char *driver);

/* zram and brd keep their contents in memory, so they are part of the image. */
bool device_name_is_memory(const char *name);

/* Opens /dev/NAME for direct I/O, to be closed with held_close; an ERR_PTR on failure. */
struct file *device_open(const char *name, int flags);

/* NULL if it is not a block device. */
struct block_device *device_of_file(const struct file *file);

/* False unless it is a GPT partition; its unique GUID, as the GPT has it. */
bool device_guid(struct block_device *bdev, u8 ret_guid[16]);

/* Does the page cache of the device hold something that is not on it yet? */
bool device_is_dirty(struct block_device *bdev);

/* Is one (a device-mapper, md or bcache device) made of the other? */
bool device_is_made_of(const struct block_device *upper, const struct block_device *lower);

/* The next step's device of which that one is made; NULL at the end. */
struct block_device *device_walk_lower(struct device_walk *walk, const struct block_device *upper);

/*
 * The devices that a device is made of, all the way down, for example "dm-1, vda4"; "" for one that
 * is not made of others, such as a disk or its partition.
 */
void device_below(struct device *anchor, struct block_device *bdev, char *ret_text, size_t size);

enum device_home {
	DEVICE_HOME_DISK,
	DEVICE_HOME_MEMORY, /* zram, brd, or a loop device over memory */
	DEVICE_HOME_FILE,   /* a loop device over a file of a disk's file system */
	DEVICE_HOME_UNKNOWN,
};

/*
 * Where the contents of a device are.  ret_lower: what its contents are on, as far as that is
 * known, or "".  ret_why: UNKNOWN only, a few words.
 */
enum device_home device_home(struct block_device *bdev, char ret_lower[DEVICE_NAME_SIZE],
			     const char **ret_why);

#endif
