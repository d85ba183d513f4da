// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct reads bypass the page cache, after the kernel has written out the part of it that they
 * cover: the digest is of what the loader will find.  Process context.
 */
#include <linux/blkdev.h>
#include <linux/build_bug.h>
#include <linux/math.h>
#include <linux/string.h>

#include "disk.h"
#include "held.h"
#include "proofs.h"

/* A proof of the greatest size, wherever in a block it starts. */
#define BUFFER_SIZE (IMG_PROOF_MAX_SIZE + IMG_BLOCK)
#define TABLE_SIZE  (IMG_MAX_PROOFS * sizeof(struct img_proof_disk))

static_assert(TABLE_SIZE % IMG_BLOCK == 0);

int proofs_prepare(struct proofs *proofs, struct report *report)
{
	proofs->disk = held_vzalloc(TABLE_SIZE);
	proofs->buffer = held_vzalloc(BUFFER_SIZE);
	if (proofs->disk && proofs->buffer)
		return 0;
	return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for the disks' proofs");
}

void proofs_release(struct proofs *proofs)
{
	held_vfree(proofs->buffer);
	held_vfree(proofs->disk);
	memset(proofs, 0, sizeof(*proofs));
}

static bool block_read(void *context, uint64_t offset, void *buffer)
{
	return !disk_read(context, offset, buffer, IMG_BLOCK);
}

enum img_reason proofs_fs_extents(const struct survey_fs *fs, void *block,
				  struct img_fs_proof *ret_proof, struct img_detail *detail)
{
	struct img_fs_reader reader = {
		.ctx = fs->file,
		.size = bdev_nr_bytes(device_of_file(fs->file)),
		.buffer = block,
		.read = block_read,
	};

	enum img_reason reason = img_fs_extents(fs->type, &reader, ret_proof, detail);

	if (!reason && ret_proof->devices != 1) {
		detail->field = "several devices";
		reason = IMG_E_GATE_FS_UNPROVABLE;
	}
	return reason;
}

/* Reads and adds one proof; the caller has set everything but its digest. */
static enum img_reason proof_take(struct proofs *proofs, struct file *file, struct img_proof *proof)
{
	u64 start = round_down(proof->offset, IMG_BLOCK);
	u64 end = round_up(proof->offset + proof->size, IMG_BLOCK);

	if (proofs->nr == IMG_MAX_PROOFS || end - start > BUFFER_SIZE)
		return IMG_E_INDEX_FULL;
	if (disk_read(file, start, proofs->buffer, end - start))
		return IMG_E_DISK_READ;
	proof->digest = img_port_xxh64(proofs->buffer + (proof->offset - start), proof->size);
	proofs->disk[proofs->nr++] = img_proof_encode(proof);
	return IMG_OK;
}

static int proof_failed(struct report *report, enum img_reason reason, const char *name,
			const char *what)
{
	if (!reason)
		return 0;
	return report_obstacle(report, reason, 0, "the proof of %s: %s", name, what);
}

/* The restored kernel will compare its disk with what was noted before: both must be the same. */
static int table_take(struct proofs *proofs, const struct survey_disk *disk, struct report *report)
{
	struct img_proof proof = {
		.kind = IMG_PROOF_PARTITION_TABLE,
		.flags = IMG_PROOF_WHOLE_DISK,
		.offset = disk->table.offset,
		.size = disk->table.size,
	};
	enum img_reason reason;

	memcpy(proof.part_uuid, disk->guid, sizeof(proof.part_uuid));
	reason = proof_take(proofs, disk->file, &proof);
	if (!reason && proof.digest != disk->table.digest)
		return report_obstacle(report, IMG_E_CAPTURE, -EAGAIN,
				       "the partition table of %s changed during the snapshot",
				       disk->name);
	return proof_failed(report, reason, disk->name, "partition table");
}

/* value: what the loader must find about the disk without reading it; 0: unknown. */
static int disk_take(struct proofs *proofs, const struct survey_disk *disk,
		     enum img_proof_kind kind, u64 value, struct report *report)
{
	struct img_proof proof = {
		.kind = kind,
		.flags = IMG_PROOF_WHOLE_DISK,
		.size = IMG_PROOF_ALIGN,
		.digest = value,
	};

	if (!value)
		return 0;
	if (proofs->nr == IMG_MAX_PROOFS)
		return proof_failed(report, IMG_E_INDEX_FULL, disk->name,
				    img_proof_kind_name(kind));
	memcpy(proof.part_uuid, disk->guid, sizeof(proof.part_uuid));
	proofs->disk[proofs->nr++] = img_proof_encode(&proof);
	return 0;
}

/*
 * The contents that mkswap and mkfs write to its first block, unless an image begins there.  The
 * block's last sector is the kernel's: hibernation keeps its own notes there, next to the
 * signature, and leaves some of them (kernel/power/swap.c, struct swsusp_header).
 */
#define SWAP_HEADER_SIZE (IMG_BLOCK - IMG_PROOF_ALIGN)

static int image_partition_take(struct proofs *proofs, const struct survey *survey,
				const struct target *target, struct report *report)
{
	struct img_proof proof = { .kind = IMG_PROOF_IMAGE_PARTITION, .size = SWAP_HEADER_SIZE };

	if (!target->area.offset)
		return 0;
	return proof_failed(report, proof_take(proofs, survey->target, &proof), target->name,
			    "first block");
}

static int swap_take(struct proofs *proofs, const struct survey_swap *swap, struct report *report)
{
	struct img_proof proof = { .kind = IMG_PROOF_SWAP, .size = SWAP_HEADER_SIZE };

	memcpy(proof.part_uuid, swap->guid, sizeof(proof.part_uuid));
	return proof_failed(report, proof_take(proofs, swap->file, &proof), swap->name,
			    "swap header");
}

static int fs_take(struct proofs *proofs, const struct survey_fs *fs, struct report *report)
{
	struct img_fs_proof bytes = { 0 };
	struct img_detail detail = { 0 };
	enum img_reason reason;
	u32 i;

	reason = proofs_fs_extents(fs, proofs->buffer, &bytes, &detail);
	for (i = 0; i < bytes.nr && !reason; i++) {
		struct img_proof proof = {
			.kind = bytes.extent[i].kind,
			.offset = bytes.extent[i].offset,
			.size = bytes.extent[i].size,
		};

		memcpy(proof.part_uuid, fs->guid, sizeof(proof.part_uuid));
		reason = proof_take(proofs, fs->file, &proof);
	}
	return proof_failed(report, reason, fs->name, detail.field ?: fs->type);
}

int proofs_collect(struct proofs *proofs, const struct survey *survey, const struct target *target,
		   struct report *report)
{
	unsigned int i;
	int error = 0;

	proofs->nr = 0;
	for (i = 0; i < survey->nr_disks && !error; i++) {
		const struct survey_disk *disk = &survey->disk[i];

		error = table_take(proofs, disk, report);
		if (!error)
			error = disk_take(proofs, disk, IMG_PROOF_PLACE, disk->place, report);
		if (!error)
			error = disk_take(proofs, disk, IMG_PROOF_IDENTITY, disk->identity, report);
	}
	if (!error)
		error = image_partition_take(proofs, survey, target, report);
	for (i = 0; i < survey->nr_swaps && !error; i++)
		error = swap_take(proofs, &survey->swap[i], report);
	for (i = 0; i < survey->nr_fs && !error; i++) {
		if (survey->fs[i].present && survey->fs[i].home == SURVEY_PARTITION)
			error = fs_take(proofs, &survey->fs[i], report);
	}
	return error;
}
