// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finds the fast-boot area: the one partition that carries one, or, with the option area=, the map
 * whose header is where that says.
 *
 * Firmware that boots from a chosen entry may have connected only that entry's
 * disk.  The area is usually on it, so the loader searches the connected disks
 * first, and connects all controllers (about half a second) only if it found none,
 * or not all partitions of the map.
 */
#include "discover.h"

#include "alloc.h"
#include "detail.h"
#include "devpath.h"
#include "disk.h"
#include "loader.h"
#include "partition.h"
#include "volume.h"

struct search {
	void *block;	       /* IMG_BLOCK bytes, page aligned */
	UINTN found;	       /* areas */
	bool unread;	       /* a partition could not be read */
	enum img_reason worst; /* of damaged areas */
	struct img_detail detail;
};

/* block: of an area header whose checksum is right. */
static bool is_mapped(const void *block)
{
	const struct img_area_disk *d = block;

	return img_get64(d->incompat) & IMG_AREA_INCOMPAT_MAPPED;
}

/* A header with a map may be at a partition's end by chance, where a volume ends or once ended. */
static enum img_reason read_area(const struct disk *disk, void *block, struct img_area *ret_area,
				 struct img_detail *detail)
{
	uint64_t offset = img_area_header_offset(disk->size);
	enum img_reason reason;

	if (offset == 0)
		return IMG_E_AREA_MAGIC;
	if (!disk_read(disk, offset, IMG_BLOCK, block))
		return IMG_E_DISK_READ;
	reason = img_area_decode(block, disk->size, ret_area, detail);
	if ((reason == IMG_OK || reason == IMG_E_AREA_BOUNDS) && is_mapped(block))
		return IMG_E_AREA_MAGIC;
	return reason;
}

static void look_at(struct loader *l, struct search *s, EFI_HANDLE handle)
{
	uint8_t uuid[16] = { 0 };
	struct img_detail detail = { 0 };
	struct img_area area;
	struct disk disk;
	enum img_reason reason;

	if (!disk_open(handle, &disk) || !disk.partition)
		return;
	if (!devpath_uuid(handle, uuid) && l->options.have_part_uuid)
		return;
	if (l->options.have_part_uuid && memcmp(uuid, l->options.part_uuid, 16) != 0)
		return;
	reason = read_area(&disk, s->block, &area, &detail);
	s->unread |= reason == IMG_E_DISK_READ;
	if (reason == IMG_E_AREA_MAGIC || reason == IMG_E_DISK_READ)
		return;
	if (reason != IMG_OK) {
		s->worst = reason;
		s->detail = detail;
		return;
	}
	s->found++;
	volume_open_partition(&disk, &l->volume);
	l->area = area;
}

static void look_at_all(struct loader *l, struct search *s)
{
	EFI_GUID guid = EFI_BLOCK_IO_PROTOCOL_GUID;
	EFI_HANDLE *handle;
	UINTN count, i;

	if (EFI_ERROR(BS->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handle)))
		return;
	for (i = 0; i < count; i++)
		look_at(l, s, handle[i]);
	BS->FreePool(handle);
}

static enum img_reason find_partition(struct loader *l, void *block)
{
	struct search s = { .block = block };

	look_at_all(l, &s);
	if (!s.found && s.worst == IMG_OK) {
		disk_connect_all();
		look_at_all(l, &s);
	}
	if (s.found == 1)
		return IMG_OK;
	if (s.found > 1)
		return IMG_E_AREA_AMBIGUOUS;
	l->detail = s.detail;
	if (s.worst != IMG_OK)
		return s.worst;
	if (!s.unread)
		return IMG_E_AREA_MISSING;
	l->detail = (struct img_detail){ .object = "area header" };
	return IMG_E_DISK_READ;
}

static enum img_reason refuse_header(struct loader *l, enum img_reason reason, const char *field)
{
	l->detail = (struct img_detail){ .object = "area header", .field = field };
	return reason;
}

/* The block of the option area=. */
static enum img_reason read_header(struct loader *l, void *block)
{
	uint64_t offset = l->options.area_offset;
	struct disk disk;
	const char *why = partition_open(l->options.area_part_uuid, &disk);

	if (why)
		return refuse_header(l, IMG_E_DISK_MISSING, why);
	if (offset > disk.size || disk.size - offset < IMG_BLOCK)
		return refuse_header(l, IMG_E_AREA_BOUNDS, "smaller than it was");
	if (!disk_read(&disk, offset, IMG_BLOCK, block))
		return refuse_header(l, IMG_E_DISK_READ, NULL);
	return IMG_OK;
}

/* A header says where it is, in the last block of its map: a copy of it is elsewhere. */
static bool is_at_home(const struct loader *l)
{
	struct img_location at = img_area_locate(&l->area, img_area_map_size(&l->area) - IMG_BLOCK);

	return memcmp(l->area.map[at.piece].part_uuid, l->options.area_part_uuid, 16) == 0 &&
	       at.offset == l->options.area_offset;
}

static enum img_reason decode_header(struct loader *l, const void *block)
{
	enum img_reason reason = img_area_decode(block, 0, &l->area, &l->detail);

	if (reason == IMG_E_AREA_BOUNDS && !is_mapped(block))
		return refuse_header(l, IMG_E_AREA_MAGIC, "that of a partition");
	if (reason == IMG_OK && !is_at_home(l))
		return refuse_header(l, IMG_E_AREA_BOUNDS, "a copy of another one");
	return reason;
}

static enum img_reason open_map(struct loader *l, void *block)
{
	enum img_reason reason = read_header(l, block);

	if (reason == IMG_OK)
		reason = decode_header(l, block);
	if (reason != IMG_OK) {
		detail_blame(l, l->options.area_part_uuid);
		return reason;
	}
	reason = volume_open_map(&l->area, &l->volume, &l->detail);
	if (reason != IMG_OK)
		detail_blame(l, l->detail.uuid);
	return reason;
}

static enum img_reason find_map(struct loader *l, void *block)
{
	enum img_reason reason = open_map(l, block);

	if (reason != IMG_E_DISK_MISSING)
		return reason;
	disk_connect_all();
	return open_map(l, block);
}

enum img_reason area_find(struct loader *l)
{
	void *block = alloc_pages(&l->memory, IMG_BLOCK);
	enum img_reason reason;

	if (!block)
		return IMG_E_NO_MEMORY;
	reason = l->options.have_area ? find_map(l, block) : find_partition(l, block);
	if (reason == IMG_OK)
		l->detail = (struct img_detail){ 0 };
	return reason;
}
