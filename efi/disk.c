// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads a partition by byte offset through its BlockIo. */
#include "loader.h"

/*
 * One request: firmware moves 1 to 4 MiB at the disk's speed and falls off on both sides; USB
 * firmware is known to fail above this.
 */
#define MAX_READ (4 * MIB)

bool disk_open(EFI_HANDLE handle, struct disk *ret_disk)
{
	EFI_GUID guid = EFI_BLOCK_IO_PROTOCOL_GUID;
	EFI_BLOCK_IO_MEDIA *media;
	EFI_BLOCK_IO *bio;
	uint64_t size;

	if (EFI_ERROR(BS->HandleProtocol(handle, &guid, (void **)&bio)))
		return false;
	media = bio->Media;
	if (!media->MediaPresent || !media->LogicalPartition)
		return false;
	if (media->BlockSize < 512 || media->BlockSize > IMG_BLOCK || IMG_BLOCK % media->BlockSize)
		return false;
	if (media->LastBlock >= UINT64_MAX / media->BlockSize - 1)
		return false;
	size = (media->LastBlock + 1) * media->BlockSize;
	*ret_disk = (struct disk){ bio, media->MediaId, size - size % IMG_BLOCK };
	return true;
}

bool disk_read(const struct disk *disk, uint64_t offset, uint64_t size, void *to)
{
	uint32_t block = disk->bio->Media->BlockSize;

	if (offset > disk->size || size > disk->size - offset)
		return false;
	while (size) {
		uint64_t part = size < MAX_READ ? size : MAX_READ;

		if (EFI_ERROR(disk->bio->ReadBlocks(disk->bio, disk->media_id, offset / block, part,
						    to)))
			return false;
		offset += part;
		size -= part;
		to = (uint8_t *)to + part;
	}
	return true;
}
