/* SPDX-License-Identifier: GPL-2.0-only */
/* For the host: what the files under test take of the kernel's header of this name. */
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
