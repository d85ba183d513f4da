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

uint32_t f2fs_crc(const uint8_t *data, size_t size)
{
	uint32_t crc = 0xf2f52010;

	for (size_t i = 0; i < size * 8; i++)
		crc = crc >> 1 ^ (((crc ^ data[i / 8] >> i % 8) & 1) ? 0xedb88320u : 0);
	return crc;
}

void seal_pack_block(uint8_t *block)
{
	put_le(block + 4092, f2fs_crc(block, 4092), 4);
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

void put_swap(uint8_t *block, const char *magic, uint32_t last)
{
	memset(block, 0, IMG_BLOCK);
	put_le(block + 1024, 1, 4);
	put_le(block + 1028, last, 4);
	memcpy(block + 4086, magic, strlen(magic));
}
