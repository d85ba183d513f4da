/* SPDX-License-Identifier: GPL-2.0-only */
/* For the host: the parts of the kernel's header of this name that the files under test use. */
#define __user
#define MKDEV(major, minor) ((major) << 20 | (minor))
