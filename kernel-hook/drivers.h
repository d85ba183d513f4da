/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that do not survive sleep.
 */
#ifndef HOOK_DRIVERS_H
#define HOOK_DRIVERS_H

#include "report.h"

/*
 * Each device whose driver cannot wake it is an obstacle: after a restore it would be dead, and its
 * users would wait forever.
 */
void gate_drivers(struct report *report);

#endif
