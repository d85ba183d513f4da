/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The attempt, on the disk before the jump. */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include <imgfmt/reasons.h>

struct loader;

/*
 * IMG_OK: l->state, with this attempt in it, is on the disk; and what the loader must remember of a
 * sealed image is in its variable.
 */
enum img_reason attempt_record(struct loader *l);

#endif
