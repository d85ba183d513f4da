// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds a partition by its GUID, among those that the firmware has connected. */
#include "partition.h"

#include "devpath.h"
#include "disk.h"

UINTN partition_find(const uint8_t uuid[16], struct disk *ret_disk)
{
	EFI_GUID guid = EFI_BLOCK_IO_PROTOCOL_GUID;
	EFI_HANDLE *handle;
	UINTN count, i, found = 0;
	uint8_t of[16];

	if (EFI_ERROR(BS->LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handle)))
		return 0;
	for (i = 0; i < count; i++) {
		if (devpath_uuid(handle[i], of) && memcmp(of, uuid, 16) == 0 &&
		    disk_open(handle[i], ret_disk))
			found++;
	}
	BS->FreePool(handle);
	return found;
}

const char *partition_open(const uint8_t uuid[16], struct disk *ret_disk)
{
	UINTN found = partition_find(uuid, ret_disk);

	if (found == 1)
		return NULL;
	return found ? "is there twice" : "not found";
}
