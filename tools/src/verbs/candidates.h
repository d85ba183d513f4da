/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The swap space of this machine that could carry images. */
#ifndef FASTBOOTCTL_CANDIDATES_H
#define FASTBOOTCTL_CANDIDATES_H

/* Prints it, best first, with the commands to type; writes nothing.  The exit status. */
int candidates_list(void);

#endif
