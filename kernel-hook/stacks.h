/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices that are made of others, and what their drivers keep of these in memory: tables,
 * thin metadata, the state of array members, keys.
 */
#ifndef HOOK_STACKS_H
#define HOOK_STACKS_H

#include "report.h"
#include "survey.h"

/*
 * Each active one is an obstacle, mounted or not: nothing proves that its lower devices are
 * unchanged.
 */
void gate_stacks(const struct survey *survey, struct report *report);

#endif
