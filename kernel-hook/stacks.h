/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices that are made of others, and what their drivers keep of these in memory: tables,
 * thin metadata, the state of array members, keys.  Each active one is in the image, mounted or
 * not; docs/storage-stacks.md says which can be proven.
 */
#ifndef HOOK_STACKS_H
#define HOOK_STACKS_H

#include "report.h"
#include "seal.h"
#include "surveyed.h"

/*
 * Notes every active one in the survey and judges it.  Opens what proves how it is mapped: its
 * sources and all partitions below.
 */
void stacks_find(struct survey *survey);

/* Obstacles: those that cannot be proven. */
void gate_stacks(const struct survey *survey, struct report *report);

/* Obstacles: open encrypted volumes, whose keys are in the image, if that is not sealed. */
void gate_crypt(const struct survey *survey, const struct seal *seal, struct report *report);

/*
 * With the tasks frozen: those that have appeared or changed since, and arrays that are not clean
 * within a second.
 */
void gate_stacks_frozen(const struct survey *survey, struct report *report);

/* After the copy of memory, and again after the proofs: arrays that are being written. */
void stacks_check_copied(const struct survey *survey, struct report *report);

#endif
