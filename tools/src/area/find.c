// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finds and opens the fast-boot area: looks for its header in the last block of every block device
 * in sysfs.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area/area.h"
#include "area/image.h"
#include "area/part.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/text.h"

struct search {
	struct part found;
	unsigned int count;
	char names[512];     /* of those that carry an area */
	char damaged[512];   /* of those that carry a damaged one */
	unsigned int closed; /* devices that we have no permission to read */
};

static void add_name(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

/*
 * A device that cannot be opened is not reported: a drive without a medium is no error.  Those
 * without permission are counted, in case no other carries an area.
 */
static void check_device(void *ctx, const char *name, const char *path)
{
	struct part part = PART_CLOSED;
	struct search *search = ctx;
	struct img_area area;

	(void)name;
	if (part_try_open(path, PART_READ, &part)) {
		search->closed += errno == EACCES || errno == EPERM;
		return;
	}
	switch (image_read_area(&part, &area, NULL)) {
	case IMG_OK:
		add_name(search->names, sizeof(search->names), path);
		if (search->count++ == 0) {
			search->found = part;
			return;
		}
		break;
	case IMG_E_AREA_CHECKSUM:
	case IMG_E_VERSION:
	case IMG_E_INCOMPAT:
	case IMG_E_RESERVED:
		add_name(search->damaged, sizeof(search->damaged), path);
		break;
	default:
		break;
	}
	part_close(&part);
}

/* A drive without a medium, a RAM disk or an unused loop device has no size. */
static bool has_size(const char *name)
{
	uint64_t sectors;

	return io_system_number(&sectors, "/sys/class/block/%s/size", name) && sectors > 0;
}

/* The kernel writes '!' in sysfs for a '/' in a device's name. */
static char *device_path(const char *name)
{
	char *path = io_system_path("/dev/%s", name);
	char *at = path ? strchr(path, '!') : NULL;

	for (; at; at = strchr(at, '!'))
		*at = '/';
	return path;
}

int part_for_each(part_fn look, void *ctx)
{
	_cleanup_free_ char *path = io_system_path("/sys/class/block");
	struct dirent *entry;
	DIR *dir;

	dir = path ? opendir(path) : NULL;
	if (!dir)
		return fail_errno(FAIL_OPEN, "/sys/class/block");
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

static int fail_not_one(const struct search *search)
{
	if (search->count > 1)
		return fail_reason(IMG_E_AREA_AMBIGUOUS, NULL, search->names);
	if (search->damaged[0])
		return fail_reason(IMG_E_AREA_CHECKSUM, NULL, search->damaged);
	if (search->closed)
		return fail(FAIL_OPEN,
			    "no permission to read %u disks or partitions, no other has an area",
			    search->closed);
	return fail_reason(IMG_E_AREA_MISSING, NULL, "this machine");
}

int part_open_or_find(const char *path, enum part_access access, struct part *ret_part)
{
	struct search search = { .found = PART_CLOSED };
	int status;

	if (path)
		return part_open(path, access, ret_part);
	status = part_for_each(check_device, &search);
	if (!status && search.count != 1)
		status = fail_not_one(&search);
	if (!status)
		status = part_open(search.found.path, access, ret_part);
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
