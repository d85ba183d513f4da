// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the disks hold today of the bytes that prove them unchanged: finds the
 * partition by its GUID, or the disk that it is on, reads the bytes and digests
 * them.  The core compares, within img_decide().
 *
 * Firmware that boots from a chosen entry may have connected only that entry's
 * disk.  Connecting the others allocates memory and may start drivers, so
 * proofs_prepare() does it before the memory map is read; proofs_digest() itself
 * changes nothing.
 */
#include "proofs.h"

#include "alloc.h"
#include "devpath.h"
#include "disk.h"
#include "partition.h"

/* The longest proof, plus a block of the medium at either end. */
#define BUFFER_SIZE (IMG_PROOF_MAX_SIZE + 2 * IMG_BLOCK)

static const uint8_t own_partition[16];

static enum img_reason missing(struct proofs *p, const char *why)
{
	p->why_missing = why;
	return IMG_E_DISK_MISSING;
}

static enum img_reason open_own(struct proofs *p, struct disk *ret_disk)
{
	if (!p->own)
		return missing(p, "the image is not in a partition of its own");
	*ret_disk = *p->own;
	return IMG_OK;
}

static enum img_reason open_partition(struct proofs *p, const uint8_t uuid[16],
				      struct disk *ret_disk)
{
	const char *why;

	if (memcmp(uuid, own_partition, 16) == 0)
		return open_own(p, ret_disk);
	why = partition_open(uuid, ret_disk);
	return why ? missing(p, why) : IMG_OK;
}

static enum img_reason open_medium(struct proofs *p, const struct img_proof *proof,
				   struct disk *ret_disk)
{
	enum img_reason reason = open_partition(p, proof->part_uuid, ret_disk);
	EFI_HANDLE below;

	if (reason != IMG_OK || !(proof->flags & IMG_PROOF_WHOLE_DISK))
		return reason;
	below = devpath_disk(ret_disk->handle);
	if (!below || !disk_open(below, ret_disk) || ret_disk->partition)
		return missing(p, "its disk was not found");
	return IMG_OK;
}

/* Not all firmware reports the identity; the saved kernel checks it as well (docs/safety.md). */
static uint64_t identity_today(const struct disk *disk, const struct img_proof *proof)
{
	uint64_t today = devpath_identity(disk->handle);

	return today ? today : proof->digest;
}

static enum img_reason read_and_digest(struct proofs *p, const struct img_proof *proof,
				       uint64_t *ret_digest)
{
	struct disk disk;
	enum img_reason reason = open_medium(p, proof, &disk);
	uint64_t before, size;

	if (reason != IMG_OK)
		return reason;
	if (proof->kind == IMG_PROOF_PLACE) {
		*ret_digest = devpath_place(disk.handle);
		return IMG_OK;
	}
	if (proof->kind == IMG_PROOF_IDENTITY) {
		*ret_digest = identity_today(&disk, proof);
		return IMG_OK;
	}
	if (proof->offset > disk.size || proof->size > disk.size - proof->offset)
		return missing(p, "smaller than it was");
	before = proof->offset % disk.block;
	size = (before + proof->size + disk.block - 1) / disk.block * disk.block;
	if (!disk_read(&disk, proof->offset - before, size, p->buffer))
		return IMG_E_DISK_READ;
	p->bytes_read += size;
	*ret_digest = img_port_xxh64(p->buffer + before, proof->size);
	return IMG_OK;
}

enum img_reason proofs_digest(void *proofs, const struct img_proof *proof, uint64_t *ret_digest)
{
	struct proofs *p = proofs;
	uint64_t start = tsc();
	enum img_reason reason = read_and_digest(p, proof, ret_digest);

	p->ticks += tsc() - start;
	return reason;
}

static bool all_connected(const struct img_meta *meta)
{
	struct disk disk;
	uint64_t i;

	for (i = 0; i < meta->nr_proofs; i++) {
		struct img_proof proof = img_meta_proof(meta, i);

		if (memcmp(proof.part_uuid, own_partition, 16) != 0 &&
		    partition_find(proof.part_uuid, &disk) == 0)
			return false;
	}
	return true;
}

enum img_reason proofs_prepare(struct memory *memory, const struct disk *own,
			       const struct img_meta *meta, struct proofs *ret_proofs)
{
	*ret_proofs = (struct proofs){ .own = own, .buffer = alloc_pages(memory, BUFFER_SIZE) };
	if (!ret_proofs->buffer)
		return IMG_E_NO_MEMORY;
	if (!all_connected(meta))
		disk_connect_all();
	return IMG_OK;
}
