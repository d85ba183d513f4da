/* SPDX-License-Identifier: GPL-2.0-only */
/* For the host: what the files under test take of the kernel's header of this name. */
#include <stddef.h>
#include <stdint.h>

typedef uint32_t u32;
