/* SPDX-License-Identifier: GPL-2.0-only */
/* For the host: the parts of the kernel's header of this name that its own lacks. */
#ifndef TESTS_LINUX_STRING_H
#define TESTS_LINUX_STRING_H

#include <string.h>

#define memzero_explicit(memory, size) explicit_bzero(memory, size)

#endif
