/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hibernation by somebody else, beside a golden image that is restored at the next start: the
 * sleeping system would be passed over, and a resume of it later would bring back what it knew of
 * the disks before.
 */
#ifndef HOOK_RIVAL_H
#define HOOK_RIVAL_H

#include <linux/types.h>

/* Watches as long as the module is there.  0 or a negative errno. */
int rival_watch(void);
void rival_unwatch(void);

/* Whether this machine has a golden image, and so nobody else may hibernate it (-EBUSY). */
void rival_forbid(bool forbid);

/* Whether what the calling task opens now is /dev/snapshot for an image of ours. */
void rival_is_us(bool us);

#endif
