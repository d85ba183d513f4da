// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The disks today against the disks then: digests of the same bytes, nothing more. */
#include <imgfmt/proof.h>

#include "internal.h"

const char *img_proof_kind_name(uint32_t kind)
{
	static const char *const name[] = {
		[IMG_PROOF_PARTITION_TABLE] = "partition table",
		[IMG_PROOF_IMAGE_PARTITION] = "image partition",
		[IMG_PROOF_EXT_SUPER] = "ext2/3/4 superblock",
		[IMG_PROOF_EXT_JOURNAL] = "ext3/4 journal",
		[IMG_PROOF_XFS_SUPER] = "xfs superblock",
		[IMG_PROOF_XFS_LOG] = "xfs log",
		[IMG_PROOF_BTRFS_SUPER] = "btrfs superblock",
		[IMG_PROOF_F2FS_SUPER] = "f2fs superblock",
		[IMG_PROOF_F2FS_CHECKPOINT] = "f2fs checkpoint",
		[IMG_PROOF_F2FS_NODE] = "f2fs node block",
		[IMG_PROOF_SQUASHFS_SUPER] = "squashfs superblock",
		[IMG_PROOF_EROFS_SUPER] = "erofs superblock",
		[IMG_PROOF_ISO9660_SUPER] = "iso9660 volume descriptor",
		[IMG_PROOF_SWAP] = "swap header",
		[IMG_PROOF_PLACE] = "place of the disk",
		[IMG_PROOF_IDENTITY] = "identity of the disk",
	};

	if (kind >= sizeof(name) / sizeof(name[0]) || !name[kind])
		return "unknown proof";
	return name[kind];
}

uint64_t img_ata_identity(const uint8_t serial[IMG_ATA_SERIAL_SIZE])
{
	for (size_t i = 0; i < IMG_ATA_SERIAL_SIZE; i++) {
		if (serial[i] && serial[i] != ' ')
			return img_port_xxh64(serial, IMG_ATA_SERIAL_SIZE);
	}
	return 0;
}

static enum img_reason reason_of(enum img_proof_kind kind)
{
	switch (kind) {
	case IMG_PROOF_PARTITION_TABLE:
		return IMG_E_PARTITION_TABLE;
	case IMG_PROOF_IMAGE_PARTITION:
		return IMG_E_IMAGE_PARTITION;
	case IMG_PROOF_PLACE:
		return IMG_E_DISK_MOVED;
	case IMG_PROOF_IDENTITY:
		return IMG_E_DISK_REPLACED;
	case IMG_PROOF_SWAP:
		return IMG_E_SWAP_CHANGED;
	default:
		return IMG_E_FS_CHANGED;
	}
}

/* For messages, so it points at what outlives the call: the image's own bytes. */
static const uint8_t *uuid_of(const struct img_proof_disk *d)
{
	return img_is_zero(d->part_uuid, sizeof(d->part_uuid)) ? NULL : d->part_uuid;
}

enum img_reason img_proof_check(const struct img_meta *meta, const struct img_proof_probe *probe,
				struct img_detail *detail)
{
	for (uint64_t i = 0; i < meta->nr_proofs; i++) {
		const struct img_proof proof = img_meta_proof(meta, i);
		uint64_t today = 0;
		enum img_reason reason = probe->digest(probe->ctx, &proof, &today);

		if (reason == IMG_OK && today != proof.digest)
			reason = reason_of(proof.kind);
		if (reason != IMG_OK)
			return IMG_REFUSE(detail, reason, .object = img_proof_kind_name(proof.kind),
					  .index = i, .golden = proof.digest, .today = today,
					  .uuid = uuid_of(&meta->proof[i]));
	}
	return IMG_OK;
}
