/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module's knowledge of kernels beyond their documented interfaces.  Built and
 * tested with those of qemu-tests/guest/kernels.table, 6.1 to 7.3.
 *
 * | knowledge                | why                      | since / until  | if absent           |
 * |--------------------------|--------------------------|----------------|---------------------|
 * | power_kobject_get        | power_kobj, the kobject  | kernfs_node's  | lookup by path, for |
 * |                          | of /sys/power, is not    | `parent` until | which /sys must be  |
 * |                          | exported                 | 6.14           | mounted; else the   |
 * |                          |                          |                | module does not     |
 * |                          |                          |                | load                |
 * | procfs_text              | the lists of partitions, | 5.10: seq_file | snapshot refused    |
 * |                          | file systems and swap    | as private     |                     |
 * |                          | are not exported, and    | data           |                     |
 * |                          | kernel_read refuses      |                |                     |
 * |                          | /proc/swaps              |                |                     |
 * | /dev/snapshot's dialogue | hibernation_snapshot and | 5.x; zero-page | snapshot refused    |
 * | (checkpoint.c, stream.c) | its helpers are not      | flag in pfns   | (layout checked by  |
 * |                          | exported, and must not   | since 6.7      | stream_begin)       |
 * |                          | be called via pointers   |                |                     |
 * |                          | under IBT                |                |                     |
 * | btrfs's type, found      | 6.1's btrfs lists its    | until 6.7      | its device counts   |
 * | through one of its       | superblocks on a type    |                | as held by          |
 * | mounts (survey.c)        | that is not registered   |                | something unknown   |
 * | bdev_page_cache          | the page cache of a      | bd_mapping     | does not build      |
 * |                          | device that is not open  | since 6.10     |                     |
 * | bd_holder                | nothing else shows that  | 2.6; the disk  | does not build      |
 * | (gates_devices.c)        | a device is claimed      | of a claimed   |                     |
 * |                          |                          | partition is   |                     |
 * |                          |                          | held too       |                     |
 * | file_be_silent           | udev must not look at    | FMODE_NONOTIFY | udev does, or the   |
 * |                          | the target at its close  | alone until    | module does not     |
 * |                          |                          | 6.13; one of   | build               |
 * |                          |                          | two bits since |                     |
 * |                          |                          | 6.14, 6.12.117 |                     |
 * | vm_flags_set             | vm_flags became          | 6.3            | does not build      |
 * |                          | read-only                |                |                     |
 * | device_ioctl             | vfs_ioctl is static in   | 6.18           | does not build      |
 * |                          | fs/ioctl.c               |                |                     |
 * | rdmsrq & co. (x86.h)     | previously rdmsrl & co.  | 6.16           | does not build      |
 * | asm/cpuid/api.h (x86.h)  | previously asm/cpuid.h   | 6.16; the old  | does not build      |
 * |                          |                          | one until 6.16 |                     |
 * | hibernation_mode.c       | amdgpu leaves the GPU    | 6.17           | after a golden      |
 * |                          | suspended after the copy |                | snapshot the screen |
 * |                          | unless this mode is set  |                | stays dead          |
 * | known_bad.c              | 6.18 and 6.19 taint      | 6.18 to        | the image has a     |
 * |                          | themselves in the        | 6.18.20, 6.19  | tainted kernel, and |
 * |                          | snapshot                 | to 6.19.10     | no other can follow |
 * | a watchdog's device      | the core has no way to   | 4.5            | it stays stopped    |
 * | (watchdogs.c)            | walk or restart them     |                |                     |
 * | block_bio_remap as it is | nothing else says where  | 2.6.38; bio's  | snapshot refused:   |
 * | raised for partitions    | the bytes of a stacked   | own device     | bytes come from no  |
 * | (follow.c)               | device are               | since 5.12     | partition           |
 * | dm-ioctl (mapper.c)      | no function that reads a | 4.x, stable    | devices of device   |
 * |                          | table is exported        |                | mapper are refused  |
 * | md's sysfs (arrays.c)    | likewise                 | 4.12:          | arrays are refused  |
 * |                          |                          | consistency_   |                     |
 * |                          |                          | policy         |                     |
 * | file_attributes          | struct fileattr became   | 6.17           | does not build      |
 * |                          | struct file_kattr        |                |                     |
 * | i_op->fiemap with user   | FIEMAP is not an ioctl   | 5.8: the file  | files cannot carry  |
 * | addresses (backing.c)    | of the file system, and  | system syncs   | an area             |
 * |                          | nothing that asks it is  | by itself      |                     |
 * |                          | exported                 |                |                     |
 * | S_SWAPFILE, set under    | nothing else keeps a     | 2.6; refuses   | does not build      |
 * | the inode's lock         | file's blocks in their   | writes, too,   |                     |
 * | (backing.c)              | places                   | since 5.3      |                     |
 * | a block device's class   | block_class is not       | 5.11: a disk's | does not build      |
 * | (devices.c)              | exported                 | device is in   |                     |
 * |                          |                          | block_device   |                     |
 */
#ifndef HOOK_COMPAT_H
#define HOOK_COMPAT_H

#include <linux/blkdev.h>
#include <linux/fileattr.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/mm.h>

/* The kobject of /sys/power, which lives as long as the kernel; NULL if not found. */
struct kobject *power_kobject_get(void);

/*
 * The whole text of a procfs file that is a seq_file, NUL terminated, to be freed with held_kvfree;
 * an ERR_PTR on failure (-EMEDIUMTYPE: not procfs).
 */
char *procfs_text(const char *path);

/* Modules cannot call vfs_ioctl since 6.18; this is its whole work. */
static inline long device_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	if (!file->f_op->unlocked_ioctl)
		return -ENOTTY;
	return file->f_op->unlocked_ioctl(file, command, argument);
}

/* A file's FS_XFLAG_*; 0 or a negative errno.  HAVE_FILE_KATTR comes from Kbuild. */
static inline int file_attributes(struct file *file, u32 *ret_flags)
{
#ifdef HAVE_FILE_KATTR
	struct file_kattr attributes = {};
#else
	struct fileattr attributes = {};
#endif
	int error = vfs_fileattr_get(file->f_path.dentry, &attributes);

	*ret_flags = attributes.fsx_xflags;
	return error;
}

/*
 * Stops notifications about this file.  Where two bits form one of four values, open has set the
 * other bit, and both together have another meaning.
 */
static inline void file_be_silent(struct file *file)
{
#ifdef FMODE_FSNOTIFY_MASK
	file->f_mode &= ~FMODE_FSNOTIFY_MASK;
#endif
	file->f_mode |= FMODE_NONOTIFY;
}

/* HAVE_VM_FLAGS_SET comes from Kbuild. */
#ifndef HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

/* The page cache of a block device; HAVE_BD_MAPPING comes from Kbuild. */
static inline struct address_space *bdev_page_cache(struct block_device *bdev)
{
#ifdef HAVE_BD_MAPPING
	return bdev->bd_mapping;
#else
	return bdev->bd_inode->i_mapping;
#endif
}

#endif
