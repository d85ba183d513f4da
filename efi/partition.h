/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A partition, by its GUID. */
#ifndef PARTITION_H
#define PARTITION_H

#include "base.h"

struct disk;

/* How many connected partitions have this GUID, as a GPT stores it; *ret_disk is one of them. */
UINTN partition_find(const uint8_t uuid[16], struct disk *ret_disk);

/*
 * NULL: *ret_disk is the one partition with this GUID; otherwise why not, in a few words.  With a
 * disk and its clone, the disk counts as missing: which one the kernel knew is unknown.
 */
const char *partition_open(const uint8_t uuid[16], struct disk *ret_disk);

#endif
