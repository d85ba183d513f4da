/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels whose own code spoils a snapshot, so that none is begun on them.
 */
#ifndef HOOK_COMPAT_KNOWN_BAD_H
#define HOOK_COMPAT_KNOWN_BAD_H

#include <linux/types.h>

struct known_bad {
	u32 first, last;  /* as KERNEL_VERSION() has them */
	const char *what; /* goes wrong */
	const char *use;  /* the first version after them that is good */
};

/* version: as LINUX_VERSION_CODE.  NULL: nothing is known against it. */
const struct known_bad *known_bad_find(u32 version);

#endif
