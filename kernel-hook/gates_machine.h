/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gates of the machine and its kernel.
 */
#ifndef HOOK_GATES_MACHINE_H
#define HOOK_GATES_MACHINE_H

#include "report.h"
#include "target.h"

/* Obstacle: a machine not booted by EFI, or running without EFI runtime services. */
void gate_efi(struct report *report);

/* Obstacle: a kernel of compat/known_bad.c. */
void gate_known_bad(struct report *report);

/* Obstacles: taints which mean that the kernel's memory may be damaged. */
void gate_taint(struct report *report);

/*
 * Obstacles: more memory in use than can be copied, or than a slot holds.  target: as far as it was
 * found, for its slots.
 */
void gate_size(const struct target *target, struct report *report);

#endif
