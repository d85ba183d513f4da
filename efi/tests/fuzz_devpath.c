// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the loader reads from device paths.  Only its end node delimits a path, so nothing protects
 * the loader from a path without one.  All else can be wrong: types, lengths, contents.
 *
 * Input: struct answers, byte by byte; then the nodes of one handle's path: type, subtype,
 * length (2 bytes), content.  The target adds an end node if the input has none.
 */
#include "fuzz.h"
#include "devpath.h"

#include <efipciio.h>

#define MAX_SIZE 4096u
#define MAX_DISK 1024u /* the loader finds no disk for a longer path */
#define HEAD	 sizeof(EFI_DEVICE_PATH)

/* PI 1.8, volume 3, "EFI Disk Info Protocol". */
struct disk_info {
	EFI_GUID interface;
	EFI_STATUS(EFIAPI *inquiry)(struct disk_info *info, VOID *to, UINT32 *size);
	EFI_STATUS(EFIAPI *identify)(struct disk_info *info, VOID *to, UINT32 *size);
};

#define NO_PATH	      1u
#define NO_CONTROLLER 2u
#define NO_LOCATION   4u
#define NO_DISK_INFO  8u
#define NO_IDENTITY   16u
#define NO_DISK	      32u
#define OTHER_DISK    64u /* the disk found ends before the path that is asked for */
#define IDE	      128u

struct answers {
	uint8_t flags;
	uint8_t controller; /* how many nodes of the path are the controller's */
	UINTN location[4];
	uint8_t identify[8];
};

struct node {
	const uint8_t *byte;
	uint32_t type, subtype, length;
};

static struct answers answers;
static uint8_t *path; /* allocated to its exact size, so that ASan sees a step outside */
static size_t path_size;

EFI_BOOT_SERVICES *BS;

static bool is_end(const struct node *node)
{
	return (node->type & 0x7f) == 0x7f && node->subtype == 0xff;
}

static struct node node_at(size_t at)
{
	const uint8_t *byte = path + at;

	must(at + HEAD <= path_size);
	return (struct node){ byte, byte[0], byte[1], byte[2] | (uint32_t)byte[3] << 8 };
}

/* The last node before the end; false: the path is empty, or a node's length is too small. */
static bool last_node(struct node *ret_node)
{
	struct node node;
	size_t at;

	ret_node->byte = NULL;
	for (at = 0; node = node_at(at), !is_end(&node); at += node.length) {
		if (node.length < HEAD)
			return false;
		*ret_node = node;
	}
	return ret_node->byte;
}

/* Appends a node to the path.  False: the path ends with it, whatever it claims to be. */
static bool take_node(struct input *in)
{
	struct node node;

	memset(path + path_size, 0, HEAD);
	take_bytes(in, path + path_size, HEAD);
	path_size += HEAD;
	node = node_at(path_size - HEAD);
	if (is_end(&node) || node.length < HEAD)
		return false;
	if (node.length > MAX_SIZE - path_size) {
		path[path_size - 2] = HEAD;
		path[path_size - 1] = 0;
		return true;
	}
	memset(path + path_size, 0, node.length - HEAD);
	take_bytes(in, path + path_size, node.length - HEAD);
	path_size += node.length - HEAD;
	return true;
}

static void take_path(struct input *in)
{
	static const uint8_t end[HEAD] = { 0x7f, 0xff, HEAD };
	static uint8_t room[MAX_SIZE];
	bool open = true;

	path = room;
	path_size = 0;
	while (open && in->size && path_size + 2 * HEAD <= MAX_SIZE)
		open = take_node(in);
	if (open) {
		memcpy(path + path_size, end, HEAD);
		path_size += HEAD;
	}
	path = malloc(path_size);
	must(path != NULL);
	memcpy(path, room, path_size);
}

/* The firmware. */

static EFI_STATUS EFIAPI fake_location(EFI_PCI_IO_PROTOCOL *pci, UINTN *segment, UINTN *bus,
				       UINTN *device, UINTN *function)
{
	(void)pci;
	*segment = answers.location[0];
	*bus = answers.location[1];
	*device = answers.location[2];
	*function = answers.location[3];
	return answers.flags & NO_LOCATION ? EFI_DEVICE_ERROR : EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_identify(struct disk_info *info, VOID *to, UINT32 *size)
{
	(void)info;
	must(*size == 512);
	memset(to, answers.identify[0], *size);
	memcpy((uint8_t *)to + 20, answers.identify, sizeof(answers.identify));
	return answers.flags & NO_IDENTITY ? EFI_DEVICE_ERROR : EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **ret)
{
	static const EFI_GUID device_path = EFI_DEVICE_PATH_PROTOCOL_GUID;
	static const EFI_GUID pci_io = EFI_PCI_IO_PROTOCOL_GUID;
	static const EFI_GUID ahci = {
		0x9e498932, 0x4abc, 0x45af, { 0xa3, 0x4d, 0x02, 0x47, 0x78, 0x7b, 0xe7, 0xc6 }
	};
	static const EFI_GUID ide = {
		0x5e948fe3, 0x26d3, 0x42b5, { 0xaf, 0x17, 0x61, 0x02, 0x87, 0x18, 0x8d, 0xec }
	};
	static EFI_PCI_IO_PROTOCOL pci = { .GetLocation = fake_location };
	static struct disk_info info = { .identify = fake_identify };

	(void)handle;
	if (memcmp(guid, &device_path, sizeof(*guid)) == 0) {
		*ret = path;
		return answers.flags & NO_PATH ? EFI_UNSUPPORTED : EFI_SUCCESS;
	}
	if (memcmp(guid, &pci_io, sizeof(*guid)) == 0) {
		*ret = &pci;
		return EFI_SUCCESS;
	}
	info.interface = answers.flags & IDE ? ide : ahci;
	*ret = &info;
	return answers.flags & NO_DISK_INFO ? EFI_UNSUPPORTED : EFI_SUCCESS;
}

/* UEFI 2.10, 7.3.9.  The loader asks for a disk with the path minus its last node. */
static EFI_STATUS EFIAPI fake_locate_path(EFI_GUID *guid, EFI_DEVICE_PATH **ret_rest,
					  EFI_HANDLE *ret)
{
	static const EFI_GUID block_io = EFI_BLOCK_IO_PROTOCOL_GUID;
	uint8_t *from = (uint8_t *)*ret_rest;
	bool disk = memcmp(guid, &block_io, sizeof(*guid)) == 0;
	uint32_t other = answers.flags & OTHER_DISK ? 0 : MAX_SIZE;
	uint32_t left = disk ? other : answers.controller;
	struct node last, node = node_at(0);
	size_t at = 0;

	must(last_node(&last));
	if (disk)
		must(memcmp(from, path, (size_t)(last.byte - path)) == 0 &&
		     from[last.byte - path] == 0x7f);
	for (; left && !is_end(&node) && !(disk && node.byte == last.byte); left--) {
		at += node.length;
		node = node_at(at);
	}
	*ret_rest = (EFI_DEVICE_PATH *)(from + at);
	*ret = &answers;
	return answers.flags & (disk ? NO_DISK : NO_CONTROLLER) ? EFI_NOT_FOUND : EFI_SUCCESS;
}

/* What a node says about a disk, read in a different way from the loader's. */

static bool is_partition(const struct node *node)
{
	return (node->type & 0x7f) == 4 && node->subtype == 1 && node->length >= 42;
}

static uint32_t word(const struct node *node, uint32_t at)
{
	return node->byte[at] | (uint32_t)node->byte[at + 1] << 8;
}

static enum img_place_kind kind_of(const struct node *node)
{
	if (is_end(node))
		return IMG_PLACE_CONTROLLER;
	if ((node->type & 0x7f) != 3)
		return 0;
	if ((node->subtype == 1 && node->length == 8) ||
	    (node->subtype == 18 && node->length == 10))
		return IMG_PLACE_ATA;
	if (node->subtype == 2 && node->length == 8)
		return IMG_PLACE_SCSI;
	return node->subtype == 23 && node->length == 16 ? IMG_PLACE_NVME : 0;
}

static void check_partition(void)
{
	uint8_t uuid[16];
	struct node last;
	bool partition = last_node(&last) && !(answers.flags & NO_PATH) && is_partition(&last);
	bool has_uuid = partition && last.byte[41] == 2;
	size_t disk_size = partition ? (size_t)(last.byte - path) : 0;
	bool has_disk = partition && !(answers.flags & NO_DISK) &&
			(!(answers.flags & OTHER_DISK) || !disk_size) &&
			disk_size + HEAD <= MAX_DISK;

	must(devpath_uuid(&answers, uuid) == has_uuid);
	must(!has_uuid || memcmp(uuid, last.byte + 24, sizeof(uuid)) == 0);
	must(devpath_disk(&answers) == (has_disk ? &answers : NULL));
}

static void check_disk(void)
{
	uint64_t place = devpath_place(&answers), identity = devpath_identity(&answers);
	enum img_place_kind kind;
	struct node node;
	size_t at = 0;
	uint8_t i;

	if (answers.flags & (NO_PATH | NO_CONTROLLER) || !last_node(&node)) {
		must(!place && !identity);
		return;
	}
	node = node_at(0);
	for (i = 0; i < answers.controller && !is_end(&node); i++) {
		at += node.length;
		node = node_at(at);
	}
	kind = kind_of(&node);
	must(!place || img_place_kind(place) == kind);
	must(!identity || kind == IMG_PLACE_ATA || kind == IMG_PLACE_NVME);
	if (place && kind == IMG_PLACE_NVME)
		must((place & 0xfffffff) == (word(&node, 4) | word(&node, 6) << 16));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static EFI_BOOT_SERVICES services = { .HandleProtocol = fake_protocol,
					      .LocateDevicePath = fake_locate_path };
	struct input in = { data, size };
	size_t i;

	BS = &services;
	answers = (struct answers){ .flags = (uint8_t)take(&in, 1),
				    .controller = (uint8_t)take(&in, 1) };
	for (i = 0; i < ARRAY_SIZE(answers.location); i++)
		answers.location[i] = take(&in, 1) * 0x101010101010101;
	take_bytes(&in, answers.identify, sizeof(answers.identify));
	take_path(&in);
	check_partition();
	check_disk();
	free(path);
	return 0;
}
