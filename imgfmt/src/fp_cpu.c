// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Processors: the bits of CPUID that must be the same; Linux or microcode may change the others. */
#include <imgfmt/fingerprint.h>

#include "internal.h"

#define ALL 0xffffffffu

const struct img_cpuid_row img_cpuid_rows[] = {
	/* leaf, subleaf, { eax, ebx, ecx, edx } */
	/* Highest leaf and vendor. */
	{ 0x00000000, 0, { ALL, ALL, ALL, ALL } },
	/*
	 * Family, model, stepping; CLFLUSH line size; features except OSXSAVE (27) and RDRAND (30:
	 * Linux hides it on some AMD processors), APIC (9).
	 */
	{ 0x00000001, 0, { ALL, 0x0000ff00, ~0x48000000u, ~0x00000200u } },
	/*
	 * Features with LA57, except HLE, RTM (4, 11: TSX_CTRL), RDSEED (18: as RDRAND), OSPKE (4),
	 * and in edx the speculation controls that microcode adds.
	 */
	{ 0x00000007, 0, { 0, ~0x00040810u, ~0x00000010u, ~0xfc002e00u } },
	{ 0x00000007, 1, { ALL, 0, 0, 0 } },
	/* XSAVE variants. */
	{ 0x0000000d, 1, { ALL, 0, 0, 0 } },
	/* Features except TOPOEXT (22: Linux turns it on), APIC (9), SYSCALL (11: by mode). */
	{ 0x80000001, 0, { 0, 0, ~0x00400000u, ~0x00000a00u } },
	/* Address sizes; features except the speculation controls from bit 12 on. */
	{ 0x80000008, 0, { ALL, 0x00000fff, 0, 0 } },
};
const uint32_t img_cpuid_nr_rows = sizeof(img_cpuid_rows) / sizeof(img_cpuid_rows[0]);

static uint32_t cpuid_max_leaf(const struct img_probe *probe, uint32_t leaf)
{
	uint32_t reg[4];

	probe->cpuid(probe->ctx, leaf & 0x80000000u, 0, reg);
	return reg[0];
}

void img_fp_add_cpuid(struct img_fp *fp, const struct img_probe *probe)
{
	for (uint32_t i = 0; i < img_cpuid_nr_rows; i++) {
		const struct img_cpuid_row *row = &img_cpuid_rows[i];
		uint32_t reg[4] = { 0, 0, 0, 0 };

		if (row->leaf <= cpuid_max_leaf(probe, row->leaf))
			probe->cpuid(probe->ctx, row->leaf, row->subleaf, reg);
		for (uint32_t j = 0; j < 4; j++)
			reg[j] &= row->mask[j];
		img_fp_add(fp, IMG_FP_CPU_LEAF, i, reg[0] | (uint64_t)reg[1] << 32,
			   reg[2] | (uint64_t)reg[3] << 32);
	}
}
