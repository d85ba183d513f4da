// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map is asked for as ioctl(2) does (fs/ioctl.c, ioctl_fiemap): without a lock, which the file
 * systems take themselves.  bmap() shows the unwritten extents of a preallocated file as holes.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fiemap.h>
#include <linux/magic.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/string.h>
#include <imgfmt/imgfmt.h>

#include "backing.h"
#include "compat/compat.h"
#include "extents.h"
#include "held.h"
#include "shared.h"

#define XFS_MAGIC  0x58465342 /* fs/xfs/libxfs/xfs_format.h, XFS_SB_MAGIC: "XFSB" */
#define AT_ONCE	   (PAGE_SIZE / sizeof(struct fiemap_extent))
#define OPEN_FLAGS (O_RDONLY | O_LARGEFILE | O_NONBLOCK)

struct file *backing_open(const char *path)
{
	struct file *file;
	struct path at;
	int error = kern_path(path, LOOKUP_FOLLOW, &at);

	if (error)
		return ERR_PTR(error);
	file = ERR_PTR(-EINVAL);
	if (S_ISREG(d_inode(at.dentry)->i_mode))
		file = dentry_open(&at, OPEN_FLAGS, current_cred());
	path_put(&at);
	return IS_ERR(file) ? file : held(file);
}

u64 backing_size(const struct file *file)
{
	return round_down(i_size_read(file_inode(file)), IMG_BLOCK);
}

struct block_device *backing_device(const struct file *file)
{
	return file_inode(file)->i_sb->s_bdev;
}

bool backing_is_writable(const struct file *file)
{
	return !sb_rdonly(file_inode(file)->i_sb);
}

bool backing_is_swap(const struct file *file)
{
	return IS_SWAPFILE(file_inode(file));
}

/*
 * Blocks stay where they are: only there does a map hold for as long as nobody touches the file.
 * btrfs and f2fs move them on their own.
 */
static const char *kind_refuse(struct file *file)
{
	const struct inode *inode = file_inode(file);
	unsigned long magic = inode->i_sb->s_magic;
	u32 flags;

	if (magic == OVERLAYFS_SUPER_MAGIC)
		return "an overlay is not its own file system: with overlayroot, name it below "
		       "/media/root-ro";
	if ((magic != EXT4_SUPER_MAGIC && magic != XFS_MAGIC) || !backing_device(file) ||
	    !inode->i_op->fiemap)
		return "its file system may move it; ext4 and xfs do not";
	if (file_attributes(file, &flags))
		return "its attributes cannot be read";
	if (flags & FS_XFLAG_REALTIME)
		return "it is on the realtime device of its file system";
	return NULL;
}

/* shared: a page; extent: a copy of it, which the caller's threads cannot change any more. */
static const char *extents_ask(struct file *file, struct extents *extents,
			       const struct shared *shared, struct fiemap_extent *extent)
{
	struct inode *inode = file_inode(file);
	struct fiemap_extent_info info = {
		.fi_flags = FIEMAP_FLAG_SYNC,
		.fi_extents_max = AT_ONCE,
		.fi_extents_start = shared->user,
	};
	int error = inode->i_op->fiemap(inode, &info, extents->done, extents->size - extents->done);

	if (error)
		return "its file system does not say where it is";
	if (!info.fi_extents_mapped)
		return "it has holes";
	memcpy(extent, shared->kernel, PAGE_SIZE);
	return extents_add(extents, extent, min_t(unsigned int, info.fi_extents_mapped, AT_ONCE));
}

static const char *extents_read(struct file *file, struct extents *extents)
{
	struct fiemap_extent *extent = held_pages(0);
	struct shared shared = {};
	const char *why = NULL;

	if (!extent || shared_map(&shared, 1))
		why = "no memory for its map";
	while (!why && extents->done < extents->size)
		why = extents_ask(file, extents, &shared, extent);
	shared_unmap(&shared);
	held_pages_free(extent, 0);
	return why;
}

const char *backing_map(struct file *file, const struct mapper *mapper, struct map *ret_map)
{
	struct extents extents = {
		.mapper = mapper,
		.size = backing_size(file),
		.map = ret_map,
	};
	const char *why = kind_refuse(file);

	map_begin(ret_map);
	if (why)
		return why;
	extents.device = backing_device(file)->bd_dev;
	why = extents_read(file, &extents);
	return why ?: map_end(ret_map);
}

/* Waits for writes that began before, which may not know of the flag. */
static int swapfile_become(struct inode *inode)
{
	int error = 0;

	inode_lock(inode);
	if (IS_SWAPFILE(inode) || mapping_writably_mapped(inode->i_mapping)) {
		error = -EBUSY;
	} else if (!inode->i_nlink) {
		error = -ENOENT;
	} else {
		inode->i_flags |= S_SWAPFILE;
		inode_dio_wait(inode);
	}
	inode_unlock(inode);
	return error;
}

int backing_claim(struct file *file)
{
	struct inode *inode = file_inode(file);
	int error = swapfile_become(inode);

	if (error)
		return error;
	held_add(1);
	error = filemap_write_and_wait(inode->i_mapping);
	(void)invalidate_inode_pages2(inode->i_mapping); /* nothing is left to write */
	if (error)
		backing_unclaim(file);
	return error;
}

/* Pages that somebody read meanwhile may be older than what was written past them. */
void backing_unclaim(struct file *file)
{
	struct inode *inode = file_inode(file);

	(void)invalidate_inode_pages2(inode->i_mapping);
	inode_lock(inode);
	inode->i_flags &= ~S_SWAPFILE;
	inode_unlock(inode);
	held_add(-1);
}
