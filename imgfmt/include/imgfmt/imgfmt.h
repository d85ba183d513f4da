/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Everything, for hosts that want it. */
#ifndef IMGFMT_IMGFMT_H
#define IMGFMT_IMGFMT_H

#include "fingerprint.h"
#include "guid.h"
#include "handoff.h"
#include "options.h"
#include "plan.h"
#include "proof.h"
#include "reader.h"
#include "reasons.h"
#include "result.h"
#include "seal.h"
#include "writer.h"

#endif
