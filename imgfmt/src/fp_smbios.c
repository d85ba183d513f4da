// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * SMBIOS.  Offsets: SMBIOS 3.6, 5.2.1 (32-bit entry point), 5.2.2 (64-bit), 6.1
 * (structures: a formatted area, then strings, then an empty one), 7.2 (type 1).
 */
#include <imgfmt/fingerprint.h>

#include "internal.h"

#define SM_ENTRY_MAX	    64u
#define SM_LENGTH	    5u
#define SM_MIN_LENGTH	    0x1eu /* 5.2.1: some firmware gives this length instead of 0x1f */
#define SM_TABLE_LENGTH	    0x16u
#define SM_TABLE	    0x18u
#define SM3_LENGTH	    6u
#define SM3_MIN_LENGTH	    0x18u
#define SM3_TABLE_MAX	    12u
#define SM3_TABLE	    16u
#define SMBIOS_HEADER	    4u
#define SMBIOS_TYPE_SYSTEM  1u
#define SMBIOS_TYPE_END	    127u
#define SMBIOS_SERIAL	    7u
#define SMBIOS_UUID	    8u
#define SMBIOS_UUID_SIZE    16u
#define SMBIOS_INDEX_UUID   0u
#define SMBIOS_INDEX_SERIAL 1u

struct smbios_table {
	uint64_t phys;
	uint64_t size;
};

/* Reads an entry point and checks anchor, length and checksum. */
static bool smbios_entry_read(const struct img_probe *probe, uint64_t phys, const char *anchor,
			      uint32_t anchor_size, uint32_t length_at, uint32_t min_length,
			      uint8_t entry[SM_ENTRY_MAX])
{
	uint32_t length;
	uint8_t sum = 0;

	if (!phys || !probe->read_phys(probe->ctx, phys, entry, min_length) ||
	    memcmp(entry, anchor, anchor_size))
		return false;
	length = entry[length_at];
	if (length < min_length || length > SM_ENTRY_MAX ||
	    !probe->read_phys(probe->ctx, phys, entry, length))
		return false;
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + entry[i]);
	return !sum;
}

static struct smbios_table smbios_find(const struct img_probe *probe, uint64_t smbios3,
				       uint64_t smbios)
{
	uint8_t entry[SM_ENTRY_MAX];

	if (smbios_entry_read(probe, smbios3, "_SM3_", 5, SM3_LENGTH, SM3_MIN_LENGTH, entry))
		return (struct smbios_table){ img_load_le(entry + SM3_TABLE, 8),
					      img_load_le(entry + SM3_TABLE_MAX, 4) };
	if (smbios_entry_read(probe, smbios, "_SM_", 4, SM_LENGTH, SM_MIN_LENGTH, entry))
		return (struct smbios_table){ img_load_le(entry + SM_TABLE, 4),
					      img_load_le(entry + SM_TABLE_LENGTH, 2) };
	return (struct smbios_table){ 0, 0 };
}

/*
 * The end of the string area from `at` on, where the next structure begins; size if the area is
 * unterminated.
 */
static uint32_t smbios_strings_end(const uint8_t *table, uint32_t at, uint32_t size)
{
	for (; at + 1 < size; at++)
		if (!table[at] && !table[at + 1])
			return at + 2;
	return size;
}

/* Start of string `number`, counted from 1, within [at, end); its length; 0 if absent. */
static uint32_t smbios_string(const uint8_t *table, uint32_t at, uint32_t end, uint32_t number,
			      uint32_t *ret_length)
{
	*ret_length = 0;
	if (!number)
		return at;
	while (--number) {
		while (at < end && table[at])
			at++;
		if (at == end)
			return at;
		at++;
	}
	while (at + *ret_length < end && table[at + *ret_length])
		++*ret_length;
	return at;
}

/*
 * at, length, end: the structure's position, the size of its formatted area, the end of its
 * strings.
 */
static void smbios_add_system(struct img_fp *fp, const uint8_t *table, uint32_t at, uint32_t length,
			      uint32_t end)
{
	const uint8_t *system = table + at;
	uint32_t serial, size;

	if (length >= SMBIOS_UUID + SMBIOS_UUID_SIZE)
		img_fp_add(fp, IMG_FP_MACHINE_ID, SMBIOS_INDEX_UUID,
			   img_load_le(system + SMBIOS_UUID, 8),
			   img_load_le(system + SMBIOS_UUID + 8, 8));
	if (length <= SMBIOS_SERIAL)
		return;
	serial = smbios_string(table, at + length, end, system[SMBIOS_SERIAL], &size);
	img_fp_add(fp, IMG_FP_MACHINE_ID, SMBIOS_INDEX_SERIAL, img_port_xxh64(table + serial, size),
		   size);
}

void img_fp_add_smbios(struct img_fp *fp, const struct img_probe *probe, uint64_t smbios3,
		       uint64_t smbios, void *scratch)
{
	struct smbios_table t = smbios_find(probe, smbios3, smbios);
	uint32_t size = (uint32_t)img_min(t.size, IMG_ACPI_SCRATCH);
	const uint8_t *table = scratch;
	uint32_t at = 0;

	if (!t.phys || !size || !probe->read_phys(probe->ctx, t.phys, scratch, size))
		return;
	while (img_fits(at, SMBIOS_HEADER, size)) {
		uint32_t type = table[at], length = table[at + 1], end;

		if (type == SMBIOS_TYPE_END || length < SMBIOS_HEADER ||
		    !img_fits(at, length, size))
			return;
		end = smbios_strings_end(table, at + length, size);
		if (type == SMBIOS_TYPE_SYSTEM) {
			smbios_add_system(fp, table, at, length, end);
			return;
		}
		at = end;
	}
}
