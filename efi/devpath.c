// SPDX-License-Identifier: GPL-2.0-or-later
/* What device paths say: which partition a handle is for, and which disk it is on. */
#include "devpath.h"

#include <efipciio.h>
#include <imgfmt/proof.h>

/* Paths of disks take tens of bytes; over fabrics a few hundred. */
#define MAX_PATH 1024

struct path {
	EFI_DEVICE_PATH *first;
	EFI_DEVICE_PATH *last; /* the node before the end */
};

static EFI_DEVICE_PATH *next_node(EFI_DEVICE_PATH *node)
{
	return (EFI_DEVICE_PATH *)((uint8_t *)node + DevicePathNodeLength(node));
}

static bool path_of(EFI_HANDLE handle, struct path *ret_path)
{
	EFI_GUID guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
	EFI_DEVICE_PATH *node, *last = NULL;

	if (EFI_ERROR(BS->HandleProtocol(handle, &guid, (void **)&node)))
		return false;
	ret_path->first = node;
	for (; !IsDevicePathEnd(node); node = next_node(node)) {
		if ((size_t)DevicePathNodeLength(node) < sizeof(*node))
			return false;
		last = node;
	}
	ret_path->last = last;
	return last;
}

/* UEFI 2.10, 10.3.5.1; GNU-EFI's structure is longer than the node, and nodes are not aligned. */
#define DRIVE_SIGNATURE	     offsetof(HARDDRIVE_DEVICE_PATH, Signature)
#define DRIVE_SIGNATURE_TYPE offsetof(HARDDRIVE_DEVICE_PATH, SignatureType)
#define DRIVE_LENGTH	     42
static_assert(DRIVE_SIGNATURE == 24 && DRIVE_SIGNATURE_TYPE == 41, "hard drive node");

/*
 * The node of a partition, as bytes.  Only the last node says what the handle itself is: firmware
 * mistakes some partitions' contents for a partition table and makes handles for what it finds.
 */
static const uint8_t *partition_node(const struct path *path)
{
	const EFI_DEVICE_PATH *node = path->last;

	if (DevicePathType(node) != MEDIA_DEVICE_PATH ||
	    DevicePathSubType(node) != MEDIA_HARDDRIVE_DP ||
	    DevicePathNodeLength(node) < DRIVE_LENGTH)
		return NULL;
	return (const uint8_t *)node;
}

bool devpath_uuid(EFI_HANDLE handle, uint8_t ret_uuid[16])
{
	const uint8_t *node;
	struct path path;

	if (!path_of(handle, &path))
		return false;
	node = partition_node(&path);
	if (!node || node[DRIVE_SIGNATURE_TYPE] != SIGNATURE_TYPE_GUID)
		return false;
	memcpy(ret_uuid, node + DRIVE_SIGNATURE, 16);
	return true;
}

/* The handle whose path is this one without the partition's node. */
EFI_HANDLE devpath_disk(EFI_HANDLE partition)
{
	static const EFI_DEVICE_PATH end = { END_DEVICE_PATH_TYPE,
					     END_ENTIRE_DEVICE_PATH_SUBTYPE,
					     { sizeof(end), 0 } };
	EFI_GUID guid = EFI_BLOCK_IO_PROTOCOL_GUID;
	uint8_t copy[MAX_PATH];
	EFI_DEVICE_PATH *rest = (EFI_DEVICE_PATH *)copy;
	EFI_HANDLE handle;
	struct path path;
	size_t size;

	if (!path_of(partition, &path) || !partition_node(&path))
		return NULL;
	size = (size_t)((uint8_t *)path.last - (uint8_t *)path.first);
	if (size > sizeof(copy) - sizeof(end))
		return NULL;
	memcpy(copy, path.first, size);
	memcpy(copy + size, &end, sizeof(end));
	if (EFI_ERROR(BS->LocateDevicePath(&guid, &rest, &handle)) || !IsDevicePathEnd(rest))
		return NULL;
	return handle;
}

/* Nodes are not aligned. */
static uint32_t get16(const EFI_DEVICE_PATH *node, size_t at)
{
	const uint8_t *bytes = (const uint8_t *)node + at;

	return bytes[0] | (uint32_t)bytes[1] << 8;
}

/* UEFI 2.10, 10.3.4: the sizes of the nodes, headers included. */
#define ATAPI_SIZE     8
#define SCSI_SIZE      8
#define SATA_SIZE      10
#define NVME_SIZE      16
#define NO_MULTIPLIER  0x8000 /* "directly connected", whatever the other bits are */
#define MSG_NVME_SPACE 0x17   /* not in GNU-EFI */

/* The kind of the node that follows a disk's controller; 0: none that Linux knows too. */
static enum img_place_kind kind_of(const EFI_DEVICE_PATH *node, uint64_t *ret_unit)
{
	uint32_t multiplier;

	if (DevicePathType(node) != MESSAGING_DEVICE_PATH)
		return 0;
	switch (DevicePathSubType(node) << 16 | DevicePathNodeLength(node)) {
	case MSG_ATAPI_DP << 16 | ATAPI_SIZE:
		*ret_unit = ((const uint8_t *)node)[4] << 12 | ((const uint8_t *)node)[5];
		return IMG_PLACE_ATA;
	case MSG_SATA_DP << 16 | SATA_SIZE:
		multiplier = get16(node, 6) & NO_MULTIPLIER ? 0 : get16(node, 6);
		*ret_unit = get16(node, 4) << 12 | multiplier << 4;
		return IMG_PLACE_ATA;
	case MSG_NVME_SPACE << 16 | NVME_SIZE:
		*ret_unit = get16(node, 4) | get16(node, 6) << 16;
		return IMG_PLACE_NVME;
	case MSG_SCSI_DP << 16 | SCSI_SIZE:
		*ret_unit = get16(node, 4) << 14 | get16(node, 6);
		return IMG_PLACE_SCSI;
	default:
		return 0;
	}
}

/* A disk below a PCI function. */
struct attachment {
	EFI_PCI_IO_PROTOCOL *controller;
	enum img_place_kind kind;
	uint64_t unit;
	const EFI_DEVICE_PATH *node; /* the disk's; the end node, if the controller is the disk */
};

static bool find_attachment(EFI_HANDLE disk, struct attachment *ret)
{
	EFI_GUID guid = EFI_PCI_IO_PROTOCOL_GUID;
	EFI_DEVICE_PATH *rest;
	EFI_HANDLE controller;
	struct path path;

	*ret = (struct attachment){ .kind = IMG_PLACE_CONTROLLER };
	if (!path_of(disk, &path))
		return false;
	rest = path.first;
	if (EFI_ERROR(BS->LocateDevicePath(&guid, &rest, &controller)) ||
	    EFI_ERROR(BS->HandleProtocol(controller, &guid, (void **)&ret->controller)))
		return false;
	ret->node = rest;
	if (!IsDevicePathEnd(rest)) {
		ret->kind = kind_of(rest, &ret->unit);
		rest = next_node(rest);
	}
	return ret->kind && IsDevicePathEnd(rest);
}

uint64_t devpath_place(EFI_HANDLE disk)
{
	UINTN segment, bus, device, function;
	struct attachment at;

	if (!find_attachment(disk, &at) ||
	    EFI_ERROR(
		    at.controller->GetLocation(at.controller, &segment, &bus, &device, &function)))
		return 0;
	return img_place((uint16_t)segment, (uint8_t)bus, (uint8_t)(device << 3 | function),
			 at.kind, at.unit);
}

/* PI 1.8, volume 3, "EFI Disk Info Protocol"; not in GNU-EFI. */
struct disk_info {
	EFI_GUID interface;
	EFI_STATUS(EFIAPI *inquiry)(struct disk_info *info, VOID *to, UINT32 *size);
	EFI_STATUS(EFIAPI *identify)(struct disk_info *info, VOID *to, UINT32 *size);
};

/* ATA8-ACS, 7.16.7: IDENTIFY DEVICE. */
#define ATA_IDENTIFY_SIZE 512
#define ATA_SERIAL	  20 /* word 10; the two characters of a word are swapped */

static const EFI_GUID disk_info_guid = {
	0xd432a67f, 0x14dc, 0x484b, { 0xb3, 0xbb, 0x3f, 0x02, 0x91, 0x84, 0x93, 0x27 }
};

/* The interfaces whose Identify returns an ATA disk's own answer; others return something else. */
static const EFI_GUID ahci_guid = {
	0x9e498932, 0x4abc, 0x45af, { 0xa3, 0x4d, 0x02, 0x47, 0x78, 0x7b, 0xe7, 0xc6 }
};
static const EFI_GUID ide_guid = {
	0x5e948fe3, 0x26d3, 0x42b5, { 0xaf, 0x17, 0x61, 0x02, 0x87, 0x18, 0x8d, 0xec }
};

static bool is_ata(const struct disk_info *info)
{
	return memcmp(&info->interface, &ahci_guid, sizeof(ahci_guid)) == 0 ||
	       memcmp(&info->interface, &ide_guid, sizeof(ide_guid)) == 0;
}

static uint64_t ata_identity(EFI_HANDLE disk)
{
	uint8_t data[ATA_IDENTIFY_SIZE] = { 0 }, serial[IMG_ATA_SERIAL_SIZE];
	EFI_GUID guid = disk_info_guid;
	struct disk_info *info;
	UINT32 size = sizeof(data);
	UINTN i;

	if (EFI_ERROR(BS->HandleProtocol(disk, &guid, (void **)&info)) || !is_ata(info) ||
	    EFI_ERROR(info->identify(info, data, &size)))
		return 0;
	for (i = 0; i < sizeof(serial); i++)
		serial[i] = data[ATA_SERIAL + (i ^ 1)];
	return img_ata_identity(serial);
}

#define NVME_EUI64 8 /* offset in the node */

uint64_t devpath_identity(EFI_HANDLE disk)
{
	struct attachment at;
	uint64_t eui64;

	if (!find_attachment(disk, &at))
		return 0;
	switch (at.kind) {
	case IMG_PLACE_ATA:
		return ata_identity(disk);
	case IMG_PLACE_NVME:
		memcpy(&eui64, (const uint8_t *)at.node + NVME_EUI64, sizeof(eui64));
		return eui64;
	default:
		return 0;
	}
}
