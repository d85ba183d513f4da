/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hibernation by another program, next to a golden image that is restored at the next start: the
 * hibernated system would be passed over, and resuming it later would bring back its old knowledge
 * of the disks.
 */
#ifndef HOOK_RIVAL_H
#define HOOK_RIVAL_H

#include <linux/types.h>

/* Watches as long as the module is loaded.  0 or a negative errno. */
int rival_watch(void);
void rival_unwatch(void);

/* True: this machine has a golden image, so nobody else may hibernate it (-EBUSY). */
void rival_forbid(bool forbid);

/* True: if the calling task opens /dev/snapshot now, it is for an image of ours. */
void rival_is_us(bool us);

#endif
