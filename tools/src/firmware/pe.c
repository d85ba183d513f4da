// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/pe.h"

#include <string.h>

/* The header's offset in the file; from there: the COFF header, the optional header. */
#define PE_OFFSET     0x3cu
#define NR_SECTIONS   6u
#define OPTIONAL_SIZE 20u
#define OPTIONAL      24u

/* In the optional header of PE32+. */
#define MAGIC	       0x20bu
#define CHECKSUM       64u
#define CHECKSUM_SIZE  4u
#define NR_DIRECTORIES 108u
#define CERTIFICATES   144u /* data directory 4: offset in the file, size */
#define DIRECTORY_SIZE 8u
#define NEEDED	       (CERTIFICATES + DIRECTORY_SIZE)

/* A section header. */
#define SECTION_SIZE 40u
#define RAW_SIZE     16u
#define RAW_OFFSET   20u

static uint32_t load16(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8;
}

static uint32_t load32(const uint8_t *from)
{
	return load16(from) | load16(from + 2) << 16;
}

bool pe_is_x64(const uint8_t *data, size_t size)
{
	uint32_t pe;

	if (size < PE_OFFSET + 4 || memcmp(data, "MZ", 2) != 0)
		return false;
	pe = load32(data + PE_OFFSET);
	return pe <= size - 6 && memcmp(data + pe, "PE\0\0\x64\x86", 6) == 0;
}

/* The optional header's offset; 0: not PE32+, or without a place for certificates. */
static size_t optional_header(const uint8_t *data, size_t size)
{
	size_t at;

	if (!pe_is_x64(data, size))
		return 0;
	at = (size_t)load32(data + PE_OFFSET) + OPTIONAL;
	if (at > size || size - at < NEEDED || load16(data + at) != MAGIC ||
	    load16(data + at - OPTIONAL + OPTIONAL_SIZE) < NEEDED ||
	    load32(data + at + NR_DIRECTORIES) <= 4)
		return 0;
	return at;
}

static bool is_within(uint32_t offset, uint32_t length, size_t size)
{
	return offset <= size && length <= size - offset;
}

bool pe_is_signed(const uint8_t *data, size_t size)
{
	size_t at = optional_header(data, size);
	uint32_t offset, length;

	if (!at)
		return false;
	offset = load32(data + at + CERTIFICATES);
	length = load32(data + at + CERTIFICATES + 4);
	return offset && length && is_within(offset, length, size);
}

static bool is_sbat(const uint8_t *section, const uint8_t *data, size_t size)
{
	static const char name[8] = ".sbat", start[] = "sbat,";
	uint32_t offset = load32(section + RAW_OFFSET), length = load32(section + RAW_SIZE);

	return memcmp(section, name, sizeof(name)) == 0 && is_within(offset, length, size) &&
	       length >= sizeof(start) && memcmp(data + offset, start, sizeof(start) - 1) == 0;
}

bool pe_has_sbat(const uint8_t *data, size_t size)
{
	size_t at = optional_header(data, size), section;
	uint32_t count;

	if (!at)
		return false;
	count = load16(data + at - OPTIONAL + NR_SECTIONS);
	section = at + load16(data + at - OPTIONAL + OPTIONAL_SIZE);
	for (; count && section <= size && size - section >= SECTION_SIZE; count--) {
		if (is_sbat(data + section, data, size))
			return true;
		section += SECTION_SIZE;
	}
	return false;
}

/* A signature changes the checksum and the entry of the certificate table, which it appends. */
bool pe_is_signed_copy(const uint8_t *plain, size_t plain_size, const uint8_t *with,
		       size_t with_size)
{
	size_t at = optional_header(plain, plain_size);
	size_t checksum = at + CHECKSUM, table = at + CERTIFICATES;
	size_t after_checksum = checksum + CHECKSUM_SIZE, after_table = table + DIRECTORY_SIZE;

	return at && with_size > plain_size && pe_is_signed(with, with_size) &&
	       memcmp(plain, with, checksum) == 0 &&
	       memcmp(plain + after_checksum, with + after_checksum, table - after_checksum) == 0 &&
	       memcmp(plain + after_table, with + after_table, plain_size - after_table) == 0;
}
