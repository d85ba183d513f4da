/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File systems that live in memory, and so in each image. */
#ifndef FASTBOOTCTL_INMEMORY_H
#define FASTBOOTCTL_INMEMORY_H

/*
 * Warns of each tmpfs that holds more than 64 MiB, by its mount point: in Debian 13 /tmp is one.
 * Skips what it cannot examine.
 */
void inmemory_warn(void);

#endif
