// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * All code that reads a disk or table that others wrote: file systems, stacks, the
 * swap header, SMBIOS.
 *
 * Input: one byte that chooses what to read; its parameters; then edits to a valid
 * one: place (1 byte, an index into the places that hold data), offset (2), length
 * (1), bytes.
 */
#include "disks.h"
#include "fuzz.h"

#define MAX_PLACES 8u
#define MAX_EDITS  64u

struct file_system {
	const char *type;
	struct disk (*make)(void);
	uint64_t place[MAX_PLACES];
	uint32_t nr_places;
	void (*seal)(struct disk *d); /* corrects the checksums; NULL: it has none that count */
};

static const struct file_system file_systems[] = {
	{ "ext4",
	  make_ext4,
	  { EXT_SB, EXT_DESC, EXT_INODE, EXT_LOG, 0, 50 * 4096, 60 * 4096, 2048 },
	  8,
	  NULL },
	{ "xfs",
	  make_xfs,
	  { 0, XFS_LOG, XFS_LOG + 12 * 4096, XFS_LOG + 20 * 4096, XFS_LOG + 39 * 4096 },
	  5,
	  NULL },
	{ "btrfs", make_btrfs, { BTRFS_SB, 0 }, 2, NULL },
	{ "f2fs",
	  make_f2fs,
	  { 1024, F2FS_PACK(0), F2FS_PACK(1), F2FS_PACK(0) + 2 * 4096, F2FS_PACK(1) + 3 * 4096,
	    1024 + 2048 },
	  6,
	  seal_packs },
	{ "squashfs", make_readonly, { 0 }, 1, NULL },
	{ "erofs", make_readonly, { 1024 }, 1, NULL },
	{ "iso9660", make_readonly, { 32 * KIB }, 1, NULL },
	{ "LVM2_member",
	  make_lvm,
	  { LVM_LABEL, 0, LVM_AREA(0), LVM_AREA(1), 1024, 1536, LVM_LABEL + LVM_LIST },
	  7,
	  seal_lvm },
	{ "crypto_LUKS", make_luks1, { 0, LUKS1_KEY(0), 256 }, 3, NULL },
	{ "crypto_LUKS",
	  make_luks2,
	  { 0, LUKS2_SECOND, 256, LUKS2_SECOND + 256, 32 * KIB },
	  5,
	  NULL },
	{ "linux_raid_member",
	  make_md12,
	  { MD_12, MD_12 + 128, MD_11, MD_10, MD_090, MD_12 + 256 },
	  6,
	  seal_md },
	{ "linux_raid_member",
	  make_md090,
	  { MD_090, MD_090 + 128, MD_11, MD_12, MD_10 },
	  5,
	  seal_md },
	{ "swap", make_swap, { 0, 1024, 4000 }, 3, NULL },
};
#define NR_TYPES (sizeof(file_systems) / sizeof(file_systems[0]))
#define SWAP	 NR_TYPES
#define SMBIOS	 (NR_TYPES + 1)

/* The bytes that an edit has overwritten, to restore them: making a new disk takes too long. */
struct undo {
	uint64_t at;
	uint8_t length;
	uint8_t byte[256];
};
static struct undo undo[MAX_EDITS];
static uint32_t nr_undo;

static void edit(struct input *in, uint8_t *base, uint64_t size, const uint64_t *place,
		 uint32_t nr_places)
{
	while (in->size > 4 && nr_undo < MAX_EDITS) {
		struct undo *u = &undo[nr_undo];

		u->at = place[take(in, 1) % nr_places] + take(in, 2);
		u->length = (uint8_t)take(in, 1);
		if (u->at >= size)
			continue;
		if (u->length > size - u->at)
			u->length = (uint8_t)(size - u->at);
		memcpy(u->byte, base + u->at, u->length);
		take_bytes(in, base + u->at, u->length);
		nr_undo++;
	}
}

static void undo_edits(uint8_t *base)
{
	while (nr_undo) {
		const struct undo *u = &undo[--nr_undo];

		memcpy(base + u->at, u->byte, u->length);
	}
}

/* File systems. */

static void check_proof(const struct img_fs_proof *proof, uint64_t size)
{
	must(proof->nr && proof->nr <= IMG_FS_MAX_EXTENTS && proof->devices);
	for (uint32_t i = 0; i < proof->nr; i++) {
		const struct img_fs_extent *extent = &proof->extent[i];

		must(extent->size && extent->size <= IMG_PROOF_MAX_SIZE);
		must(extent->offset % IMG_PROOF_ALIGN == 0);
		must(extent->size % IMG_PROOF_ALIGN == 0);
		must(extent->size <= size && extent->offset <= size - extent->size);
	}
}

/* The blocks of all places, before seal() changes them. */
static uint8_t kept[MAX_PLACES][IMG_BLOCK];

static void keep_blocks(const struct file_system *fs, const struct disk *d)
{
	for (uint32_t i = 0; i < fs->nr_places; i++)
		memcpy(kept[i], d->byte + fs->place[i] / IMG_BLOCK * IMG_BLOCK, IMG_BLOCK);
}

static void restore_blocks(const struct file_system *fs, struct disk *d)
{
	for (uint32_t i = 0; i < fs->nr_places; i++)
		memcpy(d->byte + fs->place[i] / IMG_BLOCK * IMG_BLOCK, kept[i], IMG_BLOCK);
}

static void read_file_system(uint32_t number, struct input *in)
{
	static struct disk made[NR_TYPES];
	const struct file_system *fs = &file_systems[number];
	struct disk *d = &made[number];
	struct img_fs_proof proof;
	uint32_t flags = (uint32_t)take(in, 1);
	uint8_t *buffer = malloc(IMG_FS_BUFFER);
	struct img_fs_reader reader = { d, 0, buffer, disk_read };
	struct img_detail detail = { 0 };
	enum img_reason reason;
	bool sealed;

	if (!d->byte)
		*d = fs->make();
	reader.size = flags & 1 ? take(in, 3) % (d->size + 1) : d->size;
	d->bad = flags & 2 ? take(in, 2) * IMG_BLOCK : ~0ull;
	sealed = flags & 4 && fs->seal;
	if (sealed)
		keep_blocks(fs, d);
	edit(in, d->byte, d->size, fs->place, fs->nr_places);
	if (sealed)
		fs->seal(d);
	must(buffer != NULL);
	reason = img_fs_extents(fs->type, &reader, &proof, &detail);
	if (reason == IMG_OK)
		check_proof(&proof, reader.size);
	else
		must((reason == IMG_E_DISK_READ || reason == IMG_E_GATE_FS_UNPROVABLE) &&
		     detail.field != NULL);
	free(buffer);
	undo_edits(d->byte);
	if (sealed)
		restore_blocks(fs, d);
}

static void read_swap(struct input *in)
{
	static const uint64_t place[] = { 1024, 4086 };
	uint8_t *block = malloc(IMG_BLOCK);
	const struct img_area area = { .offset = take(in, 5) << 12 };
	struct img_detail detail;

	must(block != NULL);
	put_swap(block, "SWAPSPACE2", 15);
	edit(in, block, IMG_BLOCK, place, 2);
	if (img_swap_check(block, &area, &detail) != IMG_OK)
		must(detail.golden == area.offset && detail.today > area.offset);
	nr_undo = 0;
	free(block);
}

/* SMBIOS: an entry point of 64 bytes at 4096, corrected unless the flags forbid it; a table. */

#define ENTRY_AT 4096u
#define TABLE_AT 8192u

struct memory {
	const uint8_t *entry;
	const uint8_t *table;
	size_t size; /* of the table */
};

static bool read_phys(void *ctx, uint64_t phys, void *to, size_t size)
{
	const struct memory *m = ctx;

	if (phys == ENTRY_AT && size <= 64) {
		memcpy(to, m->entry, size);
		return true;
	}
	if (phys != TABLE_AT || size > m->size)
		return false;
	memcpy(to, m->table, size);
	return true;
}

static void put_sum(uint8_t *entry, uint32_t at, uint32_t length)
{
	uint8_t sum = 0;

	entry[at] = 0;
	for (uint32_t i = 0; i < length && i < 64; i++)
		sum = (uint8_t)(sum + entry[i]);
	entry[at] = (uint8_t)-sum;
}

static void read_smbios(struct input *in)
{
	static uint8_t scratch[IMG_ACPI_SCRATCH];
	static struct img_fp fp;
	uint32_t flags = (uint32_t)take(in, 1);
	bool narrow = flags & 1;
	uint8_t entry[64] = { 0 };
	struct memory m = { entry, NULL, 0 };
	const struct img_probe probe = { &m, NULL, read_phys };

	memcpy(entry, narrow ? "_SM_" : "_SM3_", narrow ? 4 : 5);
	entry[narrow ? 5 : 6] = narrow ? 31 : 24;
	put_le(entry + (narrow ? 24 : 16), TABLE_AT, narrow ? 4 : 8);
	if (flags & 2)
		take_bytes(in, entry, sizeof(entry));
	m.table = in->data;
	m.size = in->size;
	if (!(flags & 4))
		put_le(entry + (narrow ? 22 : 12), m.size, narrow ? 2 : 4);
	if (!(flags & 8))
		put_sum(entry, narrow ? 4 : 5, entry[narrow ? 5 : 6]);
	/* Bytes left by the previous table must not count as this one's. */
	memset(scratch, 1, m.size < sizeof(scratch) ? m.size + 64 : sizeof(scratch));
	img_fp_init(&fp);
	img_fp_add_smbios(&fp, &probe, narrow ? 0 : ENTRY_AT, narrow ? ENTRY_AT : 0, scratch);
	must(fp.count <= 2 && !fp.overflow);
	for (uint32_t i = 0; i < fp.count; i++)
		must(fp.item[i].field == IMG_FP_MACHINE_ID && fp.item[i].index <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint32_t what = (uint32_t)(take(&in, 1) % (NR_TYPES + 2));

	if (what == SWAP)
		read_swap(&in);
	else if (what == SMBIOS)
		read_smbios(&in);
	else
		read_file_system(what, &in);
	return 0;
}
