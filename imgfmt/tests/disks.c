// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Hand-made disks; see disks.h. */
#include <stdlib.h>

#include "disks.h"

void put_le(void *to, uint64_t value, size_t width)
{
	uint8_t *byte = to;

	for (size_t i = 0; i < width; i++)
		byte[i] = (uint8_t)(value >> (8 * i));
}

void put_be(void *to, uint64_t value, size_t width)
{
	uint8_t *byte = to;

	for (size_t i = 0; i < width; i++)
		byte[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
}

struct disk disk_make(uint64_t size)
{
	struct disk d = { calloc(1, size), size, ~0ull };

	if (!d.byte)
		abort();
	return d;
}

bool disk_read(void *ctx, uint64_t offset, void *buffer)
{
	const struct disk *d = ctx;

	if (offset % IMG_BLOCK || offset > d->size || d->size - offset < IMG_BLOCK)
		abort();
	if (offset == d->bad)
		return false;
	memcpy(buffer, d->byte + offset, IMG_BLOCK);
	return true;
}

void put_extent_node(uint8_t *node, uint32_t entries, uint32_t depth)
{
	put_le(node, 0xf30a, 2);
	put_le(node + 2, entries, 2);
	put_le(node + 4, 4, 2);
	put_le(node + 6, depth, 2);
}

struct disk make_ext4(void)
{
	struct disk d = disk_make(1 * MIB);
	uint8_t *sb = d.byte + EXT_SB, *map = d.byte + EXT_MAP;

	put_le(sb + 0x18, 2, 4);
	put_le(sb + 0x38, 0xef53, 2);
	put_le(sb + 0x4c, 1, 4);
	put_le(sb + 0x58, 256, 2);
	put_le(sb + 0x5c, 0x4, 4);
	put_le(sb + 0x60, 0x2c2, 4);
	put_le(sb + 0xe0, 8, 4);
	put_le(sb + 0xfe, 64, 2);
	put_le(d.byte + EXT_DESC + 8, 16, 4);
	put_le(d.byte + EXT_INODE + 0x20, 0x80000, 4);
	put_extent_node(map, 1, 0);
	put_le(map + 12 + 4, 32768, 2);
	put_le(map + 12 + 8, 100, 4);
	put_be(d.byte + EXT_LOG, 0xc03b3998, 4);
	put_be(d.byte + EXT_LOG + 4, 4, 4);
	return d;
}

struct disk xfs_with_head(uint32_t head, uint32_t cycle, bool records)
{
	struct disk d = disk_make(2 * 64 * 4096);

	put_be(d.byte, 0x58465342, 4);
	put_be(d.byte + 4, 4096, 4);
	put_be(d.byte + 48, 1u << 6 | 8, 8);
	put_be(d.byte + 84, 64, 4);
	put_be(d.byte + 88, 2, 4);
	put_be(d.byte + 96, XFS_LOG_BLOCKS, 4);
	d.byte[124] = 6;
	for (uint32_t i = 0; i < XFS_BASIC; i++) {
		uint8_t *block = d.byte + XFS_LOG + i * 512;
		uint32_t turn = i < head ? cycle : cycle - 1;

		put_be(block, records && i % 8 == 0 ? 0xfeedbabe : turn, 4);
		put_be(block + 4, records && i % 8 == 0 ? turn : 0xdeadbeef, 4);
	}
	return d;
}

struct disk make_xfs(void)
{
	return xfs_with_head(100, 7, true);
}

struct disk make_btrfs(void)
{
	struct disk d = disk_make(256 * KIB);
	uint8_t *sb = d.byte + BTRFS_SB;

	put_le(sb + 0x30, BTRFS_SB, 8);
	memcpy(sb + 0x40, "_BHRfS_M", 8);
	put_le(sb + 0x88, 1, 8);
	return d;
}

static uint32_t crc32_of(uint32_t crc, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size * 8; i++)
		crc = crc >> 1 ^ (((crc ^ data[i / 8] >> i % 8) & 1) ? 0xedb88320u : 0);
	return crc;
}

uint32_t f2fs_crc(const uint8_t *data, size_t size)
{
	return crc32_of(0xf2f52010, data, size);
}

void seal_pack_block(uint8_t *block)
{
	put_le(block + 4092, f2fs_crc(block, 4092), 4);
}

void seal_packs(struct disk *d)
{
	for (uint32_t i = 0; i < 2; i++) {
		seal_pack_block(d->byte + F2FS_PACK(i));
		seal_pack_block(d->byte + F2FS_PACK(i) + (F2FS_PACK_SIZE(i) - 1) * 4096);
	}
}

/* Both ends of a pack. */
void put_pack(struct disk *d, uint32_t i, uint64_t version, uint32_t segment, uint32_t block)
{
	uint8_t *head = d->byte + F2FS_PACK(i), *tail = head + (F2FS_PACK_SIZE(i) - 1) * 4096;

	put_le(head, version, 8);
	put_le(head + 36 + 4, segment, 4);
	put_le(head + 68 + 2, block, 2);
	put_le(head + 136, F2FS_PACK_SIZE(i), 4);
	put_le(head + 164, 4092, 4);
	seal_pack_block(head);
	memcpy(tail, head, 4096);
}

struct disk make_f2fs(void)
{
	struct disk d = disk_make(16 * MIB);
	uint8_t *sb = d.byte + 1024;

	put_le(sb, 0xf2f52010, 4);
	put_le(sb + 16, 12, 4);
	put_le(sb + 20, 9, 4);
	put_le(sb + 76, 512, 4);
	put_le(sb + 92, 3 * 512, 4);
	put_pack(&d, 0, 11, 1, 3);
	put_pack(&d, 1, 12, 2, 5);
	return d;
}

struct disk make_readonly(void)
{
	struct disk d = disk_make(64 * KIB);

	memcpy(d.byte, "hsqs", 4);
	put_le(d.byte + 1024, 0xe0f5e1e2, 4);
	memcpy(d.byte + 32 * KIB + 1, "CD001", 5);
	return d;
}

#define LVM_CRC 0xf597a6cfu

static void put_lvm_area(uint8_t *header, uint64_t offset, uint64_t size)
{
	memcpy(header + 4, " LVM2 x[5A%r0N*>", 16);
	put_le(header + 20, 1, 4);
	put_le(header + 24, offset, 8);
	put_le(header + 32, size, 8);
	put_le(header + 40, 512, 8); /* the text */
	put_le(header + 48, 900, 8);
	put_le(header + 56, 0x12345678, 4);
}

void put_lvm_label(struct disk *d, uint32_t sector)
{
	uint8_t *label = d->byte + 512 * sector;

	memcpy(label, "LABELONE", 8);
	put_le(label + 8, sector, 8);
	put_le(label + 20, 32, 4);
	memcpy(label + 24, "LVM2 001", 8);
	memcpy(label + 32, "0123456789abcdefghijklmnopqrstuv", 32);
	put_le(label + 64, d->size, 8);
	put_le(label + LVM_LIST, 64 * KIB, 8);
	put_le(label + LVM_LIST + 32, LVM_AREA(0), 8);
	put_le(label + LVM_LIST + 40, 16 * KIB, 8);
	put_le(label + LVM_LIST + 48, LVM_AREA(1), 8);
	put_le(label + LVM_LIST + 56, 16 * KIB, 8);
}

void seal_lvm(struct disk *d)
{
	for (uint32_t i = 0; i < 4; i++) {
		uint8_t *label = d->byte + 512 * i;

		if (!memcmp(label, "LABELONE", 8))
			put_le(label + 16, crc32_of(LVM_CRC, label + 20, 492), 4);
	}
	for (uint32_t i = 0; i < 2; i++) {
		uint8_t *header = d->byte + LVM_AREA(i);

		put_le(header, crc32_of(LVM_CRC, header + 4, 508), 4);
	}
}

struct disk make_lvm(void)
{
	struct disk d = disk_make(256 * KIB);

	put_lvm_label(&d, LVM_LABEL / 512);
	for (uint32_t i = 0; i < 2; i++)
		put_lvm_area(d.byte + LVM_AREA(i), LVM_AREA(i), 16 * KIB);
	seal_lvm(&d);
	return d;
}

struct disk make_luks1(void)
{
	struct disk d = disk_make(64 * KIB);

	memcpy(d.byte, "LUKS\xba\xbe", 6);
	put_be(d.byte + 6, 1, 2);
	for (uint32_t i = 0; i < 8; i++)
		put_be(d.byte + LUKS1_KEY(i), i < 2 ? 0x00ac71f3 : 0xdead, 4);
	return d;
}

static void put_luks2(uint8_t *header, const char *magic, uint64_t offset)
{
	memcpy(header, magic, 6);
	put_be(header + 6, 2, 2);
	put_be(header + 8, LUKS2_SECOND, 8);
	put_be(header + 16, 7, 8);
	memcpy(header + 168, "01234567-89ab-cdef-0123-456789abcdef", 36);
	put_be(header + 256, offset, 8);
}

struct disk make_luks2(void)
{
	struct disk d = disk_make(64 * KIB);

	put_luks2(d.byte, "LUKS\xba\xbe", 0);
	put_luks2(d.byte + LUKS2_SECOND, "SKUL\xba\xbe", LUKS2_SECOND);
	return d;
}

static void put_md_sum(uint8_t *super, size_t size, size_t at)
{
	uint8_t padded[4096] = { 0 };
	uint64_t sum = 0;

	memcpy(padded, super, size);
	memset(padded + at, 0, 4);
	for (size_t i = 0; i < sizeof(padded); i += 4)
		sum += (uint64_t)padded[i] | (uint64_t)padded[i + 1] << 8 |
		       (uint64_t)padded[i + 2] << 16 | (uint64_t)padded[i + 3] << 24;
	put_le(super + at, (sum & 0xffffffff) + (sum >> 32), 4);
}

void put_md1(struct disk *d, uint64_t offset)
{
	uint8_t *super = d->byte + offset;

	put_le(super, 0xa92b4efc, 4);
	put_le(super + 4, 1, 4);
	memset(super + 16, 0xc3, 16);
	put_le(super + 144, offset / 512, 8);
	put_le(super + 192, 0x67000000, 8); /* the time of the last change */
	put_le(super + 220, 3, 4);
	put_le(super + 256, 0xffff0001, 4);
	put_le(super + 260, 0x1234fffe, 4); /* beyond the three roles: half of it does not count */
	put_md_sum(super, 256 + 3 * 2, 216);
}

void put_md0(struct disk *d, uint64_t offset)
{
	uint8_t *super = d->byte + offset;

	put_le(super, 0xa92b4efc, 4);
	put_le(super + 8, 90, 4);
	put_le(super + 128, 0x67000000, 4);
	memset(super + 2000, 0xc3, 96);
	put_md_sum(super, 4096, 152);
}

void seal_md(struct disk *d)
{
	static const uint64_t place[] = { MD_11, MD_12, MD_10 };

	for (uint32_t i = 0; i < 3; i++) {
		uint8_t *super = d->byte + place[i];
		uint32_t roles = super[220] | (uint32_t)super[221] << 8;

		if (!memcmp(super, "\xfc\x4e\x2b\xa9", 4) && 256 + 2 * roles <= 4096)
			put_md_sum(super, 256 + 2 * roles, 216);
	}
	if (!memcmp(d->byte + MD_090, "\xfc\x4e\x2b\xa9", 4))
		put_md_sum(d->byte + MD_090, 4096, 152);
}

static struct disk make_md(void (*put)(struct disk *d, uint64_t offset), uint64_t offset)
{
	struct disk d = disk_make(260 * KIB + 1536);

	put(&d, offset);
	return d;
}

struct disk make_md10(void)
{
	return make_md(put_md1, MD_10);
}

struct disk make_md11(void)
{
	return make_md(put_md1, MD_11);
}

struct disk make_md12(void)
{
	return make_md(put_md1, MD_12);
}

struct disk make_md090(void)
{
	return make_md(put_md0, MD_090);
}

struct disk make_swap(void)
{
	struct disk d = disk_make(64 * KIB);

	put_swap(d.byte, "SWAPSPACE2", 15);
	return d;
}

void put_swap(uint8_t *block, const char *magic, uint32_t last)
{
	memset(block, 0, IMG_BLOCK);
	put_le(block + 1024, 1, 4);
	put_le(block + 1028, last, 4);
	memcpy(block + 4086, magic, strlen(magic));
}
