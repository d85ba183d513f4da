// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls copy to user addresses only, and a table may show a key: so to pages of ours that the
 * caller's address space has only lent.  Process context.
 */
#include <linux/build_bug.h>
#include <linux/dm-ioctl.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/kernel.h>
#include <linux/major.h>
#include <linux/miscdevice.h>
#include <linux/string.h>
#include <imgfmt/imgfmt.h>

#include "compat/compat.h"
#include "devices.h"
#include "held.h"
#include "mapper.h"

#define CONTROL	     "/dev/mapper/control"
#define MAX_DEVICES  512u
#define MAX_SEGMENTS 4096u
#define MIN_PAGES    16u
#define MAX_PAGES    512u

static_assert(MAPPER_NAME_SIZE == DM_NAME_LEN);
static_assert(MAPPER_UUID_SIZE == DM_UUID_LEN);
static_assert(MAPPER_TYPE_SIZE == DM_MAX_TYPE_NAME);

/* One look at all tables. */
struct look {
	struct mapper *mapper; /* gets the tables */
	struct file *control;
	const struct shared *shared;
};

static size_t buffer_size(const struct look *look)
{
	return look->shared->pages * PAGE_SIZE;
}

/* The reply, in our pages; or an ERR_PTR, -ENOSPC: they are too few. */
static const struct dm_ioctl *look_ask(const struct look *look, unsigned int command, u64 device)
{
	struct dm_ioctl *head = look->shared->kernel;
	long error;

	shared_wipe(look->shared);
	*head = (struct dm_ioctl){
		.version = { DM_VERSION_MAJOR },
		.data_size = buffer_size(look),
		.data_start = sizeof(*head),
		.flags = DM_SECURE_DATA_FLAG | DM_STATUS_TABLE_FLAG | DM_NOFLUSH_FLAG,
		.dev = device,
	};
	error = device_ioctl(look->control, command, (unsigned long)look->shared->user);
	if (error)
		return ERR_PTR(error);
	if (head->flags & DM_BUFFER_FULL_FLAG)
		return ERR_PTR(-ENOSPC);
	if (head->data_start < sizeof(*head) || head->data_start > buffer_size(look))
		return ERR_PTR(-EPROTO);
	return head;
}

/* NULL: not within the reply.  text: followed by a string that ends within it. */
static void *reply_at(const struct look *look, u64 offset, size_t size, bool text)
{
	void *reply = look->shared->kernel;
	size_t end = buffer_size(look);

	if (offset % sizeof(u64) || offset > end || end - offset < size)
		return NULL;
	if (text && !memchr(reply + offset + size, 0, end - offset - size))
		return NULL;
	return reply + offset;
}

static void digest_add(struct mapper *mapper, const void *data, size_t size)
{
	const u64 pair[] = { mapper->digest, img_port_xxh64(data, size) };

	mapper->digest = img_port_xxh64(pair, sizeof(pair));
}

/* ret_next: where the next one is, counted from the first. */
static int segment_read(struct look *look, u64 offset, u32 *ret_next)
{
	struct mapper *mapper = look->mapper;
	struct dm_target_spec *spec = reply_at(look, offset, sizeof(*spec), true);
	struct mapper_segment *segment;
	char *text = (char *)(spec + 1);
	size_t length;
	int error;

	if (!spec)
		return -EPROTO;
	if (mapper->nr_segments == MAX_SEGMENTS)
		return -E2BIG;
	segment = &mapper->segment[mapper->nr_segments++];
	segment->start = spec->sector_start * SECTOR_SIZE;
	segment->size = spec->length * SECTOR_SIZE;
	strscpy(segment->type, spec->target_type, sizeof(segment->type));
	length = strlen(text);
	error = table_parse(text, segment);
	digest_add(mapper, &spec->sector_start, sizeof(spec->sector_start));
	digest_add(mapper, &spec->length, sizeof(spec->length));
	digest_add(mapper, segment->type, strlen(segment->type));
	digest_add(mapper, text, length);
	*ret_next = spec->next;
	return error;
}

static int table_read(struct look *look, struct mapper_device *device)
{
	const struct dm_ioctl *head =
		look_ask(look, DM_TABLE_STATUS, huge_encode_dev(device->device));
	u32 i, nr, start, next = 0;
	int error = 0;

	if (IS_ERR(head))
		return PTR_ERR(head);
	strscpy(device->name, head->name, sizeof(device->name));
	strscpy(device->uuid, head->uuid, sizeof(device->uuid));
	device->readonly = head->flags & DM_READONLY_FLAG;
	device->suspended = head->flags & DM_SUSPEND_FLAG;
	device->first = look->mapper->nr_segments;
	nr = head->flags & DM_ACTIVE_PRESENT_FLAG ? head->target_count : 0;
	start = head->data_start;
	for (i = 0; i < nr && !error; i++)
		error = segment_read(look, (u64)start + next, &next);
	device->nr = look->mapper->nr_segments - device->first;
	digest_add(look->mapper, device, offsetof(struct mapper_device, first));
	return error;
}

/* The list's records are not read while tables are: both come in the same pages. */
static int list_read(struct look *look)
{
	struct mapper *mapper = look->mapper;
	const struct dm_ioctl *head = look_ask(look, DM_LIST_DEVICES, 0);
	const struct dm_name_list *name;
	u64 offset;

	if (IS_ERR(head))
		return PTR_ERR(head);
	offset = head->data_start;
	do {
		name = reply_at(look, offset, sizeof(*name), true);
		if (!name)
			return -EPROTO;
		if (!name->dev)
			break;
		if (mapper->nr_devices == MAX_DEVICES)
			return -E2BIG;
		mapper->device[mapper->nr_devices++].device = huge_decode_dev(name->dev);
		offset += name->next;
	} while (name->next);
	return 0;
}

static void tables_release(struct mapper *mapper)
{
	held_kvfree(mapper->device);
	held_kvfree(mapper->segment);
	mapper->device = NULL;
	mapper->segment = NULL;
	mapper->nr_devices = 0;
	mapper->nr_segments = 0;
	mapper->digest = 0;
}

static int tables_read(struct look *look)
{
	struct mapper *mapper = look->mapper;
	unsigned int i;
	int error;

	mapper->device = held_kvcalloc(MAX_DEVICES, sizeof(*mapper->device));
	mapper->segment = held_kvcalloc(MAX_SEGMENTS, sizeof(*mapper->segment));
	if (!mapper->device || !mapper->segment)
		return -ENOMEM;
	error = list_read(look);
	for (i = 0; i < mapper->nr_devices && !error; i++)
		error = table_read(look, &mapper->device[i]);
	shared_wipe(look->shared);
	return error;
}

static int read_with(struct mapper *mapper, size_t pages)
{
	struct look look = {
		.mapper = mapper,
		.control = mapper->control,
		.shared = &mapper->shared,
	};
	int error = shared_map(&mapper->shared, pages);

	if (error)
		return error;
	error = tables_read(&look);
	if (error) {
		tables_release(mapper);
		shared_unmap(&mapper->shared);
	}
	return error;
}

/* Opening the node would load device mapper. */
static bool mapper_is_loaded(void)
{
	return device_sysfs_has("/sys/class/misc/device-mapper");
}

int mapper_read(struct mapper *ret_mapper)
{
	struct file *control;
	size_t pages;

	*ret_mapper = (struct mapper){};
	if (!mapper_is_loaded())
		return 0;
	control = held_open_device(CONTROL, O_RDWR, MKDEV(MISC_MAJOR, MAPPER_CTRL_MINOR));
	if (IS_ERR(control)) {
		ret_mapper->error = PTR_ERR(control);
		return ret_mapper->error;
	}
	ret_mapper->control = control;
	ret_mapper->error = -ENOSPC;
	for (pages = MIN_PAGES; ret_mapper->error == -ENOSPC && pages <= MAX_PAGES; pages *= 4)
		ret_mapper->error = read_with(ret_mapper, pages);
	return ret_mapper->error;
}

int mapper_check(const struct mapper *mapper)
{
	struct mapper *now;
	struct look look = { .control = mapper->control, .shared = &mapper->shared };
	int error;

	if (!mapper->control || mapper->error)
		return 0;
	if (!shared_intact(&mapper->shared))
		return -EFAULT;
	now = held_kvcalloc(1, sizeof(*now));
	if (!now)
		return -ENOMEM;
	look.mapper = now;
	error = tables_read(&look);
	if (error == -ENOSPC || (!error && now->digest != mapper->digest))
		error = -ESTALE;
	tables_release(now);
	held_kvfree(now);
	return error;
}

void mapper_release(struct mapper *mapper)
{
	tables_release(mapper);
	shared_unmap(&mapper->shared);
	held_close(mapper->control);
	mapper->control = NULL;
}

const struct mapper_device *mapper_find(const struct mapper *mapper, dev_t device)
{
	unsigned int i;

	for (i = 0; i < mapper->nr_devices; i++) {
		if (mapper->device[i].device == device)
			return &mapper->device[i];
	}
	return NULL;
}
