/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's hibernation mode, /sys/power/disk, while memory is copied.
 *
 * Since 6.17 a driver may take it as a promise that the machine powers off right after the copy:
 * amdgpu's .thaw leaves the GPU suspended unless the mode is "suspend"
 * (drivers/gpu/drm/amd/amdgpu/amdgpu_drv.c, amdgpu_pmops_thaw).  After a golden image the machine
 * keeps running.  /dev/snapshot itself ignores the mode.
 */
#ifndef HOOK_COMPAT_HIBERNATION_MODE_H
#define HOOK_COMPAT_HIBERNATION_MODE_H

#include <linux/fs.h>

struct hibernation_mode {
	struct file *file; /* NULL: the kernel does not use the mode */
	char before[16];   /* the administrator's; "": nothing to put back */
};

/*
 * Lockdown forbids to write the mode as it forbids hibernation (kernel/power/hibernate.c,
 * disk_store): true if hibernation_mode_enter, or _leave, would write it.
 */
static inline bool hibernation_mode_enters(const struct hibernation_mode *mode)
{
	return mode->file;
}

static inline bool hibernation_mode_leaves(const struct hibernation_mode *mode)
{
	return mode->before[0];
}

/* Before the freeze, because it walks a path.  0 or a negative errno. */
int hibernation_mode_prepare(struct hibernation_mode *mode);
void hibernation_mode_release(struct hibernation_mode *mode);

/*
 * With the tasks frozen, around the copy: nobody can see the mode between the two.  A restored
 * system continues with hibernation_mode_leave, too.  0 or a negative errno.
 */
int hibernation_mode_enter(struct hibernation_mode *mode);
int hibernation_mode_leave(struct hibernation_mode *mode);

#endif
