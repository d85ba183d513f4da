/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All chunks, from the disk to their places. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include <imgfmt/reasons.h>

struct loader;

/* Call it after claim_all().  On IMG_OK all pages but the staged ones are in their places. */
enum img_reason pipeline_run(struct loader *l);

#endif
