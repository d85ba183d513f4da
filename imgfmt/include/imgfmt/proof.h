/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Proofs that a disk is as the image knows it.
 *
 * When the image is taken, img_fs_extents returns the few bytes of a mounted file system that
 * cannot stay the same if it is mounted read-write again: its primary superblock, and its journal's
 * superblock, log head or checkpoints.  The module records their digests.  At a restore the loader
 * needs no knowledge of file systems: it reads the same bytes and compares.  docs/safety.md
 * explains for each file system why that proof is sufficient.
 *
 * No allocation, no recursion; a hostile disk yields a refusal, never an access outside what was
 * read.
 */
#ifndef IMGFMT_PROOF_H
#define IMGFMT_PROOF_H

#include "reader.h"

/* "ext4 superblock", ...; "unknown proof" for an unknown kind. */
const char *img_proof_kind_name(uint32_t kind);

/* The reason that a difference means; PROOF_KIND for an unknown kind, which nobody can check. */
enum img_reason img_proof_kind_reason(uint32_t kind);

/*
 * Where a disk is plugged in, for IMG_PROOF_PLACE.  The kernel and the firmware can both name it.
 *
 * kind                  unit, 28 bits
 * IMG_PLACE_CONTROLLER  0: the PCI function is the disk, as with virtio-blk
 * IMG_PLACE_ATA         port of the controller << 12, port of a multiplier << 4, 1: the slave
 * IMG_PLACE_NVME        number of the namespace
 * IMG_PLACE_SCSI        target << 14, LUN
 */
enum img_place_kind {
	IMG_PLACE_CONTROLLER = 1,
	IMG_PLACE_ATA = 2,
	IMG_PLACE_NVME = 3,
	IMG_PLACE_SCSI = 4,
};

/* The PCI function, then the unit on it.  0, which is not a place: unknown. */
static inline uint64_t img_place(uint16_t segment, uint8_t bus, uint8_t devfn,
				 enum img_place_kind kind, uint64_t unit)
{
	if (unit >> 28)
		return 0;
	return (uint64_t)segment << 48 | (uint64_t)bus << 40 | (uint64_t)devfn << 32 |
	       (uint64_t)kind << 28 | unit;
}

static inline enum img_place_kind img_place_kind(uint64_t place)
{
	return (enum img_place_kind)(place >> 28 & 0xf);
}

/*
 * Which disk it is, for IMG_PROOF_IDENTITY: the EUI-64 of an NVMe namespace; for an ATA disk
 * img_ata_identity of its serial number (ATA8-ACS, IDENTIFY DEVICE, words 10 to 19, the first
 * character in a word's upper half).  0, which is not an identity: the disk
 * has none, or it is unknown.
 */
#define IMG_ATA_SERIAL_SIZE 20u
uint64_t img_ata_identity(const uint8_t serial[IMG_ATA_SERIAL_SIZE]);

/* How to read the subject of a proof today. */
struct img_proof_probe {
	void *ctx;
	/* IMG_OK with the digest of the bytes; IMG_E_DISK_MISSING, IMG_E_DISK_READ. */
	enum img_reason (*digest)(void *ctx, const struct img_proof *proof, uint64_t *ret_digest);
};

/*
 * Compares every proof of the image; the first that fails gives the reason: DISK_MISSING,
 * DISK_READ, DISK_MOVED, DISK_REPLACED, PARTITION_TABLE, IMAGE_PARTITION, SWAP_CHANGED, FS_CHANGED.
 * detail: object is the kind's name, index the proof's number, uuid the partition (NULL: the
 * image's own).
 */
enum img_reason img_proof_check(const struct img_meta *meta, const struct img_proof_probe *probe,
				struct img_detail *detail);

/* The bytes of a file system that prove it unchanged. */

#define IMG_FS_MAX_EXTENTS 4u
#define IMG_FS_BUFFER	   IMG_BLOCK

struct img_fs_extent {
	enum img_proof_kind kind;
	uint64_t offset; /* bytes of the partition; multiple of IMG_PROOF_ALIGN */
	uint32_t size;	 /* bytes; likewise, at most IMG_PROOF_MAX_SIZE */
};

struct img_fs_reader {
	void *ctx;
	uint64_t size; /* of the partition, bytes */
	void *buffer;  /* IMG_FS_BUFFER bytes, for `read` to fill */
	/* Reads IMG_BLOCK bytes at `offset`, a multiple of IMG_BLOCK, into `buffer`. */
	bool (*read)(void *ctx, uint64_t offset, void *buffer);
};

struct img_fs_proof {
	struct img_fs_extent extent[IMG_FS_MAX_EXTENTS];
	uint32_t nr;
	uint64_t devices; /* that the content is spread over; each has a proof of its own.  btrfs;
			     else 1 */
};

/*
 * type: the Linux name of the file system: ext2, ext3, ext4, xfs, btrfs, f2fs, squashfs, erofs,
 * iso9660; or what else a device may hold, in the words of libblkid: LVM2_member, crypto_LUKS,
 * linux_raid_member, swap.  Each extent is within the device.  IMG_E_DISK_READ;
 * IMG_E_GATE_FS_UNPROVABLE, with the cause in a few words in detail->field ("type", "external
 * journal", "superblock", ...).
 */
enum img_reason img_fs_extents(const char *type, const struct img_fs_reader *reader,
			       struct img_fs_proof *ret_proof, struct img_detail *detail);

/*
 * Does the swap area of a partition end before its images begin?  block: the partition's first
 * IMG_BLOCK bytes.  A partition without a swap header (include/linux/swap.h, union swap_header) has
 * no swap area that could overlap.  IMG_E_GATE_SWAP_OVERLAP: detail has both ends in bytes.
 */
enum img_reason img_swap_check(const void *block, const struct img_area *area,
			       struct img_detail *detail);

#endif
