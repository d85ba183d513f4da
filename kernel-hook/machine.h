/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The identity of this machine: the kernel's side of the fingerprint.  The loader collects the same
 * from the firmware, see imgfmt/fingerprint.h.
 */
#ifndef HOOK_MACHINE_H
#define HOOK_MACHINE_H

#include <imgfmt/imgfmt.h>

#include "report.h"

/* The state of the boot processor that the loader has to know. */
struct machine_cpu {
	u64 cr0;
	u64 cr4;
	u64 efer;
	u32 paging_levels;
};

/* Fills in and sorts fp. */
int machine_fingerprint(struct img_fp *fp, struct report *report);

int machine_cpu(struct machine_cpu *ret_cpu, struct report *report);

/* Bytes of System RAM as the kernel counts it. */
u64 machine_ram(void);

#endif
