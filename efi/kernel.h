/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A normal boot that the loader makes itself. */
#ifndef KERNEL_H
#define KERNEL_H

struct loader;

/*
 * Starts the kernel of the option kernel= with a key for its module.  Returns only if there is no
 * such kernel or it was not to be started; then nothing is left behind, and that is reported.
 */
void kernel_start(struct loader *l);

#endif
