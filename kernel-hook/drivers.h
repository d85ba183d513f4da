/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that do not come back from sleep.
 */
#ifndef HOOK_DRIVERS_H
#define HOOK_DRIVERS_H

#include "report.h"

/*
 * Each whose driver says that it cannot be woken is an obstacle: after a restore it would be
 * dead, and whoever asks it for something would wait for ever.
 */
void gate_drivers(struct report *report);

#endif
