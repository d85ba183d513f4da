// SPDX-License-Identifier: GPL-2.0-only
/*
 * Block devices as the driver core and sysfs know them.
 */
#include <linux/ctype.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/magic.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/string.h>
#include <linux/uuid.h>

#include "compat/compat.h"
#include "devices.h"
#include "held.h"

#define PATH_SIZE (2 * DEVICE_NAME_SIZE + UUID_STRING_LEN + 40)

/* block_class is not exported, but each block device points to it. */
void device_walk_begin(struct device_walk *walk, struct device *anchor)
{
	memset(walk, 0, sizeof(*walk));
	if (anchor)
		class_dev_iter_init(&walk->iter, anchor->class, NULL, NULL);
}

struct block_device *device_walk_next(struct device_walk *walk)
{
	struct device *device = NULL;

	if (walk->iter.ki.i_klist)
		device = class_dev_iter_next(&walk->iter);
	return device ? dev_to_bdev(device) : NULL;
}

void device_walk_end(struct device_walk *walk)
{
	if (walk->iter.ki.i_klist)
		class_dev_iter_exit(&walk->iter);
}

static struct device *device_by_name(const char *name)
{
	struct file *file;
	struct device *device = NULL;

	if (!device_name_is_partition(name))
		return NULL;
	file = device_open(name, O_RDONLY);
	if (IS_ERR(file))
		return NULL;
	if (device_of_file(file))
		device = held(get_device(&device_of_file(file)->bd_device));
	held_close(file);
	return device;
}

struct device *device_walk_prepare(void)
{
	char *partitions = procfs_text("/proc/partitions");
	unsigned int major, minor;
	unsigned long long blocks;
	char name[DEVICE_NAME_SIZE];
	struct device *anchor = NULL;
	char *rest, *line;

	if (IS_ERR(partitions))
		return NULL;
	rest = partitions;
	while (!anchor && (line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%u %u %llu %31s", &major, &minor, &blocks, name) == 4)
			anchor = device_by_name(name);
	}
	held_kvfree(partitions);
	return anchor;
}

void device_walk_release(struct device *anchor)
{
	put_device(unheld(anchor));
}

struct block_device *device_find(struct device *anchor, dev_t number, const char *name)
{
	struct block_device *bdev;
	struct device_walk walk;
	char here[DEVICE_NAME_SIZE];

	device_walk_begin(&walk, anchor);
	while ((bdev = device_walk_next(&walk))) {
		device_name(bdev, here);
		if (name ? !strcmp(here, name) : bdev->bd_dev == number) {
			held(get_device(&bdev->bd_device));
			break;
		}
	}
	device_walk_end(&walk);
	return bdev;
}

void device_put(struct block_device *bdev)
{
	if (bdev)
		put_device(unheld(&bdev->bd_device));
}

void device_name(struct block_device *bdev, char ret_name[DEVICE_NAME_SIZE])
{
	snprintf(ret_name, DEVICE_NAME_SIZE, "%pg", bdev);
}

bool device_is_on_bus(const struct device *device, const char *bus)
{
	return device->bus && !strcmp(device->bus->name, bus);
}

int device_sysfs_text(char *ret_text, size_t size, const char *format, ...)
{
	char name[PATH_SIZE];
	struct file *file;
	loff_t position = 0;
	ssize_t length;
	va_list args;

	ret_text[0] = '\0';
	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	file = held_open(name, O_RDONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	length = kernel_read(file, ret_text, size - 1, &position);
	held_close(file);
	if (length <= 0)
		return length ? length : -ENOENT;
	ret_text[length] = '\0';
	ret_text[strcspn(ret_text, "\n")] = '\0';
	return 0;
}

bool device_sysfs_has(const char *format, ...)
{
	char name[PATH_SIZE];
	struct path path;
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	if (kern_path(name, 0, &path))
		return false;
	path_put(&path);
	return true;
}

bool device_name_is_partition(const char *name)
{
	char entry[DEVICE_NAME_SIZE];

	strscpy(entry, name, sizeof(entry));
	strreplace(entry, '/', '!');
	return device_sysfs_has("/sys/class/block/%s/partition", entry);
}

bool device_name_is_numbered(const char *name, const char *driver)
{
	size_t length = str_has_prefix(name, driver);

	return length && isdigit(name[length]);
}

bool device_name_is_memory(const char *name)
{
	return device_name_is_numbered(name, "zram") || device_name_is_numbered(name, "ram");
}

struct file *device_open(const char *name, int flags)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/dev/%s", name);
	return held_open(path, flags | O_DIRECT | O_LARGEFILE);
}

struct block_device *device_of_file(const struct file *file)
{
	struct inode *inode = file->f_mapping->host;

	return S_ISBLK(inode->i_mode) ? I_BDEV(inode) : NULL;
}

/* The kernel keeps the GUID as text; partitions of a DOS table have a shorter one. */
bool device_guid(struct block_device *bdev, u8 ret_guid[16])
{
	guid_t guid;

	if (!bdev_is_partition(bdev) || !bdev->bd_meta_info ||
	    strnlen(bdev->bd_meta_info->uuid, sizeof(bdev->bd_meta_info->uuid)) !=
		    UUID_STRING_LEN ||
	    guid_parse(bdev->bd_meta_info->uuid, &guid))
		return false;
	export_guid(ret_guid, &guid);
	return true;
}

bool device_is_dirty(struct block_device *bdev)
{
	struct address_space *cache = bdev_page_cache(bdev);

	return mapping_tagged(cache, PAGECACHE_TAG_DIRTY) ||
	       mapping_tagged(cache, PAGECACHE_TAG_WRITEBACK);
}

bool device_is_made_of(const struct block_device *upper, const struct block_device *lower)
{
	return device_sysfs_has("/sys/class/block/%s/slaves/%s", dev_name(&upper->bd_device),
				dev_name(&lower->bd_device));
}

struct block_device *device_walk_lower(struct device_walk *walk, const struct block_device *upper)
{
	struct block_device *bdev;

	do
		bdev = device_walk_next(walk);
	while (bdev && !device_is_made_of(upper, bdev));
	return bdev;
}

struct below {
	struct device *anchor;
	char *text;
	size_t size;
	size_t length;
};

static void below_add(struct below *below, const struct block_device *upper, unsigned int depth)
{
	struct block_device *bdev;
	struct device_walk walk;
	char name[DEVICE_NAME_SIZE];

	device_walk_begin(&walk, below->anchor);
	while (depth && (bdev = device_walk_lower(&walk, upper))) {
		device_name(bdev, name);
		below->length += scnprintf(below->text + below->length, below->size - below->length,
					   "%s%s", below->length ? ", " : "", name);
		below_add(below, bdev_whole(bdev), depth - 1);
	}
	device_walk_end(&walk);
}

void device_below(struct device *anchor, struct block_device *bdev, char *ret_text, size_t size)
{
	struct below below = { .anchor = anchor, .text = ret_text, .size = size };

	ret_text[0] = '\0';
	below_add(&below, bdev_whole(bdev), DEVICE_MAX_DEPTH);
}

static bool super_is_memory(const struct super_block *sb)
{
	return sb->s_magic == TMPFS_MAGIC || sb->s_magic == RAMFS_MAGIC;
}

/*
 * A loop device's file is in a file system.  One on a disk has been checked like any other; an
 * overlay's and btrfs's device is not in the superblock.  ret_lower: the disk of that file system,
 * "" if unknown; or the block device that is in the place of the file.
 */
static enum device_home file_home(const struct path *path, char ret_lower[DEVICE_NAME_SIZE],
				  const char **ret_why)
{
	const struct super_block *sb = path->dentry->d_sb;

	ret_lower[0] = '\0';
	if (S_ISBLK(d_inode(path->dentry)->i_mode)) {
		strscpy(ret_lower, path->dentry->d_name.name, DEVICE_NAME_SIZE);
		*ret_why = "on a loop device over a block device";
		return DEVICE_HOME_UNKNOWN;
	}
	if (super_is_memory(sb))
		return DEVICE_HOME_MEMORY;
	if (sb->s_bdev)
		strscpy(ret_lower, sb->s_bdev->bd_disk->disk_name, DEVICE_NAME_SIZE);
	if (sb->s_bdev || sb->s_magic == BTRFS_SUPER_MAGIC || sb->s_magic == OVERLAYFS_SUPER_MAGIC)
		return DEVICE_HOME_FILE;
	*ret_why = "on a loop device over a file that is not on a disk of this machine";
	return DEVICE_HOME_UNKNOWN;
}

/* disk: the loop device; changed to what its file is on, as by file_home. */
static enum device_home loop_home(char disk[DEVICE_NAME_SIZE], char *scratch, const char **ret_why)
{
	enum device_home home;
	struct path path;
	int error = device_sysfs_text(scratch, PAGE_SIZE, "/sys/block/%s/loop/backing_file", disk);

	if (!error)
		error = kern_path(scratch, LOOKUP_FOLLOW, &path);
	if (error) {
		disk[0] = '\0';
		*ret_why = "on a loop device whose file cannot be found";
		return DEVICE_HOME_UNKNOWN;
	}
	home = file_home(&path, disk, ret_why);
	path_put(&path);
	return home;
}

enum device_home device_home(struct block_device *bdev, char ret_lower[DEVICE_NAME_SIZE],
			     const char **ret_why)
{
	enum device_home home = DEVICE_HOME_DISK;
	char *scratch = held_pages(0);
	unsigned int depth;

	*ret_why = "";
	strscpy(ret_lower, bdev->bd_disk->disk_name, DEVICE_NAME_SIZE);
	for (depth = 0; scratch && depth < DEVICE_MAX_DEPTH; depth++) {
		if (!device_name_is_numbered(ret_lower, "loop"))
			break;
		home = loop_home(ret_lower, scratch, ret_why);
		if (home != DEVICE_HOME_FILE)
			break;
	}
	held_pages_free(scratch, 0);
	if (!scratch || depth == DEVICE_MAX_DEPTH) {
		*ret_why = "on a loop device whose file cannot be followed";
		return DEVICE_HOME_UNKNOWN;
	}
	if (home == DEVICE_HOME_UNKNOWN)
		return home;
	return device_name_is_memory(ret_lower) ? DEVICE_HOME_MEMORY : home;
}
