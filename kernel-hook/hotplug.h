/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processors and memory that are plugged or unplugged.
 */
#ifndef HOOK_HOTPLUG_H
#define HOOK_HOTPLUG_H

#include "report.h"

/* Watches for memory being plugged, as long as the module is loaded.  0 or a negative errno. */
int hotplug_watch(void);
void hotplug_unwatch(void);

/* Obstacles: a processor or memory that is being plugged or unplugged now. */
void gate_hotplug(struct report *report);

#endif
