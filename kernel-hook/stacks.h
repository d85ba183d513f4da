/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices that are made of others, and what their drivers keep in memory of these: tables,
 * thin metadata, the state of array members, keys.
 */
#ifndef HOOK_STACKS_H
#define HOOK_STACKS_H

#include "report.h"
#include "survey.h"

/* Each that is active is an obstacle, mounted or not: nothing proves what lies below unchanged. */
void gate_stacks(const struct survey *survey, struct report *report);

#endif
