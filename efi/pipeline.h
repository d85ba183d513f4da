/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All chunks, from the disk to their places. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include <imgfmt/reasons.h>

struct loader;

/* After claim_all(); on IMG_OK the image is in memory, but for the staged pages. */
enum img_reason pipeline_run(struct loader *l);

#endif
