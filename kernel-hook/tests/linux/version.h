/* SPDX-License-Identifier: GPL-2.0-only */
/* In the form that every kernel's build generates (Makefile, filechk_version.h). */
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
