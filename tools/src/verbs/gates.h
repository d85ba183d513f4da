/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FASTBOOTCTL_GATES_H
#define FASTBOOTCTL_GATES_H

/*
 * Has the module look for obstacles to an image of this kind, "golden" or "once", and shows them.
 * 0, or the exit status after a report: with obstacles, FAIL_OBSTACLES.
 */
int gates_report(const char *kind);

#endif
