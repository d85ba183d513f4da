// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/proofs.h"

#include <inttypes.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area/place.h"
#include "base/io.h"
#include "base/out.h"
#include "base/text.h"

/* Where the bytes of a proof are. */
struct location {
	const struct part *part;
	uint64_t offset; /* of the proof's medium on the part */
	uint64_t size;	 /* of the medium */
	const char *device;
};

static enum img_reason missing(struct proofs *proofs, const char *why)
{
	proofs->why = why;
	return IMG_E_DISK_MISSING;
}

static enum img_reason find_own(struct proofs *proofs, bool whole_disk,
				struct location *ret_location)
{
	const struct part *part = proofs->own;

	if (whole_disk) {
		const struct disk *disk = disks_below(proofs->disks, part);

		if (!disk)
			return missing(proofs, "its disk was not found");
		part = &disk->part;
	}
	*ret_location = (struct location){ part, 0, part->size, part->path };
	return IMG_OK;
}

/* A disk and its clone together count as missing: nothing shows which one the kernel knew. */
static enum img_reason find_location(struct proofs *proofs, const struct img_proof *proof,
				     struct location *ret_location)
{
	bool whole_disk = proof->flags & IMG_PROOF_WHOLE_DISK;
	const struct disk_partition *partition = NULL;
	const struct disk *disk = NULL;
	unsigned int found;

	*ret_location = (struct location){ 0 };
	if (text_is_zero_uuid(proof->part_uuid))
		return find_own(proofs, whole_disk, ret_location);
	found = disks_find(proofs->disks, text_guid(proof->part_uuid).s, &disk, &partition);
	if (found != 1)
		return missing(proofs, found ? "is there twice" : "not found");
	*ret_location = (struct location){ &disk->part, partition->offset, partition->size,
					   partition->device };
	if (whole_disk)
		*ret_location =
			(struct location){ &disk->part, 0, disk->part.size, disk->part.path };
	return IMG_OK;
}

static enum img_reason read_digest(const struct location *location, const struct img_proof *proof,
				   uint64_t *ret_digest)
{
	_cleanup_free_ void *bytes = malloc(proof->size);

	if (!bytes ||
	    part_read(location->part, bytes, proof->size, location->offset + proof->offset))
		return IMG_E_DISK_READ;
	*ret_digest = img_port_xxh64(bytes, proof->size);
	return IMG_OK;
}

/* A disk in a file is plugged in nowhere: only the loader can check its place. */
static uint64_t disk_today(const struct location *location, const struct img_proof *proof)
{
	const char *name = strrchr(location->part->path, '/');
	uint64_t identity;

	if (!location->part->block || !name)
		return proof->digest;
	if (proof->kind == IMG_PROOF_PLACE)
		return place_of(name + 1);
	identity = place_identity(name + 1);
	return identity ? identity : proof->digest; /* as the loader decides */
}

static enum img_reason digest(void *ctx, const struct img_proof *proof, uint64_t *ret_digest)
{
	struct proofs *proofs = ctx;
	struct location location;
	enum img_reason reason = find_location(proofs, proof, &location);

	if (reason)
		return reason;
	if (proof->kind == IMG_PROOF_PLACE || proof->kind == IMG_PROOF_IDENTITY) {
		*ret_digest = disk_today(&location, proof);
		return IMG_OK;
	}
	if (proof->offset > location.size || proof->size > location.size - proof->offset)
		return missing(proofs, "smaller than it was");
	return read_digest(&location, proof, ret_digest);
}

struct img_proof_probe proofs_probe(struct proofs *proofs)
{
	return (struct img_proof_probe){ .ctx = proofs, .digest = digest };
}

void proofs_complete_detail(const struct proofs *proofs, enum img_reason reason,
			    struct img_detail *detail)
{
	if (reason == IMG_E_DISK_MISSING)
		detail->field = proofs->why;
	if (reason == IMG_E_DISK_MISSING || reason == IMG_E_DISK_READ)
		detail->today = detail->golden;
}

enum img_reason proofs_read(struct proofs *proofs, const struct img_meta *meta,
			    struct img_detail *detail)
{
	enum img_reason reason = IMG_OK;

	for (uint64_t i = 0; !reason && i < meta->nr_proofs; i++) {
		const struct img_proof proof = img_meta_proof(meta, i);
		uint64_t unused;

		*detail = (struct img_detail){ .object = "proof", .index = i };
		if (!text_is_zero_uuid(proof.part_uuid))
			detail->uuid = meta->proof[i].part_uuid;
		reason = digest(proofs, &proof, &unused);
	}
	proofs_complete_detail(proofs, reason, detail);
	return reason;
}

/* A file system mounted read-write changes.  False: the device is not mounted so. */
static bool mounted_writable(const char *device, char *to, size_t size)
{
	_cleanup_free_ char *path = io_system_path("/proc/mounts");
	FILE *mounts = path ? setmntent(path, "re") : NULL;
	struct mntent *mount;
	bool found = false;

	if (!mounts)
		return false;
	while (!found && (mount = getmntent(mounts))) {
		found = strcmp(mount->mnt_fsname, device) == 0 && hasmntopt(mount, MNTOPT_RW);
		if (found)
			snprintf(to, size, "%s", mount->mnt_dir);
	}
	(void)endmntent(mounts);
	text_printable(to);
	return found;
}

static void describe(const struct img_proof *proof, uint64_t number,
		     const struct location *location, enum img_reason reason,
		     const struct img_detail *detail, struct json_object *to)
{
	bool own = text_is_zero_uuid(proof->part_uuid);
	bool whole_disk = proof->flags & IMG_PROOF_WHOLE_DISK;
	char mounted[256] = "";
	bool writable = location->device && !whole_disk &&
			mounted_writable(location->device, mounted, sizeof(mounted));

	out_text("  proof %" PRIu64 ": %s of %s%s%s%s: %s%s%s\n", number,
		 img_proof_kind_name(proof->kind), whole_disk ? "the disk of " : "",
		 own ? "the image's partition" : text_guid(proof->part_uuid).s,
		 location->device ? ", " : "", location->device ? location->device : "",
		 reason ? img_reason_code(reason) : "ok", reason && detail->field ? ", " : "",
		 reason && detail->field ? detail->field : "");
	if (writable)
		out_text("    It is mounted read-write at %s, and so will change.\n", mounted);
	json_put_text(to, "kind", img_proof_kind_name(proof->kind));
	json_put_text(to, "partition", own ? NULL : text_guid(proof->part_uuid).s);
	json_put_bool(to, "whole_disk", whole_disk);
	json_put_text(to, "device", location->device);
	json_put_number(to, "offset", proof->offset);
	json_put_number(to, "size", proof->size);
	json_put_text(to, "status", reason ? img_reason_code(reason) : "ok");
	json_put_text(to, "why", reason ? detail->field : NULL);
	json_put_text(to, "mounted_read_write", writable ? mounted : NULL);
}

/* The core decides the reason of a failed proof, also if it gets only one. */
static enum img_reason check_one(struct proofs *proofs, const struct img_meta *meta, uint64_t i,
				 struct img_detail *detail)
{
	const struct img_proof_probe probe = proofs_probe(proofs);
	struct img_meta one = *meta;
	enum img_reason reason;

	one.proof = &meta->proof[i];
	one.nr_proofs = 1;
	reason = img_proof_check(&one, &probe, detail);
	detail->index = i;
	proofs_complete_detail(proofs, reason, detail);
	return reason;
}

void proofs_report(struct proofs *proofs, const struct img_meta *meta, struct json_object *to,
		   proofs_refused_fn refused, void *ctx)
{
	for (uint64_t i = 0; i < meta->nr_proofs; i++) {
		const struct img_proof proof = img_meta_proof(meta, i);
		struct img_detail detail = { 0 };
		enum img_reason reason = check_one(proofs, meta, i, &detail);
		struct location location;

		(void)find_location(proofs, &proof, &location);
		describe(&proof, i, &location, reason, &detail, json_append_object(to));
		if (reason && refused)
			refused(ctx, reason, &detail);
	}
}
