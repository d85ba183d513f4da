/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running machine in the terms of an image's fingerprint, as far as Linux shows it.  Here the
 * same functions of imgfmt that the loader calls get their answers from the CPUID instruction and
 * from sysfs.  What sysfs does not show is taken from the image, so that the comparison ignores it,
 * and reported as a gap.
 */
#ifndef FASTBOOTCTL_MACHINE_H
#define FASTBOOTCTL_MACHINE_H

#include <imgfmt/fingerprint.h>

#include "machine/gap.h"
#include "machine/memmap.h"

/* Sorted, for the comparison with meta's.  map: gives the amount of memory.  Exit status. */
int machine_fingerprint(const struct img_meta *meta, const struct memmap *map,
			struct img_fp *ret_fp, machine_gap_fn gap);

/* Physical address of EFI_RUNTIME_SERVICES; the image's if Linux does not show it. */
uint64_t machine_runtime_services(const struct img_meta *meta, machine_gap_fn gap);

/* Puts the image's EFI runtime regions into a map without any.  False: no room. */
bool machine_adopt_runtime_map(const struct img_meta *meta, struct memmap *map, machine_gap_fn gap);

#endif
