/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pieces of partitions that a device or a file is made of.  A partition is itself.  A device of
 * device mapper is followed down through linear segments and dm-crypt, which moves no byte; a file
 * through its file system's map, and then likewise.  Other stacks have no map that both holds and
 * can be written down in an area header.
 */
#ifndef FASTBOOTCTL_MAP_H
#define FASTBOOTCTL_MAP_H

#include "area/disks.h"
#include "base/fail.h"

/* Why there is no map. */
struct map_refusal {
	enum failure failure;
	int error; /* errno; 0: no call failed */
	char s[320];
};

/* Is it a device whose bytes are another device's: of device mapper, or an array? */
bool map_is_stacked(const struct part *part);

/*
 * Finds part->pieces of a stacked device or of a regular file, and opens them: for writing if the
 * part was claimed to be written.  disks: opened here if they are not yet; the caller closes them.
 * False: *why.
 */
bool map_try(struct part *part, enum part_access access, struct disks *disks,
	     struct map_refusal *why);

/* The same with a report: 0 or the exit status. */
int map_part(struct part *part, enum part_access access);

/* After a failed map_try().  The exit status. */
int map_fail(const struct map_refusal *why);

#endif
