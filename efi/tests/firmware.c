// SPDX-License-Identifier: GPL-2.0-or-later
/* Firmware and media for tests. */
#include "firmware.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"

#define MAX_KEPT   32
#define MAX_EVENTS 4

struct medium medium[MAX_MEDIA];
unsigned int nr_media;
unsigned int connect_calls;

static void *kept[MAX_KEPT];
static unsigned int nr_kept;

EFI_BOOT_SERVICES *BS;
EFI_RUNTIME_SERVICES *RT;
bool variable_there;
struct img_refusal refusal;
UINTN refusal_size;
bool removal_fails;

/* Allocates exactly the requested size, so that ASan sees any access beyond it. */
void *alloc_pages(struct memory *m, uint64_t bytes)
{
	void *p = calloc(1, bytes);

	(void)m;
	assert_non_null(p);
	assert_true(nr_kept < MAX_KEPT);
	kept[nr_kept++] = p;
	return p;
}

/* No test here is about a page that the firmware keeps: test_seal.c. */
bool alloc_reserved(struct memory *m, uint64_t pfn)
{
	(void)m;
	(void)pfn;
	return false;
}

/* The firmware. */

static EFI_STATUS EFIAPI fake_handles(EFI_LOCATE_SEARCH_TYPE type, EFI_GUID *guid, VOID *key,
				      UINTN *count, EFI_HANDLE **ret)
{
	static const EFI_GUID pci_io = EFI_PCI_IO_PROTOCOL_GUID;
	bool controllers = guid && memcmp(guid, &pci_io, sizeof(pci_io)) == 0;
	unsigned int i;

	(void)key;
	*ret = calloc(MAX_MEDIA, sizeof(**ret));
	if (!*ret)
		return EFI_OUT_OF_RESOURCES;
	*count = 0;
	for (i = 0; i < nr_media; i++) {
		if (type == AllHandles ||
		    (controllers ? medium[i].class != 0 : !medium[i].class && medium[i].connected))
			(*ret)[(*count)++] = &medium[i];
	}
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_free_pool(VOID *p)
{
	free(p);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **ret)
{
	static const EFI_GUID block_io = EFI_BLOCK_IO_PROTOCOL_GUID;
	static const EFI_GUID block_io2 = EFI_BLOCK_IO2_PROTOCOL_GUID;
	struct medium *m = handle;

	static const EFI_GUID pci_io = EFI_PCI_IO_PROTOCOL_GUID;
	static const EFI_GUID disk_info = {
		0xd432a67f, 0x14dc, 0x484b, { 0xb3, 0xbb, 0x3f, 0x02, 0x91, 0x84, 0x93, 0x27 }
	};

	if (memcmp(guid, &disk_info, sizeof(disk_info)) == 0) {
		*ret = &m->info;
		return m->serial ? EFI_SUCCESS : EFI_UNSUPPORTED;
	}
	if (memcmp(guid, &block_io2, sizeof(block_io2)) == 0) {
		*ret = &m->bio2;
		return m->asynchronous ? EFI_SUCCESS : EFI_UNSUPPORTED;
	}
	if (memcmp(guid, &pci_io, sizeof(pci_io)) == 0) {
		*ret = &m->pci;
		return EFI_SUCCESS;
	}

	*ret = memcmp(guid, &block_io, sizeof(block_io)) == 0 ? (void *)&m->bio : (void *)m->path;
	return EFI_SUCCESS;
}

/* UEFI 2.10, 7.3.9: the handle whose path is the longest prefix of *path. */
static EFI_STATUS EFIAPI fake_locate_path(EFI_GUID *guid, EFI_DEVICE_PATH **path, EFI_HANDLE *ret)
{
	static const EFI_GUID pci_io = EFI_PCI_IO_PROTOCOL_GUID;
	const size_t end = sizeof(EFI_DEVICE_PATH);
	size_t best = 0;
	unsigned int i;

	for (i = 0; i < nr_media; i++) {
		size_t size = medium[i].path_size - end;

		if (medium[i].connected && size > best &&
		    (medium[i].class != 0) == (memcmp(guid, &pci_io, sizeof(pci_io)) == 0) &&
		    memcmp(*path, medium[i].path, size) == 0) {
			best = size;
			*ret = &medium[i];
		}
	}
	*path = (EFI_DEVICE_PATH *)((uint8_t *)*path + best);
	return best ? EFI_SUCCESS : EFI_NOT_FOUND;
}

static EFI_STATUS EFIAPI fake_connect(EFI_HANDLE handle, EFI_HANDLE *driver, EFI_DEVICE_PATH *rest,
				      BOOLEAN recursive)
{
	(void)driver;
	(void)rest;
	assert_true(recursive);
	((struct medium *)handle)->connected = true;
	connect_calls++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_users(EFI_HANDLE handle, EFI_GUID *guid,
				    EFI_OPEN_PROTOCOL_INFORMATION_ENTRY **ret, UINTN *count)
{
	const struct medium *m = handle;

	(void)guid;
	*count = 2;
	*ret = calloc(*count, sizeof(**ret));
	if (!*ret)
		return EFI_OUT_OF_RESOURCES;
	(*ret)[0].Attributes = EFI_OPEN_PROTOCOL_GET_PROTOCOL;
	(*ret)[1].Attributes =
		m->connected ? EFI_OPEN_PROTOCOL_BY_DRIVER : EFI_OPEN_PROTOCOL_TEST_PROTOCOL;
	return EFI_SUCCESS;
}

EFI_STATUS EFIAPI fake_pci_read(EFI_PCI_IO_PROTOCOL *pci, EFI_PCI_IO_PROTOCOL_WIDTH width,
				UINT32 offset, UINTN count, VOID *to)
{
	const struct medium *m = (struct medium *)((uint8_t *)pci - offsetof(struct medium, pci));

	assert_int_equal(width, EfiPciIoWidthUint32);
	assert_int_equal(count, 1);
	assert_int_equal(offset, 8);
	memcpy(to, &m->class, sizeof(m->class));
	return EFI_SUCCESS;
}

static bool is_named(const CHAR16 *name, const CHAR16 *other)
{
	while (*name && *name == *other) {
		name++;
		other++;
	}
	return *name == *other;
}

static bool is_refusal(const CHAR16 *name, const EFI_GUID *vendor)
{
	static const EFI_GUID guid = VARIABLES_GUID;

	return is_named(name, VARIABLES_REFUSAL) && memcmp(vendor, &guid, sizeof(guid)) == 0;
}

static EFI_STATUS EFIAPI fake_variable(CHAR16 *name, EFI_GUID *vendor, UINT32 *attributes,
				       UINTN *size, VOID *data)
{
	(void)attributes;
	if (is_refusal(name, vendor)) {
		UINTN room = *size;

		*size = refusal_size;
		if (!refusal_size)
			return EFI_NOT_FOUND;
		if (room < refusal_size)
			return EFI_BUFFER_TOO_SMALL;
		memcpy(data, &refusal, refusal_size);
		return EFI_SUCCESS;
	}
	assert_true(is_named(name, L"HibernateLocation"));
	assert_int_equal(*size, 0);
	return variable_there ? EFI_BUFFER_TOO_SMALL : EFI_NOT_FOUND;
}

/* Only for removal (UEFI 2.10, 8.2: the attributes are zero or the variable's own). */
static EFI_STATUS EFIAPI fake_set_variable(CHAR16 *name, EFI_GUID *vendor, UINT32 attributes,
					   UINTN size, VOID *data)
{
	(void)data;
	assert_true(is_refusal(name, vendor));
	assert_int_equal(attributes, 0);
	assert_int_equal(size, 0);
	if (removal_fails)
		return EFI_WRITE_PROTECTED;
	refusal_size = 0;
	return EFI_SUCCESS;
}

static struct medium *medium_of(EFI_BLOCK_IO *bio)
{
	return (struct medium *)((uint8_t *)bio - offsetof(struct medium, bio));
}

static uint64_t check_request(const struct medium *m, UINT32 media_id, EFI_LBA lba, UINTN size)
{
	assert_int_equal(media_id, m->media.MediaId);
	assert_true(size && size % m->media.BlockSize == 0);
	assert_true(lba + size / m->media.BlockSize <= m->media.LastBlock + 1);
	return lba * m->media.BlockSize;
}

static EFI_STATUS read_medium(const struct medium *m, uint64_t at, UINTN size, VOID *to)
{
	if (m->fail_read_at >= at && m->fail_read_at - at < size)
		return EFI_DEVICE_ERROR;
	memcpy(to, m->bytes + at, size);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_read(EFI_BLOCK_IO *bio, UINT32 media_id, EFI_LBA lba, UINTN size,
				   VOID *to)
{
	struct medium *m = medium_of(bio);

	m->reads++;
	return read_medium(m, check_request(m, media_id, lba, size), size, to);
}

/* An asynchronous read, which ends at the second look. */
struct event {
	bool open;
	unsigned int looks;
	const struct medium *medium; /* NULL: no read is under way */
	EFI_BLOCK_IO2_TOKEN *token;
	uint64_t at;
	UINTN size;
	VOID *to;
};
static struct event event[MAX_EVENTS];

unsigned int open_events(void)
{
	unsigned int i, open = 0;

	for (i = 0; i < MAX_EVENTS; i++)
		open += event[i].open;
	return open;
}

static EFI_STATUS EFIAPI fake_create_event(UINT32 type, EFI_TPL tpl, EFI_EVENT_NOTIFY notify,
					   VOID *context, EFI_EVENT *ret)
{
	struct event *e = event;

	(void)type;
	(void)tpl;
	(void)notify;
	(void)context;
	for (; e->open; e++)
		assert_true(e + 1 < event + MAX_EVENTS);
	*e = (struct event){ .open = true };
	*ret = e;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_close_event(EFI_EVENT closed)
{
	struct event *e = closed;

	assert_true(e->open && !e->medium);
	e->open = false;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_check_event(EFI_EVENT checked)
{
	struct event *e = checked;

	assert_true(e->open && e->medium);
	if (!e->looks++)
		return EFI_NOT_READY;
	e->token->TransactionStatus = read_medium(e->medium, e->at, e->size, e->to);
	e->medium = NULL;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_read_ex(EFI_BLOCK_IO2_PROTOCOL *bio2, UINT32 media_id, EFI_LBA lba,
				      EFI_BLOCK_IO2_TOKEN *token, UINTN size, VOID *to)
{
	struct medium *m = (struct medium *)((uint8_t *)bio2 - offsetof(struct medium, bio2));
	struct event *e = token->Event;

	assert_true(e->open && !e->medium);
	m->queued++;
	e->medium = m;
	e->token = token;
	e->at = check_request(m, media_id, lba, size);
	e->size = size;
	e->to = to;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_write(EFI_BLOCK_IO *bio, UINT32 media_id, EFI_LBA lba, UINTN size,
				    VOID *from)
{
	struct medium *m = medium_of(bio);
	uint64_t at = check_request(m, media_id, lba, size);

	assert_false(m->media.ReadOnly);
	m->writes++;
	if (m->write_fault == WRITE_FAILS)
		return EFI_DEVICE_ERROR;
	if (m->write_fault == WRITE_WORKS)
		memcpy(m->bytes + at, from, size);
	m->dirty = true;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI fake_flush(EFI_BLOCK_IO *bio)
{
	struct medium *m = medium_of(bio);

	m->flushes++;
	if (!EFI_ERROR(m->flush_status))
		m->dirty = false;
	return m->flush_status;
}

/* Media. */

void add_node(struct medium *m, uint8_t type, uint8_t subtype, const void *body, size_t size)
{
	size_t at = m->path_size ? m->path_size - sizeof(EFI_DEVICE_PATH) : 0;
	uint16_t length = (uint16_t)(sizeof(EFI_DEVICE_PATH) + size);
	const uint8_t head[] = { type, subtype, (uint8_t)length, (uint8_t)(length >> 8) };
	const uint8_t end[] = { END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, 4, 0 };

	assert_true(at + length + sizeof(end) <= sizeof(m->path));
	memcpy(m->path + at, head, sizeof(head));
	memcpy(m->path + at + sizeof(head), body, size);
	memcpy(m->path + at + length, end, sizeof(end));
	m->path_size = at + length + sizeof(end);
}

struct medium *new_medium(uint8_t *bytes, uint64_t size, uint32_t block)
{
	struct medium *m = &medium[nr_media++];

	assert_true(nr_media <= MAX_MEDIA);
	*m = (struct medium){ .bytes = bytes, .connected = true, .fail_read_at = NOWHERE };
	m->media = (EFI_BLOCK_IO_MEDIA){ .MediaId = 7 + nr_media,
					 .MediaPresent = TRUE,
					 .BlockSize = block,
					 .LastBlock = size / block - 1 };
	m->bio = (EFI_BLOCK_IO){ .Media = &m->media,
				 .ReadBlocks = fake_read,
				 .WriteBlocks = fake_write,
				 .FlushBlocks = fake_flush };
	m->bio2 = (EFI_BLOCK_IO2_PROTOCOL){ .Media = &m->media, .ReadBlocksEx = fake_read_ex };
	return m;
}

void add_root_node(struct medium *m)
{
	add_node(m, ACPI_DEVICE_PATH, ACPI_DP, "\x41\xd0\x0a\x03\0\0\0\0", 8);
}

struct medium *new_disk(uint8_t port, uint32_t block)
{
	uint8_t *bytes = malloc(DISK_SIZE);
	struct medium *m = new_medium(bytes, DISK_SIZE, block);
	uint64_t i, state = port;

	for (i = 0; i < DISK_SIZE / 8; i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		memcpy(bytes + i * 8, &state, 8);
	}
	assert_true(nr_kept < MAX_KEPT);
	kept[nr_kept++] = bytes;
	add_root_node(m);
	add_node(m, MESSAGING_DEVICE_PATH, MSG_ATAPI_DP, &port, 1);
	return m;
}

#define PARTITION_NODE 38 /* without its header */

/* UEFI 2.10, 10.3.5.1: the node after its header; uuid: 16 times this byte, 0: of a DOS table. */
static void add_partition_node(struct medium *m, uint8_t uuid)
{
	uint8_t body[PARTITION_NODE] = { 1 };

	memset(body + 20, uuid ? uuid : 0xdd, 16);
	body[36] = uuid ? 2 : 1;
	body[37] = uuid ? 2 : 1;
	add_node(m, MEDIA_DEVICE_PATH, MEDIA_HARDDRIVE_DP, body, sizeof(body));
}

struct medium *new_partition_at(struct medium *disk, uint8_t uuid, uint64_t start, uint64_t size)
{
	struct medium *m = new_medium(disk->bytes + start, size, disk->media.BlockSize);

	memcpy(m->path, disk->path, disk->path_size);
	m->path_size = disk->path_size;
	m->media.LogicalPartition = TRUE;
	add_partition_node(m, uuid);
	return m;
}

struct medium *new_partition(struct medium *disk, uint8_t uuid)
{
	return new_partition_at(disk, uuid, PART_START, PART_SIZE);
}

void rename_partition(struct medium *m, uint8_t uuid)
{
	m->path_size -= sizeof(EFI_DEVICE_PATH) + PARTITION_NODE;
	add_partition_node(m, uuid);
}

void firmware_set_up(void)
{
	static EFI_BOOT_SERVICES services = { .LocateHandleBuffer = fake_handles,
					      .FreePool = fake_free_pool,
					      .HandleProtocol = fake_protocol,
					      .CreateEvent = fake_create_event,
					      .CloseEvent = fake_close_event,
					      .CheckEvent = fake_check_event,
					      .LocateDevicePath = fake_locate_path,
					      .OpenProtocolInformation = fake_users,
					      .ConnectController =
						      (EFI_CONNECT_CONTROLLER)fake_connect };

	static EFI_RUNTIME_SERVICES runtime = { .GetVariable = fake_variable,
						.SetVariable = fake_set_variable };

	BS = &services;
	RT = &runtime;
	variable_there = false;
	refusal_size = 0;
	memset(event, 0, sizeof(event));
	nr_media = connect_calls = 0;
}

void firmware_tear_down(void)
{
	while (nr_kept)
		free(kept[--nr_kept]);
}
