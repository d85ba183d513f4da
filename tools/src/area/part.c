// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Uses only libblkid's probe interface: the other one writes a cache file, for which an initramfs
 * or a read-only system has no place.
 */
#include "area/part.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <linux/fs.h>
#include <unistd.h>

#include <imgfmt/format.h>

#include "area/swaps.h"
#include "base/fail.h"
#include "base/io.h"

#define SECTOR 512u

static int get_size(int fd, const struct stat *st, uint64_t *ret_size)
{
	if (S_ISREG(st->st_mode)) {
		*ret_size = (uint64_t)st->st_size;
		return 0;
	}
	return ioctl(fd, BLKGETSIZE64, ret_size);
}

/*
 * Below a $FASTBOOTCTL_ROOT of tests, devices are files: sysfs there has their numbers, by name.
 * 0: no block device.
 */
static dev_t device_number(const char *path, const struct stat *st)
{
	_cleanup_free_ char *dev = io_system_path("/dev/"), *node = realpath(path, NULL);
	_cleanup_free_ char *file = NULL, *text = NULL;
	unsigned int major_number, minor_number;
	size_t size;

	if (S_ISBLK(st->st_mode))
		return st->st_rdev;
	if (!dev || !node || strncmp(path, dev, strlen(dev)) != 0)
		return 0;
	file = io_system_path("/sys/class/block/%s/dev", strrchr(node, '/') + 1);
	if (!file || io_read_file(file, 64, &text, &size) ||
	    sscanf(text, "%u:%u", &major_number, &minor_number) != 2)
		return 0;
	return makedev(major_number, minor_number);
}

/*
 * Checks the type before opening for writing, because opening can have effects (rewind a tape);
 * reads it again from what was opened.  O_EXCL protects no swap file.
 */
static int open_checked(const char *path, enum part_access access, struct stat *st)
{
	int flags = O_CLOEXEC | (access == PART_CLAIM ? O_RDWR : O_RDONLY);
	int fd;

	if (stat(path, st))
		return -1;
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode)) {
		errno = ENOTBLK;
		return -1;
	}
	if (S_ISREG(st->st_mode) && access != PART_READ && swaps_active(path)) {
		errno = ETXTBSY;
		return -1;
	}
	if (S_ISBLK(st->st_mode) && access != PART_READ)
		flags |= O_EXCL;
	fd = open(path, flags);
	if (fd < 0 && errno == EROFS && S_ISREG(st->st_mode))
		fd = open(path, O_CLOEXEC | O_RDONLY);
	if (fd >= 0 && fstat(fd, st)) {
		io_cleanup_close(&fd);
		return -1;
	}
	return fd;
}

static bool is_writable(int fd)
{
	return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
}

int part_try_open(const char *path, enum part_access access, struct part *ret_part)
{
	struct part part = PART_CLOSED;
	struct stat st;

	part.fd = open_checked(path, access, &st);
	if (part.fd < 0)
		return -1;
	part.block = S_ISBLK(st.st_mode);
	part.read_only = access == PART_CLAIM && !is_writable(part.fd);
	part.rdev = device_number(path, &st);
	part.path = strdup(path);
	if (!part.path || get_size(part.fd, &st, &part.size)) {
		part_close(&part);
		return -1;
	}
	*ret_part = part;
	return 0;
}

int part_check_writable(const struct part *part)
{
	if (!part->read_only)
		return 0;
	errno = EROFS;
	return fail_errno(FAIL_OPEN, "%s", part->path);
}

static int open_failed(const char *path)
{
	switch (errno) {
	case ENOTBLK:
		return fail(FAIL_NOT_PARTITION, "%s is neither a block device nor a regular file",
			    path);
	case EBUSY:
	case ETXTBSY:
		return fail(FAIL_IN_USE, "%s is %s", path,
			    swaps_active(path) ? "active swap space"
					       : "mounted or held by the kernel");
	default:
		return fail_errno(FAIL_OPEN, "%s", path);
	}
}

int part_open(const char *path, enum part_access access, struct part *ret_part)
{
	if (part_try_open(path, access, ret_part))
		return open_failed(path);
	part_drop_cache(ret_part);
	return 0;
}

/*
 * BLKFLSBUF writes out and drops everything, but needs CAP_SYS_ADMIN; the advice drops clean pages
 * and needs nothing.
 */
void part_drop_cache(const struct part *part)
{
	if (part->pieces)
		pieces_drop_cache(part->pieces);
	if (part->block && ioctl(part->fd, BLKFLSBUF) == 0)
		return;
	(void)posix_fadvise(part->fd, 0, 0, POSIX_FADV_DONTNEED);
}

int part_read(const struct part *part, void *to, size_t size, uint64_t offset)
{
	return part->pieces ? pieces_read(part->pieces, to, size, offset)
			    : io_pread(part->fd, to, size, offset);
}

int part_put(const struct part *part, const void *from, size_t size, uint64_t offset)
{
	return part->pieces ? pieces_write(part->pieces, from, size, offset)
			    : io_pwrite(part->fd, from, size, offset);
}

int part_flush(const struct part *part)
{
	return part->pieces ? pieces_flush(part->pieces) : fsync(part->fd);
}

size_t part_block_size(const struct part *part, uint64_t offset)
{
	uint64_t at, run;
	int fd = part->pieces ? pieces_locate(part->pieces, offset, &at, &run) : part->fd;
	int size = 0;

	if (ioctl(fd, BLKSSZGET, &size) || size < (int)SECTOR)
		return SECTOR;
	return size < (int)IMG_BLOCK ? (size_t)size : IMG_BLOCK;
}

int part_write(const struct part *part, const void *data, size_t size, uint64_t offset)
{
	uint8_t back[IMG_BLOCK];

	if (part_put(part, data, size, offset) || part_flush(part))
		return fail_errno(FAIL_WRITE, "%s", part->path);
	part_drop_cache(part);
	if (part_read(part, back, size, offset))
		return fail_read(part->path);
	if (memcmp(back, data, size) != 0)
		return fail(FAIL_WRITE, "%s: what is read back is not what was written",
			    part->path);
	return 0;
}

void part_close(struct part *part)
{
	io_cleanup_close(&part->fd);
	io_cleanup_free(&part->path);
	pieces_free(part->pieces);
	*part = (struct part)PART_CLOSED;
}

static void cleanup_probe(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}

static blkid_probe new_probe(const struct part *part)
{
	blkid_probe probe = blkid_new_probe();

	if (!probe)
		return NULL;
	if (blkid_probe_set_device(probe, part->fd, 0, 0) ||
	    blkid_probe_enable_superblocks(probe, 1) ||
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL |
							     BLKID_SUBLKS_UUID |
							     BLKID_SUBLKS_MAGIC) ||
	    blkid_probe_enable_partitions(probe, 1) ||
	    blkid_probe_set_partitions_flags(probe,
					     BLKID_PARTS_ENTRY_DETAILS | BLKID_PARTS_MAGIC)) {
		blkid_free_probe(probe);
		return NULL;
	}
	return probe;
}

static void get_value(blkid_probe probe, const char *name, char *to, size_t size)
{
	const char *value = "";

	if (blkid_probe_lookup_value(probe, name, &value, NULL))
		value = "";
	snprintf(to, size, "%s", value);
}

/* In sysfs partitions, and only they, have the attribute "partition". */
bool part_is_partition(const struct part *part)
{
	_cleanup_free_ char *path = NULL;

	if (!part->rdev)
		return false;
	path = io_system_path("/sys/dev/block/%u:%u/partition", major(part->rdev),
			      minor(part->rdev));
	return path && access(path, F_OK) == 0;
}

int part_probe(const struct part *part, struct part_content *ret_content)
{
	__attribute__((cleanup(cleanup_probe))) blkid_probe probe = new_probe(part);
	struct part_content content = { .partition = part_is_partition(part) };
	int found;

	if (!probe)
		return fail_errno(FAIL_OPEN, "%s: libblkid", part->path);
	errno = 0;
	found = blkid_do_safeprobe(probe);
	if (found == -1)
		return fail_read(part->path);
	get_value(probe, "TYPE", content.type, sizeof(content.type));
	get_value(probe, "LABEL", content.label, sizeof(content.label));
	get_value(probe, "UUID", content.uuid, sizeof(content.uuid));
	get_value(probe, "PTTYPE", content.table, sizeof(content.table));
	get_value(probe, "PART_ENTRY_TYPE", content.entry_type, sizeof(content.entry_type));
	get_value(probe, "PART_ENTRY_UUID", content.partuuid, sizeof(content.partuuid));
	if (found == -2)
		snprintf(content.type, sizeof(content.type), "several kinds of content");
	*ret_content = content;
	return 0;
}

int part_wipe(const struct part *part)
{
	__attribute__((cleanup(cleanup_probe))) blkid_probe probe = new_probe(part);

	if (!probe)
		return fail_errno(FAIL_OPEN, "%s: libblkid", part->path);
	while (blkid_do_probe(probe) == 0) {
		if (blkid_do_wipe(probe, 0))
			return fail_errno(FAIL_WRITE, "%s", part->path);
	}
	/* What is written to the pieces later must not be overwritten by this. */
	return fsync(part->fd) ? fail_errno(FAIL_WRITE, "%s", part->path) : 0;
}
