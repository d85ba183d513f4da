/* SPDX-License-Identifier: GPL-2.0-only */
/* For the host: the parts of the kernel's header of this name that the files under test use. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint32_t u32;
typedef uint64_t u64;

/* For the kernel's headers of user space. */
typedef uint32_t __u32;
typedef uint64_t __u64;
