// SPDX-License-Identifier: GPL-2.0-or-later
/* Access to a disk or partition by byte offset, through its BlockIo (UEFI 2.10, 13.9). */
#include "disk.h"

/*
 * One request: firmware transfers 1 to 4 MiB at the disk's speed, less and more only slower; USB
 * firmware is known to fail above this size.
 */
#define MAX_REQUEST (4 * MIB)

/* Optional: EDK II's drivers for NVMe and ATA provide it, its driver for virtio does not. */
static EFI_BLOCK_IO2_PROTOCOL *find_bio2(EFI_HANDLE handle)
{
	EFI_GUID guid = EFI_BLOCK_IO2_PROTOCOL_GUID;
	EFI_BLOCK_IO2_PROTOCOL *bio2;

	return EFI_ERROR(BS->HandleProtocol(handle, &guid, (void **)&bio2)) ? NULL : bio2;
}

bool disk_open(EFI_HANDLE handle, struct disk *ret_disk)
{
	EFI_GUID guid = EFI_BLOCK_IO_PROTOCOL_GUID;
	EFI_BLOCK_IO_MEDIA *media;
	EFI_BLOCK_IO *bio;

	if (EFI_ERROR(BS->HandleProtocol(handle, &guid, (void **)&bio)))
		return false;
	media = bio->Media;
	if (!media->MediaPresent)
		return false;
	if (media->BlockSize < 512 || media->BlockSize > IMG_BLOCK || IMG_BLOCK % media->BlockSize)
		return false;
	if (media->LastBlock >= UINT64_MAX / media->BlockSize - 1)
		return false;
	*ret_disk = (struct disk){
		.handle = handle,
		.bio = bio,
		.bio2 = find_bio2(handle),
		.media_id = media->MediaId,
		.block = media->BlockSize,
		.partition = media->LogicalPartition,
		.size = (media->LastBlock + 1) * media->BlockSize,
	};
	return true;
}

static bool within(const struct disk *disk, uint64_t offset, uint64_t size)
{
	return offset <= disk->size && size <= disk->size - offset &&
	       (offset | size) % disk->block == 0;
}

bool disk_read(const struct disk *disk, uint64_t offset, uint64_t size, void *to)
{
	EFI_BLOCK_IO *bio = disk->bio;

	if (!within(disk, offset, size))
		return false;
	while (size) {
		uint64_t part = size < MAX_REQUEST ? size : MAX_REQUEST;

		if (EFI_ERROR(bio->ReadBlocks(bio, disk->media_id, offset / disk->block, part, to)))
			return false;
		offset += part;
		size -= part;
		to = (uint8_t *)to + part;
	}
	return true;
}

/*
 * False if the read could not be queued; then nothing is under way.  A read of zero bytes is never
 * queued: not every driver signals the end of a read that it need not do.
 */
static bool queue_read(const struct disk *disk, uint64_t offset, uint64_t size, void *to,
		       struct disk_request *r)
{
	EFI_STATUS status;

	if (!disk->bio2 || size == 0 || size > MAX_REQUEST || !within(disk, offset, size) ||
	    EFI_ERROR(BS->CreateEvent(0, 0, NULL, NULL, &r->token.Event)))
		return false;
	r->progress = DISK_BUSY;
	status = disk->bio2->ReadBlocksEx(disk->bio2, disk->media_id, offset / disk->block,
					  &r->token, size, to);
	if (!EFI_ERROR(status))
		return true;
	BS->CloseEvent(r->token.Event);
	return false;
}

void disk_start_read(const struct disk *disk, uint64_t offset, uint64_t size, void *to,
		     struct disk_request *ret_request)
{
	*ret_request = (struct disk_request){ .progress = DISK_FAILED };
	if (queue_read(disk, offset, size, to, ret_request))
		return;
	ret_request->progress = disk_read(disk, offset, size, to) ? DISK_DONE : DISK_FAILED;
}

enum disk_progress disk_poll_read(struct disk_request *r)
{
	if (r->progress != DISK_BUSY || BS->CheckEvent(r->token.Event) != EFI_SUCCESS)
		return r->progress;
	BS->CloseEvent(r->token.Event);
	r->progress = EFI_ERROR(r->token.TransactionStatus) ? DISK_FAILED : DISK_DONE;
	return r->progress;
}

bool disk_write(const struct disk *disk, uint64_t offset, uint64_t size, const void *from)
{
	EFI_BLOCK_IO *bio = disk->bio;

	if (!within(disk, offset, size) || size > MAX_REQUEST || bio->Media->ReadOnly)
		return false;
	return !EFI_ERROR(
		bio->WriteBlocks(bio, disk->media_id, offset / disk->block, size, (void *)from));
}

/*
 * The specification does not allow the answer "unsupported", but it is no worse than the success of
 * the drivers that do nothing here (EDK II: AtaBus, ScsiDisk, UsbMassStorage).  Nothing depends on
 * the difference: the contents of a disk's cache survive a reset, and if power is lost before the
 * kernel has flushed, none of its tasks has run.
 */
bool disk_flush(const struct disk *disk)
{
	EFI_STATUS status = disk->bio->FlushBlocks(disk->bio);

	return !EFI_ERROR(status) || status == EFI_UNSUPPORTED;
}

void disk_connect_all(void)
{
	EFI_HANDLE *handle;
	UINTN count, i;

	if (EFI_ERROR(BS->LocateHandleBuffer(AllHandles, NULL, NULL, &count, &handle)))
		return;
	for (i = 0; i < count; i++)
		BS->ConnectController(handle[i], NULL, NULL, TRUE);
	BS->FreePool(handle);
}
