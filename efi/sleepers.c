// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another owner of the machine's state: a hibernated system waits on a disk, with file systems
 * mounted and dirty.  Starting another system that writes to these, an image included, loses what
 * both have written.
 *
 * A hibernated Linux replaces the signature of its swap space: the last ten bytes of the first page
 * (kernel/power/swap.c, struct swsusp_header) of a partition or a whole disk.  If it hibernated
 * into a swap file, an EFI variable says so, provided that systemd 255 or later started the
 * hibernation (src/shared/hibernate-util.c, write_efi_hibernate_location).
 */
#include "sleepers.h"

#include "alloc.h"
#include "detail.h"
#include "devpath.h"
#include "disk.h"
#include "loader.h"
#include "volume.h"

#include <efipciio.h>

#define SIGNATURE_SIZE 10
#define SIGNATURE_AT   (IMG_BLOCK - SIGNATURE_SIZE)

#define PCI_CLASS	  8 /* in configuration space, with the revision: PCI Local Bus 3.0, 6.1 */
#define PCI_CLASS_STORAGE 0x01

static bool is_managed(EFI_HANDLE handle, EFI_GUID *protocol)
{
	EFI_OPEN_PROTOCOL_INFORMATION_ENTRY *entry;
	bool managed = false;
	UINTN count, i;

	if (EFI_ERROR(BS->OpenProtocolInformation(handle, protocol, &entry, &count)))
		return false;
	for (i = 0; i < count; i++)
		managed |= (entry[i].Attributes & EFI_OPEN_PROTOCOL_BY_DRIVER) != 0;
	BS->FreePool(entry);
	return managed;
}

static bool is_storage(EFI_HANDLE handle, EFI_GUID *guid)
{
	EFI_PCI_IO_PROTOCOL *io;
	UINT32 class;

	return !EFI_ERROR(BS->HandleProtocol(handle, guid, (void **)&io)) &&
	       !EFI_ERROR(io->Pci.Read(io, EfiPciIoWidthUint32, PCI_CLASS, 1, &class)) &&
	       class >> 24 == PCI_CLASS_STORAGE;
}

/* Firmware that boots quickly connects only the disk it boots from, and no driver to the others. */
static void connect_storage(void)
{
	EFI_GUID guid = EFI_PCI_IO_PROTOCOL_GUID;
	EFI_HANDLE *handle;
	UINTN count, i;

	if (EFI_ERROR(BS->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handle)))
		return;
	for (i = 0; i < count; i++) {
		if (is_storage(handle[i], &guid) && !is_managed(handle[i], &guid))
			BS->ConnectController(handle[i], NULL, NULL, TRUE);
	}
	BS->FreePool(handle);
}

/* The signatures of the kernel, uswsusp and their predecessors, as libblkid knows them (swap.c). */
static bool is_asleep(const uint8_t block[IMG_BLOCK])
{
	static const char *const signature[] = { "S1SUSPEND", "S2SUSPEND", "ULSUSPEND",
						 "LINHIB0001" };
	UINTN i;

	for (i = 0; i < ARRAY_SIZE(signature); i++) {
		if (memcmp(block + SIGNATURE_AT, signature[i], SIGNATURE_SIZE - 1) == 0)
			return true;
	}
	return false;
}

/* A system on a disk that cannot be read cannot resume either. */
static bool sleeps_on(EFI_HANDLE handle, void *block, struct disk *ret_disk)
{
	return disk_open(handle, ret_disk) && disk_read(ret_disk, 0, IMG_BLOCK, block) &&
	       is_asleep(block);
}

static bool find_sleeper(void *block, struct disk *ret_disk)
{
	EFI_GUID guid = EFI_BLOCK_IO_PROTOCOL_GUID;
	EFI_HANDLE *handle;
	bool found = false;
	UINTN count, i;

	if (EFI_ERROR(BS->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handle)))
		return false;
	for (i = 0; i < count && !found; i++)
		found = sleeps_on(handle[i], block, ret_disk);
	BS->FreePool(handle);
	return found;
}

/* The one swap space on a volume, or in a file, of which the loader knows where it begins. */
static bool sleeps_in_area(struct loader *l, void *block)
{
	return l->volume.map && volume_read(&l->volume, 0, IMG_BLOCK, block) && is_asleep(block);
}

/* A normal boot clears the variable, whatever happens to the sleeper. */
static bool is_announced(void)
{
	EFI_GUID systemd = {
		0x8cf2644b, 0x4b0b, 0x428f, { 0x93, 0x87, 0x6d, 0x87, 0x60, 0x50, 0xdc, 0x67 }
	};
	UINTN size = 0;

	return RT->GetVariable(L"HibernateLocation", &systemd, NULL, &size, NULL) ==
	       EFI_BUFFER_TOO_SMALL;
}

enum img_reason sleepers_look(struct loader *l)
{
	void *block = alloc_pages(&l->memory, IMG_BLOCK);
	struct disk disk;

	if (!block)
		return IMG_E_NO_MEMORY;
	connect_storage();
	if (find_sleeper(block, &disk)) {
		l->detail = (struct img_detail){ .object = disk.partition ? "swap space"
									  : "whole disk" };
		if (devpath_uuid(disk.handle, l->detail_uuid))
			l->detail.uuid = l->detail_uuid;
		return IMG_E_HIBERNATED;
	}
	if (sleeps_in_area(l, block)) {
		l->detail = (struct img_detail){ .object = "swap space of the image area" };
		detail_blame(l, NULL);
		return IMG_E_HIBERNATED;
	}
	if (is_announced()) {
		l->detail = (struct img_detail){ .object = "EFI variable",
						 .field = "HibernateLocation" };
		return IMG_E_HIBERNATED;
	}
	return IMG_OK;
}
