// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct reads bypass the page cache, after the kernel has written out the part of it that they
 * cover: the digest is of what the loader will find.  Process context.
 */
#include <linux/blkdev.h>
#include <linux/build_bug.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "disk.h"
#include "follow.h"
#include "held.h"
#include "parts.h"
#include "proofs.h"
#include "stacks.h"

/* A proof of the greatest size, wherever in a block it starts. */
#define BUFFER_SIZE (IMG_PROOF_MAX_SIZE + IMG_BLOCK)
#define RAW_SIZE    (BUFFER_SIZE + IMG_BLOCK)
#define TABLE_SIZE  (IMG_MAX_PROOFS * sizeof(struct img_proof_disk))

static_assert(TABLE_SIZE % IMG_BLOCK == 0);

int proofs_prepare(struct proofs *proofs, struct report *report)
{
	int error;

	proofs->disk = held_vzalloc(TABLE_SIZE);
	proofs->buffer = held_vzalloc(BUFFER_SIZE);
	proofs->raw = held_vzalloc(RAW_SIZE);
	if (!proofs->disk || !proofs->buffer || !proofs->raw)
		return report_obstacle(report, IMG_E_CAPTURE, -ENOMEM,
				       "no memory for the disks' proofs");
	error = follow_begin();
	if (!error)
		return 0;
	return report_obstacle(report, IMG_E_CAPTURE, error,
			       "the tracepoint block_bio_remap cannot be used: error %d", error);
}

void proofs_release(struct proofs *proofs)
{
	follow_end();
	held_vfree(proofs->raw);
	held_vfree(proofs->buffer);
	held_vfree(proofs->disk);
	memset(proofs, 0, sizeof(*proofs));
}

static void proofs_truncate(struct proofs *proofs, u64 nr)
{
	memset(&proofs->disk[nr], 0, TABLE_SIZE - nr * sizeof(*proofs->disk));
	proofs->nr = nr;
}

static bool block_read(void *context, uint64_t offset, void *buffer)
{
	return !disk_read(context, offset, buffer, IMG_BLOCK);
}

enum img_reason proofs_extents(const struct survey_source *source, void *block,
			       struct img_fs_proof *ret_proof, struct img_detail *detail)
{
	struct img_fs_reader reader = {
		.ctx = source->file,
		.size = bdev_nr_bytes(device_of_file(source->file)),
		.buffer = block,
		.read = block_read,
	};
	enum img_reason reason;

	if (!source->type) {
		*ret_proof = (struct img_fs_proof){ .extent = { source->extent }, .nr = 1 };
		return IMG_OK;
	}
	reason = img_fs_extents(source->type, &reader, ret_proof, detail);
	if (!reason && source->fs && ret_proof->devices != source->fs->devices) {
		detail->field = "not all of its devices are known";
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
 * signature, and leaves some of them (kernel/power/swap.c, struct swsusp_header).  In ciphertext
 * nobody else would see them: see extent_of().
 */
#define SWAP_HEADER_SIZE (IMG_BLOCK - IMG_PROOF_ALIGN)

static int image_partition_take(struct proofs *proofs, const struct target *target,
				struct report *report)
{
	struct img_location at = img_area_locate(&target->area, 0);
	struct file *file = volume_file(&target->volume, at.piece);
	struct img_proof proof = {
		.kind = IMG_PROOF_IMAGE_PARTITION,
		.offset = at.offset,
		.size = target->crypt ? IMG_BLOCK : SWAP_HEADER_SIZE,
	};

	if (!target->area.offset)
		return 0;
	if (target_is_mapped(target))
		memcpy(proof.part_uuid, target->area.map[at.piece].part_uuid,
		       sizeof(proof.part_uuid));
	return proof_failed(report, proof_take(proofs, file, &proof), target->name, "first block");
}

/* The proofs of one source. */
struct taking {
	struct proofs *proofs;
	const struct survey *survey;
	const struct survey_source *source;
	struct report *report;
};

static int source_failed(const struct taking *taking, enum img_reason reason, const char *what)
{
	return proof_failed(taking->report, reason, taking->source->label, what);
}

/* A part of an extent on a partition. */
struct piece {
	dev_t partition;
	u64 offset;
	u32 size;
	const void *upper; /* the same bytes, as the device has them */
};

/*
 * Adds the proof of a piece.  ret_digest: of its bytes on the partition.  -ESTALE, not reported:
 * they are not those of the device.
 */
static int piece_add(const struct taking *taking, enum img_proof_kind kind,
		     const struct piece *piece, u64 *ret_digest)
{
	struct proofs *proofs = taking->proofs;
	const struct survey_part *part = part_find(taking->survey, piece->partition);
	u64 start = round_down(piece->offset, IMG_BLOCK);
	u64 end = round_up(piece->offset + piece->size, IMG_BLOCK);
	const void *raw = proofs->raw + (piece->offset - start);
	struct img_proof proof = { .kind = kind, .offset = piece->offset, .size = piece->size };

	if (!part)
		return source_failed(taking, IMG_E_GATE_STACK_UNPROVABLE,
				     "its bytes are on a partition that is not below it");
	if (proofs->nr == IMG_MAX_PROOFS || end - start > RAW_SIZE)
		return source_failed(taking, IMG_E_INDEX_FULL, part->name);
	if (disk_read(part->file, start, proofs->raw, end - start))
		return source_failed(taking, IMG_E_DISK_READ, part->name);
	if (proofs->frozen && !taking->source->encrypted && memcmp(raw, piece->upper, piece->size))
		return -ESTALE;
	memcpy(proof.part_uuid, part->guid, sizeof(proof.part_uuid));
	proof.digest = img_port_xxh64(raw, piece->size);
	proofs->disk[proofs->nr++] = img_proof_encode(&proof);
	*ret_digest = proof.digest;
	return 0;
}

/* NULL: the partition's bytes are in no other place. */
static const struct survey_leg *leg_find(const struct taking *taking, const struct piece *piece)
{
	const struct survey *survey = taking->survey;
	unsigned int i;

	/* What a member has for itself is not the array's. */
	if (taking->source->device == piece->partition)
		return NULL;
	for (i = 0; i < survey->nr_legs; i++) {
		if (survey->leg[i].partition == piece->partition)
			return &survey->leg[i];
	}
	return NULL;
}

/* On the other legs: any of them may be mounted by itself.  -ESTALE: they differ. */
static int copies_add(const struct taking *taking, enum img_proof_kind kind,
		      const struct piece *piece, u64 digest)
{
	const struct survey *survey = taking->survey;
	const struct survey_leg *own = leg_find(taking, piece);
	struct piece copy = *piece;
	unsigned int i;
	u64 other;
	int error = 0;

	if (own && piece->offset < own->offset)
		return source_failed(taking, IMG_E_GATE_STACK_UNPROVABLE,
				     "its bytes are outside the array's");
	for (i = 0; own && i < survey->nr_legs && !error; i++) {
		const struct survey_leg *leg = &survey->leg[i];

		if (leg == own || leg->array != own->array || leg->set != own->set)
			continue;
		copy.partition = leg->partition;
		copy.offset = piece->offset - own->offset + leg->offset;
		error = piece_add(taking, kind, &copy, &other);
		if (!error && taking->proofs->frozen && other != digest)
			error = -ESTALE;
	}
	return error;
}

static int piece_take(const struct taking *taking, enum img_proof_kind kind,
		      const struct piece *piece)
{
	u64 digest;
	int error = piece_add(taking, kind, piece, &digest);

	return error ?: copies_add(taking, kind, piece, digest);
}

/* start: the device's byte where the fragments begin. */
static int fragments_take(const struct taking *taking, const struct img_fs_extent *extent,
			  u64 start, const struct follow *follow)
{
	u64 end = extent->offset + extent->size;
	unsigned int i;
	int error = 0;

	for (i = 0; i < follow->nr && !error; i++) {
		const struct follow_fragment *fragment = &follow->fragment[i];
		u64 from = max(start, extent->offset), to = min(start + fragment->size, end);
		const struct piece piece = {
			.partition = fragment->partition,
			.offset = fragment->offset + (from - start),
			.size = to - from,
			.upper = taking->proofs->buffer +
				 (from - round_down(extent->offset, IMG_BLOCK)),
		};

		if (from < to)
			error = piece_take(taking, extent->kind, &piece);
		start += fragment->size;
	}
	return error;
}

static int extent_try(const struct taking *taking, const struct img_fs_extent *extent)
{
	u64 start = round_down(extent->offset, IMG_BLOCK);
	u64 end = round_up(extent->offset + extent->size, IMG_BLOCK);
	struct follow follow;
	int error;

	if (end - start > BUFFER_SIZE)
		return source_failed(taking, IMG_E_INDEX_FULL, "size");
	error = follow_read(taking->source->file, start, taking->proofs->buffer, end - start,
			    &follow);
	if (error == -EXDEV)
		return source_failed(taking, IMG_E_GATE_STACK_UNPROVABLE, follow.why);
	if (error)
		return source_failed(taking, IMG_E_DISK_READ, img_proof_kind_name(extent->kind));
	return fragments_take(taking, extent, start, &follow);
}

/* The kernel may still write to a file system of a one-shot image, between the two reads. */
#define ATTEMPTS 3

static int extent_take(const struct taking *taking, const struct img_fs_extent *extent)
{
	u64 nr = taking->proofs->nr;
	unsigned int i;
	int error = -ESTALE;

	for (i = 0; i < ATTEMPTS && error == -ESTALE; i++) {
		proofs_truncate(taking->proofs, nr);
		error = extent_try(taking, extent);
	}
	if (error == -ESTALE)
		return source_failed(taking, IMG_E_GATE_STACK_UNPROVABLE,
				     "its bytes on the partitions are others, or legs differ");
	return error;
}

/*
 * The loader looks for a hibernated system where swap space can be in plain sight (efi/sleepers.c):
 * not inside a stack.  There the signature is proven, too, and an image is lost by a hibernation.
 */
static struct img_fs_extent extent_of(const struct survey *survey,
				      const struct survey_source *source,
				      const struct img_fs_extent *found)
{
	struct img_fs_extent extent = *found;

	if (source->role == SURVEY_SWAP && !part_find(survey, source->device))
		extent.size = IMG_BLOCK;
	return extent;
}

static int source_take(struct proofs *proofs, const struct survey *survey,
		       const struct survey_source *source, struct report *report)
{
	const struct taking taking = { proofs, survey, source, report };
	struct img_fs_proof bytes = { 0 };
	struct img_detail detail = { 0 };
	enum img_reason reason = proofs_extents(source, proofs->buffer, &bytes, &detail);
	int error = 0;
	u32 i;

	if (reason == IMG_E_GATE_FS_UNPROVABLE && !source->fs)
		reason = IMG_E_GATE_STACK_UNPROVABLE;
	if (reason)
		return report_obstacle(report, reason, 0, "the proof of %s: %s: %s", source->label,
				       source->type, detail.field ?: "its disk cannot be read");
	for (i = 0; i < bytes.nr && !error; i++) {
		const struct img_fs_extent extent = extent_of(survey, source, &bytes.extent[i]);

		error = extent_take(&taking, &extent);
	}
	return error;
}

static int sources_take(struct proofs *proofs, const struct survey *survey, struct report *report)
{
	enum survey_role role;
	unsigned int i;
	int error = 0;

	for (role = SURVEY_ARRAY; role <= SURVEY_SWAP; role++) {
		for (i = 0; i < survey->nr_sources && !error; i++) {
			const struct survey_source *source = &survey->source[i];

			if (source->role == role && (!source->fs || source->fs->present))
				error = source_take(proofs, survey, source, report);
		}
	}
	return error;
}

static int proofs_take(struct proofs *proofs, const struct survey *survey,
		       const struct target *target, struct report *report)
{
	unsigned int i;
	int error = 0;

	proofs_truncate(proofs, 0);
	for (i = 0; i < survey->nr_disks && !error; i++) {
		const struct survey_disk *disk = &survey->disk[i];

		error = table_take(proofs, disk, report);
		if (!error)
			error = disk_take(proofs, disk, IMG_PROOF_PLACE, disk->place, report);
		if (!error)
			error = disk_take(proofs, disk, IMG_PROOF_IDENTITY, disk->identity, report);
	}
	/* A volume that is another one now was changed by LVM, so that is compared first. */
	if (!error && !target_is_mapped(target))
		error = image_partition_take(proofs, target, report);
	if (!error)
		error = sources_take(proofs, survey, report);
	if (!error && target_is_mapped(target))
		error = image_partition_take(proofs, target, report);
	return error;
}

int proofs_rehearse(struct proofs *proofs, const struct survey *survey, const struct target *target,
		    struct report *report)
{
	int error = proofs_take(proofs, survey, target, report);

	proofs_truncate(proofs, 0);
	return error;
}

int proofs_collect(struct proofs *proofs, const struct survey *survey, const struct target *target,
		   struct report *report)
{
	int error;

	proofs->frozen = true;
	error = proofs_take(proofs, survey, target, report);
	/* A power-off would mark the array clean, and make its proof wrong. */
	if (!error)
		stacks_check_copied(survey, report);
	return error ?: report_error(report);
}
