/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FASTBOOTCTL_GATES_H
#define FASTBOOTCTL_GATES_H

/*
 * Has the module look for obstacles to an image of this kind, "golden" or "once".  *ret_refusal:
 * see refusal.h; NULL if there is none.  0, or the exit status after a report.
 */
int gates_look(const char *kind, char **ret_refusal);

#endif
