/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the machine is today, in the terms of the image's fingerprint. */
#ifndef MACHINE_H
#define MACHINE_H

#include <imgfmt/reasons.h>

struct loader;

/* Fills in l->fp and the memory map. */
enum img_reason machine_look(struct loader *l);

#endif
