// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/disks.h"

#include <blkid/blkid.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/fail.h"
#include "base/io.h"

#define SECTOR 512u /* the unit of libblkid's figures, whatever the disk's is */

static void cleanup_probe(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}
#define _cleanup_probe_ __attribute__((cleanup(cleanup_probe)))

/* Partitions, stacked devices and loop devices have no "device". */
static bool is_drive(const char *name)
{
	_cleanup_free_ char *path = io_system_path("/sys/class/block/%s/device", name);

	return path && access(path, F_OK) == 0;
}

/* Documentation/admin-guide/devices.rst: "p" if the disk's name ends in a digit. */
static void name_device(const char *disk, int number, char *to, size_t size)
{
	size_t length = strlen(disk);
	bool digit = length && isdigit((unsigned char)disk[length - 1]);

	snprintf(to, size, "/dev/%s%s%d", disk, digit ? "p" : "", number);
}

/* libuuid's bytes are in the order of the text; UEFI 2.10, appendix A. */
static void store_guid(const uuid_t from, uint8_t to[16])
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

	for (size_t i = 0; i < sizeof(order); i++)
		to[i] = from[order[i]];
}

/* A partition of a DOS table has an id that is not a GUID, and is left out. */
static bool read_partition(const char *disk, blkid_partition from, struct disk_partition *to)
{
	const char *uuid = blkid_partition_get_uuid(from);
	uuid_t parsed;

	if (!uuid || uuid_parse(uuid, parsed))
		return false;
	uuid_unparse_lower(parsed, to->uuid);
	store_guid(parsed, to->guid);
	name_device(disk, blkid_partition_get_partno(from), to->device, sizeof(to->device));
	to->offset = (uint64_t)blkid_partition_get_start(from) * SECTOR;
	to->size = (uint64_t)blkid_partition_get_size(from) * SECTOR;
	return true;
}

static void read_partitions(const char *name, struct disk *disk)
{
	_cleanup_probe_ blkid_probe probe = blkid_new_probe();
	blkid_partlist list = NULL;
	int nr = 0;

	if (probe && blkid_probe_set_device(probe, disk->part.fd, 0, 0) == 0)
		list = blkid_probe_get_partitions(probe);
	if (list)
		nr = blkid_partlist_numof_partitions(list);
	if (nr > 0)
		disk->partition = calloc((size_t)nr, sizeof(*disk->partition));
	for (int i = 0; disk->partition && i < nr; i++) {
		blkid_partition from = blkid_partlist_get_partition(list, i);

		if (from && read_partition(name, from, &disk->partition[disk->nr_partitions]))
			disk->nr_partitions++;
	}
}

struct opening {
	struct disks *disks;
	bool fresh;
};

static void add_disk(void *ctx, const char *name, const char *path)
{
	const struct opening *opening = ctx;
	struct disk disk = { .part = PART_CLOSED };
	struct disks *disks = opening->disks;
	struct disk *grown;

	if (!is_drive(name) || part_try_open(path, PART_READ, &disk.part))
		return;
	if (opening->fresh)
		part_drop_cache(&disk.part);
	read_partitions(name, &disk);
	grown = realloc(disks->disk, (disks->nr + 1) * sizeof(*grown));
	if (!grown) {
		free(disk.partition);
		part_close(&disk.part);
		return;
	}
	disks->disk = grown;
	disks->disk[disks->nr++] = disk;
}

int disks_open(struct disks *ret_disks, bool fresh)
{
	struct opening opening = { ret_disks, fresh };

	*ret_disks = (struct disks){ .open = true };
	return part_for_each(add_disk, &opening);
}

void disks_close(struct disks *disks)
{
	for (size_t i = 0; i < disks->nr; i++) {
		free(disks->disk[i].partition);
		part_close(&disks->disk[i].part);
	}
	free(disks->disk);
	*disks = (struct disks){ 0 };
}

unsigned int disks_find(const struct disks *disks, const char *uuid, const struct disk **ret_disk,
			const struct disk_partition **ret_partition)
{
	unsigned int found = 0;

	for (size_t i = 0; i < disks->nr; i++) {
		const struct disk *disk = &disks->disk[i];

		for (size_t j = 0; j < disk->nr_partitions; j++) {
			if (strcmp(disk->partition[j].uuid, uuid) != 0)
				continue;
			*ret_disk = disk;
			*ret_partition = &disk->partition[j];
			found++;
		}
	}
	return found;
}

/* In sysfs a partition's directory is inside its disk's. */
static const struct disk *disk_of(const struct disks *disks, dev_t partition)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	unsigned int major_number, minor_number;
	size_t size;

	path = io_system_path("/sys/dev/block/%u:%u/../dev", major(partition), minor(partition));
	if (!path || io_read_file(path, 64, &text, &size) ||
	    sscanf(text, "%u:%u", &major_number, &minor_number) != 2)
		return NULL;
	for (size_t i = 0; i < disks->nr; i++) {
		if (disks->disk[i].part.rdev == makedev(major_number, minor_number))
			return &disks->disk[i];
	}
	return NULL;
}

const struct disk_partition *disks_partition(const struct disks *disks, dev_t device)
{
	const struct disk *disk = disk_of(disks, device);
	uint64_t start;

	if (!disk ||
	    !io_system_number(&start, "/sys/dev/block/%u:%u/start", major(device), minor(device)))
		return NULL;
	for (size_t i = 0; i < disk->nr_partitions; i++) {
		if (disk->partition[i].offset == start * SECTOR)
			return &disk->partition[i];
	}
	return NULL;
}

const struct disk *disks_below(const struct disks *disks, const struct part *part)
{
	return part->rdev ? disk_of(disks, part->rdev) : NULL;
}
