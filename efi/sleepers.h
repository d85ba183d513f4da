/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other systems that hibernated and wait on a disk. */
#ifndef SLEEPERS_H
#define SLEEPERS_H

#include <imgfmt/reasons.h>

struct loader;

/* IMG_E_HIBERNATED: found one.  Connects disks, so call it before machine_look(). */
enum img_reason sleepers_look(struct loader *l);

#endif
