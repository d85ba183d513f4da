// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/memmap.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fail.h"
#include "base/io.h"

#define MAX_FILE (1u << 20)

/* UEFI 2.10, 7.2, EFI_MEMORY_TYPE, as EDK II's shell names them. */
static const char *const type_names[] = { "Reserved",  "LoaderCode", "LoaderData", "BS_Code",
					  "BS_Data",   "RT_Code",    "RT_Data",	   "Available",
					  "Unusable",  "ACPI_Recl",  "ACPI_NVS",   "MMIO",
					  "MMIO_Port", "PalCode",    "Persistent", "Unaccepted" };
#define NR_TYPES (sizeof(type_names) / sizeof(type_names[0]))

enum {
	TYPE_RESERVED = 0,
	TYPE_UNUSABLE = 8,
	TYPE_ACPI_RECLAIM = 9,
	TYPE_ACPI_NVS = 10,
	TYPE_PERSISTENT = 14
};

const char *memmap_type_name(uint64_t type)
{
	return type < NR_TYPES ? type_names[type] : "unknown";
}

static bool parse_hex(const char *s, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	if (!strchr("0123456789abcdefABCDEF", *s))
		return false;
	errno = 0;
	value = strtoull(s, &end, 16);
	if (errno || *end || end == s)
		return false;
	*ret_value = value;
	return true;
}

static bool parse_type(const char *s, uint32_t *ret_type)
{
	char *end;
	unsigned long value;

	for (uint32_t i = 0; i < NR_TYPES; i++) {
		if (strcasecmp(s, type_names[i]) == 0) {
			*ret_type = i;
			return true;
		}
	}
	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	value = strtoul(s, &end, 10);
	if (errno || *end || value > UINT32_MAX)
		return false;
	*ret_type = (uint32_t)value;
	return true;
}

/* last: the last byte.  False: the map is full. */
static bool add(struct memmap *map, uint64_t start, uint64_t last, uint32_t type,
		uint64_t attribute)
{
	uint64_t pfn = start / IMG_PAGE_SIZE + (start % IMG_PAGE_SIZE != 0);
	uint64_t end = last / IMG_PAGE_SIZE + (last % IMG_PAGE_SIZE == IMG_PAGE_SIZE - 1);

	if (pfn >= end)
		return true;
	if (map->nr == MEMMAP_MAX)
		return false;
	map->range[map->nr++] = (struct img_memrange){ .phys = pfn * IMG_PAGE_SIZE,
						       .pages = end - pfn,
						       .type = type,
						       .attribute = attribute };
	return true;
}

struct line {
	const char *word[4];
	unsigned int nr; /* up to 5, of which four are kept */
};

static struct line split(char *text)
{
	struct line line = { .nr = 0 };
	char *rest, *word;

	text[strcspn(text, "#")] = '\0';
	for (word = strtok_r(text, " \t\r", &rest); word && line.nr < 5;
	     word = strtok_r(NULL, " \t\r", &rest)) {
		if (line.nr < 4)
			line.word[line.nr] = word;
		line.nr++;
	}
	return line;
}

struct range {
	uint64_t start, last, attribute;
	uint32_t type;
};

static bool parse_own_line(const struct line *line, struct range *to)
{
	if (line->nr < 3 || line->nr > 4 || !parse_hex(line->word[0], &to->start) ||
	    !parse_hex(line->word[1], &to->last) || !parse_type(line->word[2], &to->type))
		return false;
	to->attribute = to->type == IMG_EFI_RUNTIME_CODE || to->type == IMG_EFI_RUNTIME_DATA
				? IMG_EFI_ATTR_RUNTIME
				: 0;
	return line->nr == 3 || parse_hex(line->word[3], &to->attribute);
}

/* TYPE START-END PAGES ATTRIBUTE */
static bool parse_shell_line(const struct line *line, struct range *to)
{
	char start[20];
	const char *dash = line->nr == 4 ? strchr(line->word[1], '-') : NULL;

	if (!dash || dash - line->word[1] >= (ptrdiff_t)sizeof(start) ||
	    !parse_type(line->word[0], &to->type))
		return false;
	snprintf(start, sizeof(start), "%.*s", (int)(dash - line->word[1]), line->word[1]);
	return parse_hex(start, &to->start) && parse_hex(dash + 1, &to->last) &&
	       parse_hex(line->word[3], &to->attribute);
}

/* What the shell prints above and below: titles, "BS_Code : 1,234 Pages (...)", "Total Memory:
 * ...". */
static bool is_shell_title(const struct line *line)
{
	uint32_t type;

	if (line->nr == 0)
		return true;
	if (strcmp(line->word[0], "Type") == 0 || strcmp(line->word[0], "Total") == 0)
		return true;
	return line->nr > 1 && line->word[1][0] == ':' && parse_type(line->word[0], &type);
}

static int compare(const void *a, const void *b)
{
	const struct img_memrange *left = a, *right = b;

	return (left->phys > right->phys) - (left->phys < right->phys);
}

static int check_disjoint(const char *name, struct memmap *map)
{
	qsort(map->range, map->nr, sizeof(map->range[0]), compare);
	for (uint64_t i = 1; i < map->nr; i++) {
		const struct img_memrange *before = &map->range[i - 1];

		if (map->range[i].phys - before->phys < before->pages * IMG_PAGE_SIZE)
			return fail(FAIL_MEMMAP,
				    "%s: the ranges at %#" PRIx64 " and %#" PRIx64 " overlap", name,
				    before->phys, map->range[i].phys);
	}
	if (!map->nr)
		return fail(FAIL_MEMMAP, "%s: there is no memory range in it", name);
	return 0;
}

static int parse_line(const char *name, unsigned int number, char *text, struct memmap *map)
{
	struct line line = split(text);
	struct range r = { 0 };

	if (is_shell_title(&line))
		return 0;
	if (!parse_own_line(&line, &r) && !parse_shell_line(&line, &r))
		return fail(FAIL_MEMMAP, "%s: line %u is not a memory range", name, number);
	if (r.last < r.start || r.last / IMG_PAGE_SIZE >= IMG_MAX_PFN)
		return fail(FAIL_MEMMAP,
			    "%s: line %u ends before it starts, or beyond the end of memory", name,
			    number);
	if (!add(map, r.start, r.last, r.type, r.attribute))
		return fail(FAIL_MEMMAP, "%s: more than %u ranges", name, MEMMAP_MAX);
	return 0;
}

int memmap_parse(const char *name, char *text, struct memmap *ret_map)
{
	unsigned int number = 0;

	ret_map->nr = 0;
	while (text) {
		char *line = strsep(&text, "\n");
		int status = parse_line(name, ++number, line, ret_map);

		if (status)
			return status;
	}
	return check_disjoint(name, ret_map);
}

int memmap_read_file(const char *path, struct memmap *ret_map)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (io_read_file(path, MAX_FILE, &text, &size))
		return fail_errno(FAIL_OPEN, "%s", path);
	if (strlen(text) != size)
		return fail(FAIL_MEMMAP, "%s is not plain text (in the shell, use: memmap >a FILE)",
			    path);
	return memmap_parse(path, text, ret_map);
}

/* This boot. */

/* arch/x86/kernel/e820.c, e820_type_to_string(): anything else counts as reserved. */
static uint32_t type_of_e820(const char *name)
{
	static const struct {
		const char *name;
		uint32_t type;
	} types[] = {
		{ "System RAM", IMG_EFI_CONVENTIONAL },
		{ "ACPI Tables", TYPE_ACPI_RECLAIM },
		{ "ACPI Non-volatile Storage", TYPE_ACPI_NVS },
		{ "Unusable memory", TYPE_UNUSABLE },
		{ "Persistent Memory", TYPE_PERSISTENT },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(name, types[i].name) == 0)
			return types[i].type;
	}
	return TYPE_RESERVED;
}

static char *read_text(const char *directory, const char *entry, const char *file)
{
	_cleanup_free_ char *path = io_system_path("%s/%s/%s", directory, entry, file);
	char *text = NULL;
	size_t size;

	if (!path || io_read_file(path, 256, &text, &size))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* Adds the part of the range that is in [pfn, end) to the map. */
static bool add_piece(struct memmap *map, const struct img_memrange *range, uint64_t pfn,
		      uint64_t end)
{
	uint64_t range_pfn = range->phys / IMG_PAGE_SIZE, range_end = range_pfn + range->pages;

	if (pfn < range_pfn)
		pfn = range_pfn;
	if (end > range_end)
		end = range_end;
	return pfn >= end || add(map, pfn * IMG_PAGE_SIZE, end * IMG_PAGE_SIZE - 1, range->type,
				 range->attribute);
}

static bool is_runtime(const struct img_memrange *region)
{
	return region->attribute & IMG_EFI_ATTR_RUNTIME && region->type != IMG_EFI_BOOT_CODE &&
	       region->type != IMG_EFI_BOOT_DATA;
}

/* Cuts what the region overlaps. */
static bool overlay(struct memmap *map, const struct img_memrange *region)
{
	uint64_t pfn = region->phys / IMG_PAGE_SIZE, end = pfn + region->pages, nr = map->nr;
	_cleanup_free_ struct img_memrange *old = malloc((nr + 1) * sizeof(*old));
	bool fits = true;

	if (!old)
		return false;
	memcpy(old, map->range, nr * sizeof(*old));
	map->nr = 0;
	for (uint64_t i = 0; fits && i < nr; i++)
		fits = add_piece(map, &old[i], 0, pfn) && add_piece(map, &old[i], end, IMG_MAX_PFN);
	fits = fits && add_piece(map, region, pfn, end);
	img_memmap_sort(map->range, map->nr);
	return fits;
}

bool memmap_put_runtime(struct memmap *map, const struct img_memrange *region)
{
	return !is_runtime(region) || overlay(map, region);
}

#define E820_DIRECTORY	  "/sys/firmware/memmap"
#define RUNTIME_DIRECTORY "/sys/firmware/efi/runtime-map"

static int read_e820(struct memmap *map, const char *entry)
{
	_cleanup_free_ char *type = read_text(E820_DIRECTORY, entry, "type");
	uint64_t start, last;

	if (!type || !io_system_number(&start, E820_DIRECTORY "/%s/start", entry) ||
	    !io_system_number(&last, E820_DIRECTORY "/%s/end", entry) || last < start ||
	    last / IMG_PAGE_SIZE >= IMG_MAX_PFN)
		return fail(FAIL_MEMMAP, "%s/%s is not a memory range", E820_DIRECTORY, entry);
	if (!add(map, start, last, type_of_e820(type), 0))
		return fail(FAIL_MEMMAP, "%s: more than %u ranges", E820_DIRECTORY, MEMMAP_MAX);
	return 0;
}

static int read_runtime(struct memmap *map, const char *entry)
{
	struct img_memrange range;
	uint64_t type;

	if (!io_system_number(&type, RUNTIME_DIRECTORY "/%s/type", entry) ||
	    !io_system_number(&range.phys, RUNTIME_DIRECTORY "/%s/phys_addr", entry) ||
	    !io_system_number(&range.pages, RUNTIME_DIRECTORY "/%s/num_pages", entry) ||
	    !io_system_number(&range.attribute, RUNTIME_DIRECTORY "/%s/attribute", entry) ||
	    range.phys % IMG_PAGE_SIZE || range.phys / IMG_PAGE_SIZE >= IMG_MAX_PFN ||
	    range.pages > IMG_MAX_PFN - range.phys / IMG_PAGE_SIZE)
		return fail(FAIL_MEMMAP, "%s/%s is not a memory range", RUNTIME_DIRECTORY, entry);
	range.type = (uint32_t)type;
	if (!memmap_put_runtime(map, &range))
		return fail(FAIL_MEMMAP, "%s: more than %u ranges", RUNTIME_DIRECTORY, MEMMAP_MAX);
	return 0;
}

/* *ret_found: the directory exists. */
static int for_each_entry(const char *directory,
			  int (*read_entry)(struct memmap *map, const char *entry),
			  struct memmap *map, bool *ret_found)
{
	_cleanup_free_ char *path = io_system_path("%s", directory);
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;
	int status = 0;

	*ret_found = dir;
	if (!dir)
		return 0;
	while (!status && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			status = read_entry(map, entry->d_name);
	}
	(void)closedir(dir);
	return status;
}

int memmap_read_this_boot(struct memmap *ret_map, bool *ret_runtime)
{
	bool found;
	int status;

	ret_map->nr = 0;
	status = for_each_entry(E820_DIRECTORY, read_e820, ret_map, &found);
	if (!status && !found)
		return fail(FAIL_NO_MEMMAP, "this kernel has no %s", E820_DIRECTORY);
	if (!status)
		status = check_disjoint(E820_DIRECTORY, ret_map);
	if (!status)
		status = for_each_entry(RUNTIME_DIRECTORY, read_runtime, ret_map, ret_runtime);
	return status ? status : check_disjoint(RUNTIME_DIRECTORY, ret_map);
}
