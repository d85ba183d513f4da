/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels whose own code spoils a snapshot, so the module refuses to begin one on them.
 */
#ifndef HOOK_COMPAT_KNOWN_BAD_H
#define HOOK_COMPAT_KNOWN_BAD_H

#include <linux/types.h>

struct known_bad {
	u32 first, last;  /* in the form of KERNEL_VERSION() */
	const char *what; /* the fault */
	const char *use;  /* the first good version after them */
};

/* version: as LINUX_VERSION_CODE.  NULL: no known fault. */
const struct known_bad *known_bad_find(u32 version);

#endif
