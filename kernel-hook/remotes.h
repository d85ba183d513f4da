/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disks of another machine: the session with it ends when this machine is restarted, and the loader
 * does not see them.
 */
#ifndef HOOK_REMOTES_H
#define HOOK_REMOTES_H

#include "report.h"
#include "survey.h"

/* Each is an obstacle, in use or not. */
void gate_remotes(const struct survey *survey, struct report *report);

#endif
