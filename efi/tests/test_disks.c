// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the loader reads and writes outside the image itself, on the host:
 * proofs, slot headers and states, the attempt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <imgfmt/writer.h>

#include "attempt.h"
#include "detail.h"
#include "devpath.h"
#include "discover.h"
#include "firmware.h"
#include "image.h"
#include "loader.h"
#include "proofs.h"
#include "refusal.h"
#include "sleepers.h"
#include "volume.h"

#define MAX_PROOF 16

static struct loader loader;
static struct img_proof_disk proof[MAX_PROOF];

static int set_up(void **state)
{
	(void)state;
	firmware_set_up();
	memset(&loader, 0, sizeof(loader));
	memset(proof, 0, sizeof(proof));
	loader.options.slot = -1;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	firmware_tear_down();
	return 0;
}

/* Proofs. */

static void add_proof(const struct medium *of, uint8_t uuid, enum img_proof_kind kind,
		      uint64_t offset, uint32_t size)
{
	struct img_proof p = { .kind = kind, .offset = offset, .size = size };

	memset(p.part_uuid, uuid, sizeof(p.part_uuid));
	if (!of->media.LogicalPartition)
		p.flags = IMG_PROOF_WHOLE_DISK;
	p.digest = img_port_xxh64(of->bytes + offset, size);
	assert_true(loader.meta.nr_proofs < MAX_PROOF);
	proof[loader.meta.nr_proofs++] = img_proof_encode(&p);
	loader.meta.proof = proof;
}

static enum img_reason check_proofs(void)
{
	const struct img_proof_probe probe = { .ctx = &loader.proofs, .digest = proofs_digest };
	enum img_reason reason;

	assert_int_equal(proofs_prepare(&loader.memory, volume_partition(&loader.volume),
					&loader.meta, &loader.proofs),
			 IMG_OK);
	reason = img_proof_check(&loader.meta, &probe, &loader.detail);
	detail_complete(&loader, reason);
	return reason;
}

static void assert_partition(uint8_t uuid)
{
	uint8_t expected[16];

	memset(expected, uuid, sizeof(expected));
	assert_non_null(loader.detail.uuid);
	/* The sections are freed before the detail is printed. */
	assert_ptr_equal(loader.detail.uuid, loader.detail_uuid);
	assert_memory_equal(loader.detail.uuid, expected, sizeof(expected));
}

static void open_area(struct medium *own)
{
	struct disk disk;

	assert_true(disk_open(own, &disk));
	volume_open_partition(&disk, &loader.volume);
}

/* The image's disk with partition 0x11, another disk with 0x22. */
static struct medium *two_disks(uint32_t block)
{
	struct medium *own = new_partition(new_disk(1, block), 0x11);

	new_partition(new_disk(2, block), 0x22);
	open_area(own);
	return own;
}

static void check_exact_bytes(uint32_t block)
{
	struct medium *other;
	uint64_t first = 512 * 3, end = first + 1024;

	two_disks(block);
	other = &medium[3];
	add_proof(other, 0x22, IMG_PROOF_EXT_SUPER, first, 1024);
	assert_int_equal(check_proofs(), IMG_OK);
	other->bytes[first - 1] ^= 1;
	other->bytes[end] ^= 1;
	assert_int_equal(check_proofs(), IMG_OK);
	other->bytes[first] ^= 1;
	assert_int_equal(check_proofs(), IMG_E_FS_CHANGED);
	assert_partition(0x22);
	assert_true(loader.detail.golden != loader.detail.today);
	other->bytes[first] ^= 1;
	other->bytes[end - 1] ^= 1;
	assert_int_equal(check_proofs(), IMG_E_FS_CHANGED);
	assert_int_equal(connect_calls, 0);
}

static void test_exact_bytes(void **state)
{
	(void)state;
	check_exact_bytes(512);
}

static void test_exact_bytes_4096(void **state)
{
	(void)state;
	check_exact_bytes(4096);
}

/* The largest proof at the least convenient places, against the bounds of the buffer. */
static void test_largest(void **state)
{
	const uint32_t size = IMG_PROOF_MAX_SIZE;
	struct medium *own;

	(void)state;
	own = two_disks(4096);
	add_proof(own, 0, IMG_PROOF_XFS_LOG, 512 * 7, size);
	add_proof(own, 0, IMG_PROOF_XFS_LOG, 512, size);
	add_proof(own, 0, IMG_PROOF_XFS_LOG, PART_SIZE - size, size);
	assert_int_equal(check_proofs(), IMG_OK);
	own->bytes[PART_SIZE - 1] ^= 1;
	assert_int_equal(check_proofs(), IMG_E_FS_CHANGED);
	assert_int_equal(loader.detail.index, 2);
	assert_partition(0x11);
}

static void test_own_partition(void **state)
{
	struct medium *own;

	(void)state;
	own = two_disks(512);
	add_proof(own, 0, IMG_PROOF_IMAGE_PARTITION, 0, 4096);
	assert_int_equal(check_proofs(), IMG_OK);
	own->bytes[4095] ^= 1;
	assert_int_equal(check_proofs(), IMG_E_IMAGE_PARTITION);
	assert_partition(0x11);
}

static void test_whole_disk(void **state)
{
	(void)state;
	two_disks(4096);
	add_proof(&medium[0], 0, IMG_PROOF_PARTITION_TABLE, 4096, 4096);
	add_proof(&medium[2], 0x22, IMG_PROOF_PARTITION_TABLE, 4096, 4096);
	assert_int_equal(check_proofs(), IMG_OK);
	medium[2].bytes[4096 + 16] ^= 1;
	assert_int_equal(check_proofs(), IMG_E_PARTITION_TABLE);
	assert_partition(0x22);
	medium[0].bytes[4096 + 16] ^= 1;
	assert_int_equal(check_proofs(), IMG_E_PARTITION_TABLE);
	assert_partition(0x11);
}

/* What is below a file system has reasons of its own, and they name the partition. */
static void test_stack_changed(void **state)
{
	static const struct {
		enum img_proof_kind kind;
		enum img_reason reason;
	} row[] = { { IMG_PROOF_LVM_LABEL, IMG_E_LVM_CHANGED },
		    { IMG_PROOF_LVM_METADATA, IMG_E_LVM_CHANGED },
		    { IMG_PROOF_LUKS_HEADER, IMG_E_LUKS_CHANGED },
		    { IMG_PROOF_MD_SUPER, IMG_E_MD_CHANGED },
		    { IMG_PROOF_VERITY_ROOT, IMG_E_FS_CHANGED } };
	size_t i;

	(void)state;
	two_disks(512);
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		loader.meta.nr_proofs = 0;
		loader.detail = (struct img_detail){ 0 };
		add_proof(&medium[3], 0x22, row[i].kind, 512 * i, 512);
		assert_int_equal(check_proofs(), IMG_OK);
		medium[3].bytes[512 * i] ^= 1;
		assert_int_equal(check_proofs(), row[i].reason);
		assert_partition(0x22);
	}
}

/* A disk without GPT can hold the image, and its table can have a proof. */
static void test_dos_table(void **state)
{
	struct medium *disk, *own;

	(void)state;
	disk = new_disk(1, 512);
	own = new_partition(disk, 0);
	open_area(own);
	add_proof(disk, 0, IMG_PROOF_PARTITION_TABLE, 0, 512);
	assert_int_equal(check_proofs(), IMG_OK);
	disk->bytes[0x1be] ^= 1;
	assert_int_equal(check_proofs(), IMG_E_PARTITION_TABLE);
	assert_null(loader.detail.uuid); /* the partition has no GUID */
}

/* The handle of the disk is gone, or belongs to a partition. */
static void test_no_whole_disk(void **state)
{
	struct medium *inner;

	(void)state;
	two_disks(512);
	add_proof(&medium[2], 0x22, IMG_PROOF_PARTITION_TABLE, 512, 512);
	medium[2].connected = false;
	assert_int_equal(check_proofs(), IMG_E_DISK_MISSING);
	assert_string_equal(loader.detail.field, "its disk was not found");
	medium[2].connected = true;
	assert_int_equal(check_proofs(), IMG_OK);

	loader.meta.nr_proofs = 0;
	inner = new_partition(&medium[3], 0x33);
	add_proof(&medium[3], 0x33, IMG_PROOF_PARTITION_TABLE, 512, 512);
	proof[0].flags.b[0] = IMG_PROOF_WHOLE_DISK;
	assert_true(inner->connected);
	assert_int_equal(check_proofs(), IMG_E_DISK_MISSING);
}

/* The handle with the longest prefix of the disk's path may be the controller's. */
static void test_controller_is_no_disk(void **state)
{
	struct medium *controller;

	(void)state;
	two_disks(512);
	add_proof(&medium[2], 0x22, IMG_PROOF_PARTITION_TABLE, 512, 512);
	controller = new_medium(medium[2].bytes, DISK_SIZE, 512);
	add_root_node(controller);
	assert_int_equal(check_proofs(), IMG_OK);
	medium[2].connected = false;
	assert_int_equal(check_proofs(), IMG_E_DISK_MISSING);
}

static void test_connects_once(void **state)
{
	(void)state;
	two_disks(512);
	add_proof(&medium[3], 0x22, IMG_PROOF_EXT_SUPER, 1024, 1024);
	add_proof(&medium[2], 0x22, IMG_PROOF_PARTITION_TABLE, 512, 512);
	medium[2].connected = medium[3].connected = false;
	assert_int_equal(check_proofs(), IMG_OK);
	assert_int_equal(connect_calls, nr_media);
}

static void test_missing(void **state)
{
	(void)state;
	two_disks(512);
	add_proof(&medium[3], 0x77, IMG_PROOF_EXT_SUPER, 1024, 1024);
	assert_int_equal(check_proofs(), IMG_E_DISK_MISSING);
	assert_string_equal(loader.detail.field, "not found");
	assert_int_equal(loader.detail.golden, loader.detail.today);
	assert_partition(0x77);
	assert_int_equal(connect_calls, nr_media);
}

static void test_no_medium(void **state)
{
	(void)state;
	two_disks(512);
	add_proof(&medium[3], 0x22, IMG_PROOF_EXT_SUPER, 1024, 1024);
	medium[3].media.MediaPresent = FALSE;
	assert_int_equal(check_proofs(), IMG_E_DISK_MISSING);
}

static void test_cloned_disk(void **state)
{
	(void)state;
	two_disks(512);
	add_proof(&medium[3], 0x22, IMG_PROOF_EXT_SUPER, 1024, 1024);
	new_partition(new_disk(2, 512), 0x22);
	assert_int_equal(check_proofs(), IMG_E_DISK_MISSING);
	assert_string_equal(loader.detail.field, "is there twice");
	assert_partition(0x22);
}

/* A handle for something inside the partition is not a second partition. */
static void test_nested_is_no_clone(void **state)
{
	(void)state;
	two_disks(512);
	add_proof(&medium[3], 0x22, IMG_PROOF_EXT_SUPER, 1024, 1024);
	new_partition(&medium[3], 0);
	assert_int_equal(check_proofs(), IMG_OK);
}

static void test_broken_path(void **state)
{
	(void)state;
	two_disks(512);
	add_proof(&medium[3], 0x22, IMG_PROOF_EXT_SUPER, 1024, 1024);
	medium[3].path[2] = 3; /* a node shorter than its own header */
	assert_int_equal(check_proofs(), IMG_E_DISK_MISSING);
}

static void test_smaller(void **state)
{
	(void)state;
	two_disks(512);
	add_proof(&medium[3], 0x22, IMG_PROOF_F2FS_NODE, PART_SIZE - 4096, 4096);
	assert_int_equal(check_proofs(), IMG_OK);
	medium[3].media.LastBlock--;
	assert_int_equal(check_proofs(), IMG_E_DISK_MISSING);
	assert_string_equal(loader.detail.field, "smaller than it was");
}

static void test_proof_read_error(void **state)
{
	(void)state;
	two_disks(512);
	add_proof(&medium[1], 0, IMG_PROOF_IMAGE_PARTITION, 0, 4096);
	add_proof(&medium[3], 0x22, IMG_PROOF_EXT_SUPER, 1024, 1024);
	medium[3].fail_read_at = 1536;
	assert_int_equal(check_proofs(), IMG_E_DISK_READ);
	assert_int_equal(loader.detail.index, 1);
	assert_int_equal(loader.detail.golden, loader.detail.today);
	assert_partition(0x22);
}

/* Slots. */

#define IMAGE_UUID(slot) (0xa0 + (slot))

static void put_state(struct medium *own, uint32_t number, const struct img_state *state)
{
	uint8_t uuid[16];

	memset(uuid, IMAGE_UUID(number), sizeof(uuid));
	img_state_encode(state, uuid, own->bytes + loader.area.slot[number].offset + IMG_BLOCK);
}

static void put_slot(struct medium *own, uint32_t number, uint64_t generation, enum img_mode mode,
		     const struct img_state *state)
{
	struct img_slot slot = { .mode = mode,
				 .generation = generation,
				 .nr_pages = 1,
				 .meta_offset = IMG_SLOT_DATA_OFFSET,
				 .kernel_release = "6.1.0" };

	memcpy(slot.area_uuid, loader.area.uuid, sizeof(slot.area_uuid));
	memset(slot.image_uuid, IMAGE_UUID(number), sizeof(slot.image_uuid));
	img_slot_encode(&slot, own->bytes + loader.area.slot[number].offset);
	put_state(own, number, state);
}

/* Slot A: generation 1, slot B: generation 2, both golden and fresh. */
static struct medium *two_slots(uint32_t block)
{
	static const struct img_state fresh = { .valid = true };
	struct medium *own = two_disks(block);

	assert_int_equal(img_area_layout(PART_SIZE, 0, 2, &loader.area), IMG_OK);
	memset(loader.area.uuid, 0x5a, sizeof(loader.area.uuid));
	img_area_encode(&loader.area, own->bytes + img_area_header_offset(PART_SIZE));
	put_slot(own, 0, 1, IMG_MODE_GOLDEN, &fresh);
	put_slot(own, 1, 2, IMG_MODE_GOLDEN, &fresh);
	return own;
}

static const struct img_state tried_thrice = { .valid = true, .restores = 9, .attempts = 3 };

static void assert_chosen(int slot, enum img_reason passed)
{
	loader.passed = IMG_OK;
	assert_int_equal(image_read_headers(&loader), IMG_OK);
	assert_int_equal(loader.slot_number, slot);
	assert_int_equal(loader.slot.generation, slot + 1);
	assert_int_equal(loader.passed, passed);
	if (passed != IMG_OK)
		assert_int_equal(loader.passed_slot, 1 - slot);
}

/* Areas are in partitions: one at the end of a disk does not count. */
static void put_area_on_disk(struct medium *disk)
{
	struct img_area area;

	assert_int_equal(img_area_layout(DISK_SIZE, 0, 2, &area), IMG_OK);
	img_area_encode(&area, disk->bytes + img_area_header_offset(DISK_SIZE));
}

static void test_find_area(void **state)
{
	struct medium *own;

	(void)state;
	own = two_slots(512);
	memset(&loader.area, 0, sizeof(loader.area));
	memset(&loader.volume, 0, sizeof(loader.volume));
	put_area_on_disk(&medium[2]);
	assert_int_equal(area_find(&loader), IMG_OK);
	assert_ptr_equal(loader.volume.disk[0].handle, own);
	assert_int_equal(loader.area.nr_slots, 2);
	own->fail_read_at = PART_SIZE - 512;
	assert_int_equal(area_find(&loader), IMG_E_DISK_READ);
	own->fail_read_at = NOWHERE;
	own->bytes[PART_SIZE - 1] ^= 1;
	assert_int_equal(area_find(&loader), IMG_E_AREA_CHECKSUM);
	memset(own->bytes + PART_SIZE - IMG_BLOCK, 0, IMG_BLOCK);
	assert_int_equal(area_find(&loader), IMG_E_AREA_MISSING);
}

static void test_newest_slot(void **state)
{
	(void)state;
	two_slots(4096);
	assert_chosen(1, IMG_OK);
}

/*
 * The older image, promoted above the newer one, is chosen, and still promoted after the attempt;
 * if it is refused, it counts as passed over.
 */
static void test_promoted(void **state)
{
	static const struct img_state promoted = { .valid = true, .rank = 3 };
	struct img_state tried = promoted;
	struct medium *own;

	(void)state;
	own = two_slots(512);
	put_state(own, 0, &promoted);
	assert_chosen(0, IMG_OK);
	assert_int_equal(attempt_record(&loader), IMG_OK);
	assert_int_equal(loader.state.rank, 3);
	assert_chosen(0, IMG_OK);

	tried.attempts = 3;
	put_state(own, 0, &tried);
	assert_chosen(1, IMG_E_SLOT_QUARANTINED);

	/* A rank does not lower an image, and a rank that cannot be read counts as none. */
	put_state(own, 1, &(struct img_state){ .valid = true, .rank = 1 });
	put_state(own, 0, &(struct img_state){ .valid = true, .rank = 2 });
	assert_chosen(0, IMG_OK);
	own->bytes[loader.area.slot[0].offset + IMG_BLOCK + 40] ^= 1;
	assert_chosen(1, IMG_OK);
}

static void test_quarantined(void **state)
{
	struct medium *own;

	(void)state;
	own = two_slots(512);
	put_state(own, 1, &tried_thrice);
	assert_chosen(0, IMG_E_SLOT_QUARANTINED);

	put_state(own, 0, &tried_thrice);
	assert_int_equal(image_read_headers(&loader), IMG_E_SLOT_QUARANTINED);
	assert_string_equal(loader.detail.object, "slot state");
}

/* This slot would not have been chosen in any case, so nothing is reported. */
static void test_older_is_quarantined(void **state)
{
	(void)state;
	put_state(two_slots(512), 0, &tried_thrice);
	assert_chosen(1, IMG_OK);
}

static void test_wanted_slot(void **state)
{
	(void)state;
	put_state(two_slots(512), 1, &tried_thrice);
	loader.options.slot = 1;
	assert_int_equal(image_read_headers(&loader), IMG_E_SLOT_QUARANTINED);
	assert_int_equal(loader.detail.index, 1);
	loader.options.slot = 0;
	assert_chosen(0, IMG_OK);
}

static void test_damaged_header(void **state)
{
	struct medium *own;

	(void)state;
	own = two_slots(512);
	own->bytes[loader.area.slot[1].offset + 100] ^= 1;
	assert_chosen(0, IMG_E_SLOT_CHECKSUM);
	memset(own->bytes + loader.area.slot[1].offset, 0, IMG_BLOCK);
	assert_chosen(0, IMG_OK);
}

static void test_damaged_state(void **state)
{
	static const struct img_state fresh = { .valid = true };
	struct medium *own;

	(void)state;
	own = two_slots(512);
	put_state(own, 1, &tried_thrice);
	own->bytes[loader.area.slot[1].offset + IMG_BLOCK + 40] ^= 1;
	assert_chosen(1, IMG_OK);
	assert_int_equal(loader.state.attempts, 0);

	put_slot(own, 1, 2, IMG_MODE_ONCE, &fresh);
	assert_chosen(1, IMG_OK);
	own->bytes[loader.area.slot[1].offset + IMG_BLOCK + 40] ^= 1;
	assert_chosen(0, IMG_E_STATE_DAMAGED);
}

static void test_header_read_error(void **state)
{
	struct medium *own;

	(void)state;
	own = two_slots(512);
	own->fail_read_at = loader.area.slot[0].offset;
	assert_int_equal(image_read_headers(&loader), IMG_E_DISK_READ);
	own->fail_read_at = loader.area.slot[1].offset + IMG_BLOCK;
	assert_int_equal(image_read_headers(&loader), IMG_E_DISK_READ);
	assert_int_equal(loader.detail.index, 1);
}

/* The attempt. */

static void assert_unchanged_but(const struct medium *own, const uint8_t *before, uint64_t at,
				 uint64_t size)
{
	assert_memory_equal(own->bytes, before, at);
	assert_memory_equal(own->bytes + at + size, before + at + size, PART_SIZE - at - size);
}

static void assert_state(const struct img_state *a, const struct img_state *b)
{
	assert_int_equal(a->valid, b->valid);
	assert_int_equal(a->restores, b->restores);
	assert_int_equal(a->attempts, b->attempts);
	assert_int_equal(a->consumed, b->consumed);
	assert_int_equal(a->rank, b->rank);
	assert_string_equal(a->description, b->description);
}

static void check_attempt(uint32_t block)
{
	struct medium *own = two_slots(block);
	uint8_t *before = malloc(PART_SIZE);
	uint64_t at = loader.area.slot[1].offset + IMG_BLOCK, i;
	struct img_state found;

	assert_non_null(before);
	put_state(own, 1,
		  &(struct img_state){ .valid = true,
				       .restores = 41,
				       .attempts = 1,
				       .rank = 7,
				       .description = "the tested one" });
	memcpy(before, own->bytes, PART_SIZE);
	assert_chosen(1, IMG_OK);
	assert_int_equal(attempt_record(&loader), IMG_OK);
	img_state_decode(own->bytes + at, loader.slot.image_uuid, &found);
	assert_true(found.valid && !found.consumed);
	assert_int_equal(found.restores, 42);
	assert_int_equal(found.attempts, 2);
	assert_int_equal(found.rank, 7);
	assert_string_equal(found.description, "the tested one");
	assert_state(&found, &loader.state);
	assert_unchanged_but(own, before, at, block);
	for (i = 512; i < block; i++)
		assert_int_equal(own->bytes[at + i], 0);
	assert_int_equal(own->writes, 1);
	assert_int_equal(own->flushes, 1);
	assert_false(own->dirty);
	free(before);
}

static void test_attempt(void **state)
{
	(void)state;
	check_attempt(512);
}

static void test_attempt_4096(void **state)
{
	(void)state;
	check_attempt(4096);
}

static void test_three_attempts(void **state)
{
	unsigned int i;

	(void)state;
	two_slots(512);
	for (i = 1; i <= 3; i++) {
		assert_chosen(1, IMG_OK);
		assert_int_equal(attempt_record(&loader), IMG_OK);
		assert_int_equal(loader.state.attempts, i);
	}
	assert_chosen(0, IMG_E_SLOT_QUARANTINED);
}

static void test_once(void **state)
{
	static const struct img_state fresh = { .valid = true };

	(void)state;
	put_slot(two_slots(512), 1, 2, IMG_MODE_ONCE, &fresh);
	assert_chosen(1, IMG_OK);
	assert_int_equal(attempt_record(&loader), IMG_OK);
	assert_true(loader.state.consumed);
	assert_chosen(0, IMG_E_SLOT_CONSUMED);
}

static void assert_attempt_fails(const char *step)
{
	struct img_state before = loader.state;

	assert_int_equal(attempt_record(&loader), IMG_E_STATE_WRITE);
	assert_string_equal(loader.detail.object, "slot state");
	assert_string_equal(loader.detail.field, step);
	assert_int_equal(loader.detail.index, 1);
	assert_state(&before, &loader.state);
}

static void test_attempt_write_error(void **state)
{
	(void)state;
	struct medium *own = two_slots(512);

	assert_chosen(1, IMG_OK);
	own->write_fault = WRITE_FAILS;
	assert_attempt_fails("write");
	own->write_fault = WRITE_IS_LOST;
	assert_attempt_fails("not what was written");
}

static void test_attempt_read_only(void **state)
{
	(void)state;
	struct medium *own = two_slots(512);

	assert_chosen(1, IMG_OK);
	own->media.ReadOnly = TRUE;
	assert_attempt_fails("write");
	assert_int_equal(own->writes, 0);
}

static void test_attempt_flush_error(void **state)
{
	(void)state;
	struct medium *own = two_slots(512);

	assert_chosen(1, IMG_OK);
	own->flush_status = EFI_DEVICE_ERROR;
	assert_attempt_fails("flush");
	own->flush_status = EFI_UNSUPPORTED;
	assert_int_equal(attempt_record(&loader), IMG_OK);
}

static void test_attempt_read_back_error(void **state)
{
	(void)state;
	struct medium *own = two_slots(4096);

	assert_chosen(1, IMG_OK);
	own->fail_read_at = loader.area.slot[1].offset + IMG_BLOCK;
	assert_attempt_fails("read back");
}

/* Places. */

static EFI_STATUS EFIAPI fake_location(EFI_PCI_IO_PROTOCOL *pci, UINTN *segment, UINTN *bus,
				       UINTN *device, UINTN *function)
{
	(void)pci;
	*segment = 1;
	*bus = 2;
	*device = 3;
	*function = 4;
	return EFI_SUCCESS;
}
#define HERE (1ull << 48 | 2ull << 40 | 0x1cull << 32)

static struct medium *new_controller(uint32_t class)
{
	struct medium *m = new_medium(NULL, DISK_SIZE, 512);

	m->pci.Pci.Read = fake_pci_read;
	m->pci.GetLocation = fake_location;
	m->class = class;
	add_root_node(m);
	add_node(m, HARDWARE_DEVICE_PATH, HW_PCI_DP, "\4\3", 2);
	return m;
}

/* A disk of the controller, with a node of its own; size 0: the controller is the disk. */
static struct medium *disk_of(const struct medium *controller, uint8_t type, const void *body,
			      size_t size)
{
	struct medium *m = new_disk(1, 512);

	memcpy(m->path, controller->path, controller->path_size);
	m->path_size = controller->path_size;
	if (size)
		add_node(m, MESSAGING_DEVICE_PATH, type, body, size);
	return m;
}

/* Of a disk at an AHCI controller, whose node has this type and body. */
static uint64_t place_of(uint8_t type, const void *body, size_t size)
{
	nr_media = 0;
	return devpath_place(disk_of(new_controller(0x01060100), type, body, size));
}

static void test_places(void **state)
{
	static const struct {
		uint8_t type, body[12];
		size_t size;
		uint64_t place;
	} row[] = {
		{ 0, { 0 }, 0, HERE | 0x10000000 },
		{ MSG_SATA_DP, { 5, 0, 0xff, 0xff, 0, 0 }, 6, HERE | 0x20005000 },
		{ MSG_SATA_DP, { 5, 0, 0, 0x80, 0, 0 }, 6, HERE | 0x20005000 },
		{ MSG_SATA_DP, { 5, 0, 2, 0, 0, 0 }, 6, HERE | 0x20005020 },
		{ MSG_ATAPI_DP, { 1, 1, 0, 0 }, 4, HERE | 0x20001001 },
		{ 0x17, { 3, 2, 1, 0, 9, 9, 9, 9, 9, 9, 9, 9 }, 12, HERE | 0x30010203 },
		{ 0x17, { 3, 2, 1, 0x10, 9, 9, 9, 9, 9, 9, 9, 9 }, 12, 0 },
		{ MSG_SCSI_DP, { 4, 0, 7, 0 }, 4, HERE | 0x40010007 },
		{ MSG_USB_DP, { 1, 0 }, 2, 0 },
		{ MSG_SATA_DP, { 5, 0 }, 2, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(row); i++)
		assert_true(place_of(row[i].type, row[i].body, row[i].size) == row[i].place);
}

/* Nodes of over 255 bytes whose type and length, if combined carelessly, match a disk's node. */
static void test_no_place_of_long_nodes(void **state)
{
	static const struct {
		uint8_t type;
		size_t length;
	} row[] = { { 0, 0x108 }, { MSG_ATAPI_DP, 0x108 }, { 0x16, 0x110 } };
	static const uint8_t body[0x110];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(row); i++)
		assert_true(place_of(row[i].type, body, row[i].length - sizeof(EFI_DEVICE_PATH)) ==
			    0);
}

static void test_no_place(void **state)
{
	struct medium *controller, *disk;

	(void)state;
	controller = new_controller(0x01060100);
	disk = disk_of(controller, MSG_SATA_DP, "\1\0\0\0\0\0", 6);
	add_node(disk, MESSAGING_DEVICE_PATH, MSG_USB_DP, "\1", 2);
	assert_true(devpath_place(disk) == 0);
	controller->connected = false;
	assert_true(devpath_place(disk) == 0);
}

static void test_disk_moved(void **state)
{
	struct img_proof p = { .kind = IMG_PROOF_PLACE,
			       .flags = IMG_PROOF_WHOLE_DISK,
			       .size = 512 };
	struct medium *controller, *own;

	(void)state;
	controller = new_controller(0x01060100);
	own = new_partition(disk_of(controller, MSG_SATA_DP, "\1\0\0\0\0\0", 6), 0x11);
	open_area(own);
	p.digest = HERE | 0x20001000;
	proof[0] = img_proof_encode(&p);
	memset(p.part_uuid, 0x11, sizeof(p.part_uuid));
	proof[1] = img_proof_encode(&p);
	loader.meta.proof = proof;
	loader.meta.nr_proofs = 2;
	assert_int_equal(check_proofs(), IMG_OK);
	p.digest = HERE | 0x20002000;
	proof[1] = img_proof_encode(&p);
	assert_int_equal(check_proofs(), IMG_E_DISK_MOVED);
	assert_partition(0x11);
	assert_null(loader.detail.field);
	controller->connected = false;
	assert_int_equal(check_proofs(), IMG_E_DISK_MOVED);
	assert_string_equal(loader.detail.field, "this firmware does not report it");
}

/* Identities. */

/* In each word of IDENTIFY DEVICE the first character is in the upper half. */
static EFI_STATUS EFIAPI fake_identify(struct disk_info *info, VOID *to, UINT32 *size)
{
	const struct medium *m = (struct medium *)((uint8_t *)info - offsetof(struct medium, info));
	uint8_t *data = to;
	size_t i;

	assert_int_equal(*size, 512);
	memset(data, 0xee, *size);
	for (i = 0; i < IMG_ATA_SERIAL_SIZE; i += 2) {
		data[20 + i] = (uint8_t)m->serial[i + 1];
		data[21 + i] = (uint8_t)m->serial[i];
	}
	return EFI_SUCCESS;
}

static const EFI_GUID ahci = {
	0x9e498932, 0x4abc, 0x45af, { 0xa3, 0x4d, 0x02, 0x47, 0x78, 0x7b, 0xe7, 0xc6 }
};

static struct medium *ata_disk(const struct medium *controller, const char *serial)
{
	struct medium *m = disk_of(controller, MSG_SATA_DP, "\1\0\0\0\0\0", 6);

	m->info = (struct disk_info){ .interface = ahci, .identify = fake_identify };
	m->serial = serial;
	return m;
}

#define SERIAL "QM00005             "

static void test_identities(void **state)
{
	struct medium *controller, *disk;

	(void)state;
	controller = new_controller(0x01060100);
	assert_true(devpath_identity(ata_disk(controller, SERIAL)) ==
		    img_ata_identity((const uint8_t *)SERIAL));
	assert_true(devpath_identity(ata_disk(controller, NULL)) == 0);
	disk = ata_disk(controller, SERIAL);
	disk->info.interface.Data1 ^= 1; /* its Identify returns something else */
	assert_true(devpath_identity(disk) == 0);
	disk = disk_of(controller, 0x17, "\3\0\0\0\1\2\3\4\5\6\7\x80", 12);
	assert_true(devpath_identity(disk) == 0x8007060504030201ull);
	/* A controller that is the disk itself, and a disk without a number of this kind. */
	disk = disk_of(controller, 0, "", 0);
	disk->serial = SERIAL;
	assert_true(devpath_identity(disk) == 0);
	disk = disk_of(controller, MSG_SCSI_DP, "\4\0\7\0", 4);
	disk->serial = SERIAL;
	assert_true(devpath_identity(disk) == 0);
	controller->connected = false;
	assert_true(devpath_identity(ata_disk(controller, SERIAL)) == 0);
}

static void test_disk_replaced(void **state)
{
	struct img_proof p = { .kind = IMG_PROOF_IDENTITY,
			       .flags = IMG_PROOF_WHOLE_DISK,
			       .size = 512,
			       .digest = img_ata_identity((const uint8_t *)SERIAL) };
	struct medium *controller, *disk, *own;

	(void)state;
	controller = new_controller(0x01060100);
	disk = ata_disk(controller, SERIAL);
	own = new_partition(disk, 0x11);
	open_area(own);
	proof[0] = img_proof_encode(&p);
	loader.meta.proof = proof;
	loader.meta.nr_proofs = 1;
	assert_int_equal(check_proofs(), IMG_OK);
	disk->serial = "QM00006             ";
	assert_int_equal(check_proofs(), IMG_E_DISK_REPLACED);
	assert_partition(0x11);
	disk->serial = NULL; /* this firmware does not report it: the kernel will check */
	assert_int_equal(check_proofs(), IMG_OK);
}

/* The kernel's refusals. */

static void refuse(const char *code, uint64_t generation, uint8_t uuid)
{
	refusal = (struct img_refusal){ .magic = IMG_REFUSAL_MAGIC, .generation = generation };
	memcpy(refusal.area_uuid, loader.area.uuid, sizeof(refusal.area_uuid));
	strcpy(refusal.code, code);
	memset(refusal.part_uuid, uuid, sizeof(refusal.part_uuid));
	refusal_size = sizeof(refusal);
	removal_fails = false;
}

static enum img_reason next_start(void)
{
	refusal_take(&loader);
	return image_read_headers(&loader);
}

static void refusable(void)
{
	struct medium *own = two_slots(512);

	open_area(own);
}

static void test_kernel_refusal_applies_once(void **state)
{
	(void)state;
	refusable();
	assert_int_equal(next_start(), IMG_OK);
	refuse("disk-moved", 2, 0x22);
	assert_int_equal(next_start(), IMG_E_DISK_MOVED);
	assert_partition(0x22);
	assert_string_equal(loader.detail.field, "found by the restored system");
	assert_int_equal(refusal_size, 0);
	assert_int_equal(next_start(), IMG_OK);
	refuse("disk-read", 1, 0); /* the image's own disk, and an image that would not be chosen */
	assert_int_equal(next_start(), IMG_E_DISK_READ);
	assert_partition(0x11);
}

/* The attempt that the kernel refused was the third, or the only one allowed. */
static void test_kernel_refusal_comes_first(void **state)
{
	static const struct img_state consumed = { .valid = true, .restores = 1, .consumed = true };
	struct medium *own;

	(void)state;
	refusable();
	own = &medium[1];
	put_slot(own, 1, 2, IMG_MODE_GOLDEN, &tried_thrice);
	refuse("disk-moved", 2, 0x22);
	assert_int_equal(next_start(), IMG_E_DISK_MOVED);
	assert_int_equal(next_start(), IMG_OK);
	assert_chosen(0, IMG_E_SLOT_QUARANTINED);
	put_slot(own, 1, 2, IMG_MODE_ONCE, &consumed);
	refuse("disk-moved", 2, 0x22);
	assert_int_equal(next_start(), IMG_E_DISK_MOVED);
	assert_int_equal(next_start(), IMG_OK);
}

/* A refusal of another image, or in an unknown form, is removed and has no effect. */
static void test_kernel_refusal_without_effect(void **state)
{
	size_t row;

	(void)state;
	refusable();
	for (row = 0; row < 6; row++) {
		refuse("disk-moved", 2, 0x22);
		if (row == 0)
			refusal.generation = 3;
		if (row == 1)
			refusal.magic ^= 1;
		if (row == 2)
			strcpy(refusal.code, "no-such-code");
		if (row == 3)
			memset(refusal.code, 'x', sizeof(refusal.code));
		if (row == 4)
			refusal_size--;
		if (row == 5)
			refusal.area_uuid[15] ^= 1;
		assert_int_equal(next_start(), IMG_OK);
		assert_int_equal(refusal_size, 0);
	}
}

/* A refusal that stays would apply at every start, so it is ignored: the attempts run out. */
static void test_kernel_refusal_cannot_be_removed(void **state)
{
	(void)state;
	refusable();
	refuse("disk-moved", 2, 0x22);
	removal_fails = true;
	assert_int_equal(next_start(), IMG_OK);
}

static void test_simulation_removes_nothing(void **state)
{
	(void)state;
	refusable();
	loader.options.simulate = true;
	refuse("disk-moved", 2, 0x22);
	assert_int_equal(next_start(), IMG_E_DISK_MOVED);
	assert_int_equal(next_start(), IMG_E_DISK_MOVED);
}

/* Sleepers. */

static void put_to_sleep(struct medium *m, const char *signature)
{
	memcpy(m->bytes + IMG_BLOCK - 10, signature, 10);
}

static void check_sleeper(uint32_t block)
{
	two_disks(block);
	assert_int_equal(sleepers_look(&loader), IMG_OK);
	put_to_sleep(&medium[3], "SWAPSPACE2");
	assert_int_equal(sleepers_look(&loader), IMG_OK);
	put_to_sleep(&medium[3], "S1SUSPEND");
	assert_int_equal(sleepers_look(&loader), IMG_E_HIBERNATED);
	assert_partition(0x22);
	assert_string_equal(loader.detail.object, "swap space");
	put_to_sleep(&medium[3], "SWAPSPACE2");
	assert_int_equal(sleepers_look(&loader), IMG_OK);
}

static void test_sleeper(void **state)
{
	(void)state;
	check_sleeper(512);
}

static void test_sleeper_4096(void **state)
{
	(void)state;
	check_sleeper(4096);
}

static void test_sleepers_signatures(void **state)
{
	static const char *const signature[] = { "S1SUSPEND", "S2SUSPEND", "ULSUSPEND",
						 "LINHIB0001" };
	size_t i;

	(void)state;
	two_disks(512);
	for (i = 0; i < ARRAY_SIZE(signature); i++) {
		put_to_sleep(&medium[1], signature[i]);
		assert_int_equal(sleepers_look(&loader), IMG_E_HIBERNATED);
		assert_partition(0x11);
	}
}

/* Swap space needs no partition table. */
static void test_sleeper_on_a_whole_disk(void **state)
{
	(void)state;
	two_disks(512);
	put_to_sleep(&medium[2], "S1SUSPEND");
	assert_int_equal(sleepers_look(&loader), IMG_E_HIBERNATED);
	assert_null(loader.detail.uuid);
	assert_string_equal(loader.detail.object, "whole disk");
}

static void test_sleeper_unreadable(void **state)
{
	(void)state;
	two_disks(512);
	medium[3].fail_read_at = 0;
	assert_int_equal(sleepers_look(&loader), IMG_OK);
	put_to_sleep(&medium[1], "S1SUSPEND");
	assert_int_equal(sleepers_look(&loader), IMG_E_HIBERNATED);
}

static void test_sleeper_in_a_file(void **state)
{
	(void)state;
	two_disks(512);
	variable_there = true;
	assert_int_equal(sleepers_look(&loader), IMG_E_HIBERNATED);
	assert_string_equal(loader.detail.field, "HibernateLocation");
}

/* Only storage controllers that the firmware has not connected are connected. */
static void test_storage_is_connected(void **state)
{
	struct medium *nvme, *network;

	(void)state;
	two_disks(512);
	nvme = new_controller(0x01080200);
	network = new_controller(0x02000000);
	new_controller(0x01060100);
	nvme->connected = network->connected = false;
	assert_int_equal(sleepers_look(&loader), IMG_OK);
	assert_true(nvme->connected);
	assert_false(network->connected);
	assert_int_equal(connect_calls, 1);
	assert_int_equal(sleepers_look(&loader), IMG_OK);
	assert_int_equal(connect_calls, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_exact_bytes),
		TEST(test_exact_bytes_4096),
		TEST(test_largest),
		TEST(test_own_partition),
		TEST(test_whole_disk),
		TEST(test_stack_changed),
		TEST(test_dos_table),
		TEST(test_no_whole_disk),
		TEST(test_controller_is_no_disk),
		TEST(test_connects_once),
		TEST(test_missing),
		TEST(test_no_medium),
		TEST(test_cloned_disk),
		TEST(test_nested_is_no_clone),
		TEST(test_broken_path),
		TEST(test_smaller),
		TEST(test_proof_read_error),
		TEST(test_find_area),
		TEST(test_newest_slot),
		TEST(test_promoted),
		TEST(test_quarantined),
		TEST(test_older_is_quarantined),
		TEST(test_wanted_slot),
		TEST(test_damaged_header),
		TEST(test_damaged_state),
		TEST(test_header_read_error),
		TEST(test_attempt),
		TEST(test_attempt_4096),
		TEST(test_three_attempts),
		TEST(test_once),
		TEST(test_attempt_write_error),
		TEST(test_attempt_read_only),
		TEST(test_attempt_flush_error),
		TEST(test_attempt_read_back_error),
		TEST(test_places),
		TEST(test_no_place_of_long_nodes),
		TEST(test_no_place),
		TEST(test_disk_moved),
		TEST(test_identities),
		TEST(test_disk_replaced),
		TEST(test_kernel_refusal_applies_once),
		TEST(test_kernel_refusal_comes_first),
		TEST(test_kernel_refusal_cannot_be_removed),
		TEST(test_kernel_refusal_without_effect),
		TEST(test_simulation_removes_nothing),
		TEST(test_sleeper),
		TEST(test_sleeper_4096),
		TEST(test_sleepers_signatures),
		TEST(test_sleeper_on_a_whole_disk),
		TEST(test_sleeper_unreadable),
		TEST(test_sleeper_in_a_file),
		TEST(test_storage_is_connected),
	};

	return cmocka_run_group_tests_name("efi/disks", tests, NULL, NULL);
}
