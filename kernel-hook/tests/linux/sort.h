/* SPDX-License-Identifier: GPL-2.0-only */
/* For the host: the parts of the kernel's header of this name that the files under test use. */
#include <stddef.h>

/* The C library's. */
void qsort(void *base, size_t nr, size_t size, int (*compare)(const void *, const void *));

#define sort(base, nr, size, compare, swap) qsort(base, nr, size, compare)
