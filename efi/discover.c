// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finds the one partition that carries a fast-boot area.
 *
 * Firmware that boots from a chosen entry may have connected only that entry's
 * disk.  The area is usually on it, so the loader searches the connected disks
 * first, and connects all controllers (about half a second) only if it found none.
 */
#include "discover.h"

#include "alloc.h"
#include "devpath.h"
#include "disk.h"
#include "loader.h"
#include "volume.h"

struct search {
	void *block;	       /* IMG_BLOCK bytes, page aligned */
	UINTN found;	       /* areas */
	bool unread;	       /* a partition could not be read */
	enum img_reason worst; /* of damaged areas */
	struct img_detail detail;
};

static enum img_reason read_area(const struct disk *disk, void *block, struct img_area *ret_area,
				 struct img_detail *detail)
{
	uint64_t offset = img_area_header_offset(disk->size);

	if (offset == 0)
		return IMG_E_AREA_MAGIC;
	if (!disk_read(disk, offset, IMG_BLOCK, block))
		return IMG_E_DISK_READ;
	return img_area_decode(block, disk->size, ret_area, detail);
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

enum img_reason area_find(struct loader *l)
{
	struct search s = { .block = alloc_pages(&l->memory, IMG_BLOCK) };

	if (!s.block)
		return IMG_E_NO_MEMORY;
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
