/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A memory map in the terms of the loader's decision: EFI memory types, sorted, disjoint, whole
 * pages.  A page that a range covers only in part is left out.
 */
#ifndef FASTBOOTCTL_MEMMAP_H
#define FASTBOOTCTL_MEMMAP_H

#include <imgfmt/plan.h>

/* More than any firmware has. */
#define MEMMAP_MAX 4096u

struct memmap {
	uint64_t nr;
	struct img_memrange range[MEMMAP_MAX];
};

/*
 * A text, one range per line, # begins a comment:
 *
 *	START END TYPE [ATTRIBUTE]
 *
 * in hexadecimal, with or without 0x.  END is the last byte; TYPE a name of the UEFI shell's memmap
 * (BS_Data) or a number; ATTRIBUTE as in UEFI 2.10, 7.2, by default EFI_MEMORY_RUNTIME for RT_Code
 * and RT_Data, and 0 for others.  Also accepts the shell's own lines, TYPE START-END PAGES
 * ATTRIBUTE.  Exit status after a report: memmap-invalid.
 */
int memmap_parse(const char *name, char *text, struct memmap *ret_map);
int memmap_read_file(const char *path, struct memmap *ret_map);

/*
 * What the firmware reported to this kernel at boot, from /sys/firmware/memmap, with the EFI
 * runtime regions, which are reserved memory there, from /sys/firmware/efi/runtime-map.
 * *ret_runtime: these could be read.  Exit status.
 */
int memmap_read_this_boot(struct memmap *ret_map, bool *ret_runtime);

/*
 * Puts an EFI runtime region into the map and cuts what it overlaps.  Ignores boot-services memory,
 * which Linux keeps in the same way: it is free again at the next boot.  False: no room.
 */
bool memmap_put_runtime(struct memmap *map, const struct img_memrange *region);

/* "BS_Data"; "unknown" */
const char *memmap_type_name(uint64_t type);

#endif
