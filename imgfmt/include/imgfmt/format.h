/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The on-disk format, version 1.  docs/image-format.md is the specification;
 * this file is its C form and static_assert pins every size and offset.
 *
 *   partition  0                                              end (4 KiB aligned)
 *              | swap header + swap area | slot A | slot B | area header |
 *
 *   slot       | header | state | chunks ... | sections ... | unused |
 *              0        4 KiB   8 KiB
 *
 * In place of the partition there may be a map: pieces of partitions, one after the other, such as
 * the extents of a logical volume.  The area header names them.
 *
 * Every block is 4096 bytes; every offset, and so every stored object, is aligned to one.
 * Offsets in the area header count from the start of the partition or of the map, those in a
 * slot from the slot's start.
 */
#ifndef IMGFMT_FORMAT_H
#define IMGFMT_FORMAT_H

#include "types.h"

#define IMG_BLOCK	     4096u
#define IMG_PAGE_SIZE	     4096u
#define IMG_VERSION	     1u
#define IMG_MAX_SLOTS	     2u
#define IMG_MAX_SECTIONS     32u
#define IMG_CHUNK_PAGES	     256u /* pages in a full chunk: 1 MiB */
#define IMG_CHUNK_SIZE	     (IMG_CHUNK_PAGES * IMG_PAGE_SIZE)
#define IMG_SLOT_DATA_OFFSET (2u * IMG_BLOCK)
#define IMG_MIN_SLOT_SIZE    (1u << 20)
#define IMG_MAX_PFN	     (1ull << 40) /* 52 physical address bits */
/* Bound on what a reader must hold in memory: all sections together. */
#define IMG_MAX_META_SIZE (256u << 20)

#define IMG_AREA_MAGIC	"FBAREA\r\n"
#define IMG_SLOT_MAGIC	"FBSLOT\r\n"
#define IMG_STATE_MAGIC "FBSTAT\r\n"

/*
 * Feature bits.  A reader refuses an unknown incompat bit and ignores an
 * unknown compat bit.  No compat bit is defined.
 */
#define IMG_INCOMPAT_SEALED	 (1ull << 0) /* the slot has the sections of a seal: seal.h */
#define IMG_SLOT_INCOMPAT_KNOWN	 IMG_INCOMPAT_SEALED
#define IMG_AREA_INCOMPAT_MAPPED (1ull << 0) /* the area is not a partition, but a map */
#define IMG_AREA_INCOMPAT_KNOWN	 IMG_AREA_INCOMPAT_MAPPED

#define IMG_MAX_MAP 64u

/* One piece of a map. */
struct img_piece_disk {
	uint8_t part_uuid[16]; /* GPT unique partition GUID, never zero */
	img_le64 offset;       /* bytes of that partition */
	img_le64 size;	       /* bytes; not 0 */
};

/* The area header: the last whole 4 KiB block of the partition or of the map. */
struct img_area_disk {
	uint8_t magic[8];
	img_le32 version;
	img_le32 block_size;
	img_le64 compat;
	img_le64 incompat;
	uint8_t area_uuid[16];
	img_le64 area_offset; /* bytes of the partition or map: end of the swap area */
	img_le64 area_size;   /* up to and including this block */
	img_le32 nr_slots;
	img_le32 nr_map; /* 0 unless IMG_AREA_INCOMPAT_MAPPED */
	struct {
		img_le64 offset; /* bytes of the partition or map */
		img_le64 size;
	} slot[IMG_MAX_SLOTS];
	img_le64 created; /* seconds since 1970, UTC */
	struct img_piece_disk map[IMG_MAX_MAP];
	uint8_t reserved[1928];
	img_le64 csum; /* XXH64, seed 0, of the bytes before it */
};

enum img_section_type {
	IMG_SEC_NONE = 0,
	IMG_SEC_RECORD = 1,	 /* restore record */
	IMG_SEC_FINGERPRINT = 2, /* machine fingerprint */
	IMG_SEC_RTMAP = 3,	 /* EFI runtime map */
	IMG_SEC_AUX = 4,	 /* auxiliary ranges */
	IMG_SEC_PROOFS = 5,	 /* what the disks must still contain */
	IMG_SEC_PAGE_INDEX = 6,	 /* page runs */
	IMG_SEC_CHUNK_TABLE = 7,
	IMG_SEC_SIGNATURE = 8, /* reserved for a detached signature */
	IMG_SEC_SEAL = 9,      /* sealed images only: which key, and the MAC */
	IMG_SEC_TAGS = 10,     /* sealed images only: one tag for each chunk */
};

struct img_section_disk {
	img_le32 type;
	img_le32 entry_size;
	img_le64 offset; /* slot bytes, block aligned */
	img_le64 size;	 /* bytes, a multiple of entry_size */
	img_le64 csum;	 /* XXH64 of the size bytes */
};

enum img_mode {
	IMG_MODE_GOLDEN = 1, /* restorable any number of times */
	IMG_MODE_ONCE = 2,   /* consumed before the jump, so that it cannot be restored twice */
};

/* The slot header: written last, after everything it describes is durable. */
struct img_slot_disk {
	uint8_t magic[8];
	img_le32 version;
	img_le32 mode;
	img_le64 compat;
	img_le64 incompat;
	uint8_t area_uuid[16]; /* of the area it was written into */
	uint8_t image_uuid[16];
	img_le64 generation; /* greater is newer; never 0.  See img_slot_rank() */
	img_le64 created;    /* seconds since 1970, UTC */
	img_le32 page_size;
	img_le32 chunk_pages;
	img_le64 nr_pages;  /* stored and filled pages in the index */
	img_le64 nr_stored; /* pages held by chunks */
	img_le64 data_size; /* bytes of chunks from IMG_SLOT_DATA_OFFSET on */
	img_le64 meta_offset;
	img_le64 meta_size; /* holds all sections */
	img_le32 nr_sections;
	img_le32 reserved0;
	char kernel_release[64]; /* utsname, NUL padded */
	char description[128];	 /* UTF-8, NUL padded */
	uint8_t reserved1[184];
	struct img_section_disk section[IMG_MAX_SECTIONS]; /* at 512 */
	uint8_t reserved2[2552];
	img_le64 csum;
};

/*
 * The slot state block: the data that change while the image does not.  Written with the image, by
 * the loader before each jump, and by any program that calls the image good, promotes it or
 * describes it.  For a golden image an unreadable state counts as zeroes; a one-shot image is
 * refused without it, so only the loader writes that state.
 */
struct img_state_disk {
	uint8_t magic[8];
	uint8_t image_uuid[16]; /* the state of another image does not count */
	img_le64 restores;	/* jumps into the image */
	img_le32 attempts;	/* restores since it was last called good */
	img_le32 flags;		/* IMG_STATE_CONSUMED */
	img_le64 rank;		/* 0: the header's generation counts */
	char description[128];	/* UTF-8, NUL padded; empty: the header's */
	uint8_t reserved[328];
	img_le64 csum; /* XXH64 of the 504 bytes before it */
};

#define IMG_STATE_CONSUMED 1u /* a one-shot image that has been restored */

/* After so many attempts without being called good, the slot is quarantined. */
#define IMG_MAX_ATTEMPTS 3u

/* Restore record: one entry. */
struct img_record_disk {
	img_le64 jump_address; /* virtual: the kernel's restore_registers */
	img_le64 jump_address_phys;
	img_le64 cr3; /* of the saved kernel, PCID bits clear */
	img_le64 arch_magic;
	uint8_t e820_digest[16]; /* arch record bytes 32..47, informative */
	img_le64 cr0;
	img_le64 cr4;
	img_le64 efer;
	img_le32 paging_levels; /* 4 or 5 */
	img_le32 reserved0;
	img_le64 handoff_phys; /* page of struct img_handoff */
	img_le64 efi_runtime;  /* virtual address of EFI_RUNTIME_SERVICES, 0: none */
	img_le64 ram_bytes;    /* informative */
	img_le64 key_phys;     /* page of struct img_key_page, reserved memory; 0: none */
	uint8_t reserved[144];
};

#define IMG_ARCH_MAGIC 0x23456789ABCDEF02ull /* arch/x86/power/hibernate.c RESTORE_MAGIC */

/* One fingerprint item; sorted by (field, index), no duplicates. */
struct img_fp_disk {
	img_le32 field; /* enum img_fp_field */
	img_le32 index;
	img_le64 value[2];
};

/* One EFI runtime region; sorted by phys, disjoint. */
struct img_rtmap_disk {
	img_le32 type; /* EFI_MEMORY_TYPE */
	img_le32 reserved0;
	img_le64 phys;
	img_le64 virt;
	img_le64 pages;
	img_le64 attribute;
};

/*
 * One auxiliary range: memory outside the kernel's own snapshot that must be unchanged.  Its pages
 * are in the page index like any others; this table gives the reason.  Sorted by pfn, disjoint.
 */
struct img_aux_disk {
	img_le64 pfn;
	img_le64 pages;
	img_le32 kind; /* enum img_aux_kind */
	img_le32 reserved0;
};

enum img_aux_kind {
	IMG_AUX_BOOT_SERVICES = 1, /* boot-services memory the kernel kept (BGRT, ESRT) */
};

/*
 * One proof: bytes of a disk that are unchanged only if nobody has changed what the image knows of
 * that disk.  In the order in which they were taken; the loader reads the same bytes and compares
 * the digest.
 */
struct img_proof_disk {
	uint8_t part_uuid[16]; /* GPT unique partition GUID; zero: the image's own partition */
	img_le32 kind;	       /* enum img_proof_kind */
	img_le32 flags;	       /* IMG_PROOF_WHOLE_DISK */
	img_le64 offset;       /* bytes of the partition, or of its disk; multiple of 512 */
	img_le32 size;	       /* bytes, multiple of 512, up to IMG_PROOF_MAX_SIZE */
	img_le32 reserved0;
	img_le64 digest; /* XXH64 of them */
	uint8_t reserved[16];
};

#define IMG_PROOF_WHOLE_DISK 1u /* offset counts from the start of the whole disk */
#define IMG_PROOF_ALIGN	     512u
#define IMG_PROOF_MAX_SIZE   (1u << 20)
#define IMG_MAX_PROOFS	     256u

/*
 * X(symbol, number, words, reason): the name of the bytes in messages, and the reason if they
 * differ (IMG_E_...).  A number keeps its meaning forever.
 *
 * - PARTITION_TABLE: GPT header (UEFI 2.10, 5.3.2), or a DOS table's sector
 * - IMAGE_PARTITION: first block of the image's partition, its swap header
 * - XFS_LOG: around the log's head
 * - F2FS_CHECKPOINT: the first block of each pack
 * - F2FS_NODE: where the next fsync writes
 * - LVM_LABEL, LVM_METADATA: of a physical volume; the metadata's header, not its text
 * - LUKS_HEADER: either copy of version 2; they have the count of changes
 * - MD_SUPER: the whole superblock of one member, with the time of the last change
 * - VERITY_ROOT: the first block of a hash tree, whose digest the mapping has
 * - SWAP: header of active swap space (linux/swap.h, union swap_header)
 * - PLACE: where the disk is plugged in; `digest` is an img_place; offset 0, size 512, not read
 * - IDENTITY: which disk it is; `digest` is its identity (imgfmt/proof.h); likewise
 */
#define IMG_PROOF_KINDS(X)                                                                         \
	X(PARTITION_TABLE, 1, "partition table", PARTITION_TABLE)                                  \
	X(IMAGE_PARTITION, 2, "image partition", IMAGE_PARTITION)                                  \
	X(EXT_SUPER, 16, "ext2/3/4 superblock", FS_CHANGED)                                        \
	X(EXT_JOURNAL, 17, "ext3/4 journal", FS_CHANGED)                                           \
	X(XFS_SUPER, 18, "xfs superblock", FS_CHANGED)                                             \
	X(XFS_LOG, 19, "xfs log", FS_CHANGED)                                                      \
	X(BTRFS_SUPER, 20, "btrfs superblock", FS_CHANGED)                                         \
	X(F2FS_SUPER, 21, "f2fs superblock", FS_CHANGED)                                           \
	X(F2FS_CHECKPOINT, 22, "f2fs checkpoint", FS_CHANGED)                                      \
	X(F2FS_NODE, 23, "f2fs node block", FS_CHANGED)                                            \
	X(SQUASHFS_SUPER, 24, "squashfs superblock", FS_CHANGED)                                   \
	X(EROFS_SUPER, 25, "erofs superblock", FS_CHANGED)                                         \
	X(ISO9660_SUPER, 26, "iso9660 volume descriptor", FS_CHANGED)                              \
	X(LVM_LABEL, 32, "LVM label", LVM_CHANGED)                                                 \
	X(LVM_METADATA, 33, "LVM metadata header", LVM_CHANGED)                                    \
	X(LUKS_HEADER, 34, "LUKS header", LUKS_CHANGED)                                            \
	X(MD_SUPER, 35, "md superblock", MD_CHANGED)                                               \
	X(VERITY_ROOT, 36, "verity hash tree", FS_CHANGED)                                         \
	X(SWAP, 37, "swap header", SWAP_CHANGED)                                                   \
	X(PLACE, 38, "place of the disk", DISK_MOVED)                                              \
	X(IDENTITY, 39, "identity of the disk", DISK_REPLACED)

enum img_proof_kind {
#define IMG_PROOF_ENUM(sym, number, words, reason) IMG_PROOF_##sym = number,
	/* clang-format off */
	IMG_PROOF_KINDS(IMG_PROOF_ENUM)
#undef IMG_PROOF_ENUM
	/* clang-format on */
};

enum img_run_kind {
	IMG_RUN_STORED = 0,
	IMG_RUN_FILL = 1, /* every 64-bit word of every page is `fill` */
};

/* One run of pages; sorted by pfn, disjoint. */
struct img_run_disk {
	img_le64 pfn;
	img_le32 pages;
	img_le32 kind;
	img_le64 first; /* how many stored pages come before this run */
	img_le64 fill;	/* 0 unless IMG_RUN_FILL */
};

enum img_chunk_kind {
	IMG_CHUNK_LZ4 = 1, /* one LZ4 block */
	IMG_CHUNK_RAW = 2,
	IMG_CHUNK_FILL = 3, /* nothing stored: every 64-bit word is `fill` */
};

/* One chunk: `pages` consecutive stored pages in index order. */
struct img_chunk_disk {
	img_le64 offset; /* slot bytes, block aligned */
	img_le32 size;	 /* stored bytes, without padding */
	img_le16 kind;
	img_le16 pages;
	img_le64 first; /* how many stored pages come before this chunk */
	img_le64 csum;	/* XXH64 of the stored bytes */
	img_le64 fill;	/* 0 unless IMG_CHUNK_FILL */
};

#define IMG_KEY_SIZE 32u /* secrets, keys, nonces, salts and MACs: HMAC-SHA256, AES-256 */
#define IMG_TAG_SIZE 16u /* AES-GCM, NIST SP 800-38D */
#define IMG_IV_SIZE  12u

/* Whose secret an image is sealed with. */
enum img_seal_domain {
	IMG_SEAL_SECURE = 1, /* the one that is used only while Secure Boot is on */
	IMG_SEAL_OPEN = 2,   /* the one that is used only while it is off */
};

#define IMG_SEAL_VERSION    1u
#define IMG_SEAL_AES256_GCM 1u /* with HMAC-SHA256 */

/* The seal: one entry. */
struct img_seal_disk {
	img_le32 version;   /* IMG_SEAL_VERSION */
	img_le32 algorithm; /* IMG_SEAL_AES256_GCM */
	img_le32 domain;    /* enum img_seal_domain */
	img_le32 reserved0;
	uint8_t nonce[IMG_KEY_SIZE]; /* of the boot key */
	uint8_t salt[IMG_KEY_SIZE];  /* of the image's keys, fresh at each attempt to write it */
	uint8_t mac[IMG_KEY_SIZE];   /* of header and sections */
	uint8_t reserved[16];
};

/* The tag of one chunk, in the order of the chunk table; zero for IMG_CHUNK_FILL. */
struct img_tag_disk {
	uint8_t tag[IMG_TAG_SIZE];
};

static_assert(sizeof(struct img_area_disk) == IMG_BLOCK, "area header is one block");
static_assert(offsetof(struct img_area_disk, area_offset) == 48, "area_offset");
static_assert(offsetof(struct img_area_disk, slot) == 72, "slot");
static_assert(offsetof(struct img_area_disk, map) == 112, "map");
static_assert(sizeof(struct img_piece_disk) == 32, "piece");
static_assert(offsetof(struct img_area_disk, csum) == 4088, "area csum");
static_assert(sizeof(struct img_section_disk) == 32, "section");
static_assert(sizeof(struct img_slot_disk) == IMG_BLOCK, "slot header is one block");
static_assert(offsetof(struct img_slot_disk, generation) == 64, "generation");
static_assert(offsetof(struct img_slot_disk, kernel_release) == 136, "kernel_release");
static_assert(offsetof(struct img_slot_disk, section) == 512, "section table");
static_assert(offsetof(struct img_slot_disk, csum) == 4088, "slot csum");
static_assert(sizeof(struct img_state_disk) == 512, "state is one sector");
static_assert(sizeof(struct img_record_disk) == 256, "record");
static_assert(offsetof(struct img_record_disk, handoff_phys) == 80, "handoff_phys");
static_assert(offsetof(struct img_record_disk, key_phys) == 104, "key_phys");
static_assert(sizeof(struct img_fp_disk) == 24, "fingerprint item");
static_assert(sizeof(struct img_rtmap_disk) == 40, "runtime region");
static_assert(sizeof(struct img_aux_disk) == 24, "auxiliary range");
static_assert(sizeof(struct img_proof_disk) == 64, "proof");
static_assert(offsetof(struct img_proof_disk, digest) == 40, "proof digest");
static_assert(offsetof(struct img_state_disk, attempts) == 32, "attempts");
static_assert(offsetof(struct img_state_disk, rank) == 40, "rank");
static_assert(offsetof(struct img_state_disk, description) == 48, "state description");
static_assert(offsetof(struct img_state_disk, csum) == 504, "state csum");
static_assert(sizeof(struct img_run_disk) == 32, "run");
static_assert(sizeof(struct img_chunk_disk) == 40, "chunk");
static_assert(sizeof(struct img_seal_disk) == 128, "seal");
static_assert(offsetof(struct img_seal_disk, nonce) == 16, "seal nonce");
static_assert(offsetof(struct img_seal_disk, mac) == 80, "seal MAC");
static_assert(sizeof(struct img_tag_disk) == IMG_TAG_SIZE, "tag");

#endif
