// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finds and opens the fast-boot area: looks for its header in the last block of every block device
 * in sysfs, of every swap file, and of the file that the module takes images into.  Of a device
 * that is made of others, that is the last block of its pieces.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "area/area.h"
#include "area/image.h"
#include "area/map.h"
#include "area/swaps.h"
#include "base/attr.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/text.h"

struct search {
	struct part found;
	unsigned int count;
	char names[512];     /* of those that carry an area */
	char damaged[512];   /* of those that carry a damaged one */
	char moved[512];     /* of those whose header names other pieces */
	unsigned int closed; /* devices that we have no permission to read */
	struct disks disks;  /* opened by the first that needs them */
};

static void add_name(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

/*
 * A header with a map at the end of a partition belongs to a volume or file that ends there; one at
 * the end of a volume has been there since before it was moved.
 */
static void note_reason(struct search *search, const struct part *part, enum img_reason reason)
{
	switch (reason) {
	case IMG_E_GATE_AREA_MOVED:
		if (part->pieces)
			add_name(search->moved, sizeof(search->moved), part->path);
		break;
	case IMG_E_AREA_CHECKSUM:
	case IMG_E_VERSION:
	case IMG_E_INCOMPAT:
	case IMG_E_RESERVED:
		add_name(search->damaged, sizeof(search->damaged), part->path);
		break;
	default:
		break;
	}
}

/* Takes over the part.  What has no map cannot carry an area. */
static void check_part(struct search *search, struct part *part, bool mapped)
{
	struct map_refusal why;
	struct img_area area;
	enum img_reason reason;

	if (mapped && !map_try(part, PART_READ, &search->disks, &why)) {
		search->closed += why.error == EACCES || why.error == EPERM;
		part_close(part);
		return;
	}
	reason = image_read_area(part, &area, NULL);
	if (reason)
		note_reason(search, part, reason);
	else
		add_name(search->names, sizeof(search->names), part->path);
	if (!reason && search->count++ == 0)
		search->found = *part;
	else
		part_close(part);
}

/*
 * A device that cannot be opened is not reported: a drive without a medium is no error.  Those
 * without permission are counted, in case no other carries an area.
 */
static void check_device(void *ctx, const char *name, const char *path)
{
	struct part part = PART_CLOSED;
	struct search *search = ctx;

	(void)name;
	if (part_try_open(path, PART_READ, &part))
		search->closed += errno == EACCES || errno == EPERM;
	else
		check_part(search, &part, map_is_stacked(&part));
}

static void check_file(void *ctx, const char *path)
{
	struct part part = PART_CLOSED;

	if (part_try_open(path, PART_READ, &part) == 0 && !part.rdev)
		check_part(ctx, &part, true);
	else
		part_close(&part);
}

/* A drive without a medium, a RAM disk or an unused loop device has no size. */
static bool has_size(const char *name)
{
	uint64_t sectors;

	return io_system_number(&sectors, "/sys/class/block/%s/size", name) && sectors > 0;
}

/* People know a volume by the name that device mapper has for it. */
static char *mapper_path(const char *name)
{
	_cleanup_free_ char *file = io_system_path("/sys/class/block/%s/dm/name", name);
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (!file || io_read_file(file, 256, &text, &size))
		return NULL;
	text_trim(text);
	return io_system_path("/dev/mapper/%s", text);
}

/* The kernel writes '!' in sysfs for a '/' in a device's name. */
static char *device_path(const char *name)
{
	char *path = mapper_path(name), *at;

	if (path && access(path, F_OK) == 0)
		return path;
	free(path);
	path = io_system_path("/dev/%s", name);
	at = path ? strchr(path, '!') : NULL;

	for (; at; at = strchr(at, '!'))
		*at = '/';
	return path;
}

/* -1 with errno: there is no list of devices. */
static int for_each(part_fn look, void *ctx)
{
	_cleanup_free_ char *path = io_system_path("/sys/class/block");
	struct dirent *entry;
	DIR *dir;

	dir = path ? opendir(path) : NULL;
	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		_cleanup_free_ char *device = NULL;

		if (entry->d_name[0] == '.' || strncmp(entry->d_name, "ram", 3) == 0 ||
		    !has_size(entry->d_name))
			continue;
		device = device_path(entry->d_name);
		if (device)
			look(ctx, entry->d_name, device);
	}
	(void)closedir(dir);
	return 0;
}

int part_for_each(part_fn look, void *ctx)
{
	return for_each(look, ctx) ? fail_errno(FAIL_OPEN, "/sys/class/block") : 0;
}

static int fail_not_one(const struct search *search)
{
	if (search->count > 1)
		return fail_reason(IMG_E_AREA_AMBIGUOUS, NULL, search->names);
	if (search->damaged[0])
		return fail_reason(IMG_E_AREA_CHECKSUM, NULL, search->damaged);
	if (search->moved[0])
		return fail_reason(IMG_E_GATE_AREA_MOVED, NULL, search->moved);
	if (search->closed)
		return fail(FAIL_OPEN,
			    "no permission to read %u disks or partitions, no other has an area",
			    search->closed);
	return fail_reason(IMG_E_AREA_MISSING, NULL, "this machine");
}

/*
 * Below overlayroot the module has another name for the swap file than /etc/fstab, whose own leads
 * to a file without a map.
 */
static void search_module_file(struct search *search)
{
	_cleanup_free_ char *file = io_system_path(ATTR_DIR "target");
	_cleanup_free_ char *path = NULL;
	size_t size;

	if (!file || io_read_file(file, 4096, &path, &size))
		return;
	text_trim(path);
	if (path[0] == '/' && !swaps_has_file(path))
		check_file(search, path);
}

/* As for_each. */
static int search_all(struct search *search)
{
	int error = for_each(check_device, search);

	swaps_for_each_file(check_file, search);
	search_module_file(search);
	disks_close(&search->disks);
	return error;
}

/*
 * A file that holds what a partition would has a header without a map.  Another one is a part of
 * this machine, unless it has no area at all, which its reader reports.
 */
static int open_file(enum part_access access, struct part *part)
{
	_cleanup_disks_ struct disks disks = { 0 };
	struct map_refusal why;
	struct img_area area;
	enum img_reason reason = image_read_area(part, &area, NULL);

	if (reason == IMG_OK || map_try(part, access, &disks, &why))
		return 0;
	return reason == IMG_E_GATE_AREA_MOVED ? map_fail(&why) : 0;
}

static int open_named(const char *path, enum part_access access, struct part *ret_part)
{
	int status = part_open(path, access, ret_part);

	if (!status && map_is_stacked(ret_part))
		status = map_part(ret_part, access);
	else if (!status && !ret_part->rdev)
		status = open_file(access, ret_part);
	if (!status && !ret_part->pieces)
		status = part_check_writable(ret_part);
	if (status)
		part_close(ret_part);
	return status;
}

int part_open_or_find(const char *path, enum part_access access, struct part *ret_part)
{
	struct search search = { .found = PART_CLOSED };
	int status;

	if (path)
		return open_named(path, access, ret_part);
	status = search_all(&search) ? fail_errno(FAIL_OPEN, "/sys/class/block") : 0;
	if (!status && search.count != 1)
		status = fail_not_one(&search);
	if (!status)
		status = open_named(search.found.path, access, ret_part);
	part_close(&search.found);
	return status;
}

static int read_header(const struct area_request *request, struct area *area)
{
	struct img_detail detail = { 0 };
	enum img_reason reason = image_read_area(&area->part, &area->header, &detail);

	if (reason)
		return image_fail(reason, &detail, area->part.path);
	if (request->slot >= (int)area->header.nr_slots)
		return fail(FAIL_USAGE, "%s: %s has no slot %c", request->verb, area->part.path,
			    text_slot((unsigned int)request->slot));
	return 0;
}

int area_open(const struct area_request *request, struct area *ret_area)
{
	struct area area = AREA_CLOSED;
	int status = part_open_or_find(request->path, request->access, &area.part);

	if (!status)
		status = read_header(request, &area);
	if (status) {
		area_close(&area);
		return status;
	}
	*ret_area = area;
	return 0;
}

unsigned int area_look(struct area *ret_area)
{
	struct search search = { .found = PART_CLOSED };
	struct area area = AREA_CLOSED;

	(void)search_all(&search);
	area.part = search.found;
	if (search.count == 1 && image_read_area(&area.part, &area.header, NULL) == IMG_OK)
		*ret_area = area;
	else
		area_close(&area);
	return search.count;
}
