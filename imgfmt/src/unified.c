// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The sections of an EFI program.  Names with a number are from Microsoft's PE Format; nothing in
 * the file is trusted before it is within it.
 */
#include <imgfmt/format.h>
#include <imgfmt/unified.h>

#define PE_OFFSET_AT	 0x3cu
#define PE_MAGIC	 0x4550u /* "PE\0\0" */
#define COFF_SIZE	 20u	 /* the header after it */
#define COFF_SECTIONS	 2u	 /* NumberOfSections */
#define COFF_OPTIONAL	 16u	 /* SizeOfOptionalHeader */
#define SECTION_SIZE	 40u
#define SECTION_NAME	 8u
#define SECTION_VIRTUAL	 8u  /* VirtualSize */
#define SECTION_RAW_SIZE 16u /* SizeOfRawData */
#define SECTION_RAW	 20u /* PointerToRawData */

struct file {
	const uint8_t *bytes;
	size_t size;
	size_t table; /* of the sections, all within the file */
	uint32_t sections;
};

static uint32_t get(const uint8_t *at, uint32_t bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

static bool holds(const struct file *f, size_t at, size_t size)
{
	return at <= f->size && size <= f->size - at;
}

static bool find_table(struct file *f)
{
	const uint8_t *coff;
	size_t pe;

	if (!holds(f, PE_OFFSET_AT, 4) || f->bytes[0] != 'M' || f->bytes[1] != 'Z')
		return false;
	pe = get(f->bytes + PE_OFFSET_AT, 4);
	if (!holds(f, pe, 4 + COFF_SIZE) || get(f->bytes + pe, 4) != PE_MAGIC)
		return false;
	coff = f->bytes + pe + 4;
	f->sections = get(coff + COFF_SECTIONS, 2);
	f->table = pe + 4 + COFF_SIZE + get(coff + COFF_OPTIONAL, 2);
	return holds(f, f->table, (size_t)f->sections * SECTION_SIZE);
}

static bool is_named(const uint8_t *section, const char *name)
{
	for (uint32_t i = 0; i < SECTION_NAME; i++) {
		if (section[i] != (uint8_t)*name)
			return false;
		name += *name != 0;
	}
	return !*name;
}

/* Of the only section of that name: its bytes in the file.  False: none, empty, or several. */
static bool find_section(const struct file *f, const char *name, const uint8_t **ret_at,
			 size_t *ret_size)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < f->sections; i++) {
		const uint8_t *section = f->bytes + f->table + (size_t)i * SECTION_SIZE;
		uint32_t raw = get(section + SECTION_RAW, 4);
		uint32_t size = get(section + SECTION_RAW_SIZE, 4);
		uint32_t virtual_size = get(section + SECTION_VIRTUAL, 4);

		if (!is_named(section, name))
			continue;
		size = virtual_size < size ? virtual_size : size;
		if (!size || !holds(f, raw, size) || found++)
			return false;
		*ret_at = f->bytes + raw;
		*ret_size = size;
	}
	return found;
}

static bool is_end(const uint8_t *text, size_t size, size_t at)
{
	return at >= size || text[at] <= ' ';
}

/* As a whole word, before the text's first NUL. */
static bool has_word(const uint8_t *text, size_t size, const char *word)
{
	for (size_t at = 0; at < size && text[at]; at++) {
		size_t i = 0;

		if (at && text[at - 1] > ' ')
			continue;
		while (word[i] && at + i < size && text[at + i] == (uint8_t)word[i])
			i++;
		if (!word[i] && is_end(text, size, at + i))
			return true;
	}
	return false;
}

const char *img_unified_trouble(const void *file, size_t size)
{
	struct file f = { .bytes = file, .size = size };
	const uint8_t *at;

	if (!find_table(&f))
		return "not an EFI program";
	if (!find_section(&f, ".linux", &at, &size) || !find_section(&f, ".initrd", &at, &size))
		return "not a unified kernel image with an initrd";
	if (!find_section(&f, ".cmdline", &at, &size))
		return "it has no command line of its own";
#define UNIFIED_WORD(word)                                                                         \
	if (!has_word(at, size, word))                                                             \
		return "its command line lacks " word;
	IMG_UNIFIED_WORDS(UNIFIED_WORD)
	return NULL;
}
