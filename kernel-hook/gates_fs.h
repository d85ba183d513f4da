/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gates of file systems and of the partition tables around them.
 */
#ifndef HOOK_GATES_FS_H
#define HOOK_GATES_FS_H

#include "report.h"
#include "survey.h"

/* Obstacles, for a golden image: file systems that are mounted writable. */
void gate_fs_writable(const struct survey *survey, struct report *report);

/*
 * Likewise only that of the file with the image area, for an image during which others may be
 * writable.
 */
void gate_fs_of_file(const struct survey *survey, struct report *report);

/*
 * Obstacles: file systems and partition tables that nothing can prove to be unchanged at a restore.
 * block: IMG_BLOCK bytes, overwritten.
 */
void gate_fs_unprovable(const struct survey *survey, void *block, struct report *report);

/* The same with the tasks frozen: file systems mounted since the first look. */
void gate_fs_late(const struct survey *survey, struct report *report);

#endif
