/* SPDX-License-Identifier: GPL-2.0-only */
/* For the host: the parts of the kernel's header of this name that the files under test use. */
#ifndef TESTS_LINUX_KERNEL_H
#define TESTS_LINUX_KERNEL_H

#include <errno.h>

#include <linux/types.h>

/* The C library's. */
int sscanf(const char *text, const char *format, ...);
unsigned long long strtoull(const char *text, char **ret_end, int base);

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define U64_MAX		  UINT64_MAX

static inline int kstrtou64(const char *text, unsigned int base, u64 *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(text, &end, base);
	return errno || end == text || *end || *text == '-' ? -EINVAL : 0;
}

#endif
