/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One attempt at a snapshot, and what is known of the last image.
 */
#ifndef HOOK_SNAPSHOT_H
#define HOOK_SNAPSHOT_H

#include <linux/ktime.h>
#include <imgfmt/imgfmt.h>

#include "checkpoint.h"
#include "compat/hibernation_mode.h"
#include "disks.h"
#include "pack.h"
#include "proofs.h"
#include "record.h"
#include "report.h"
#include "request.h"
#include "resume.h"
#include "shared.h"
#include "status.h"
#include "stream.h"
#include "survey.h"
#include "target.h"

struct snapshot {
	struct snapshot_request request;
	u64 generation;
	u8 image_uuid[16];
	u64 erased; /* generation of the image that was in the slot, 0: none, or not erased */
	struct report *report;

	struct target target;
	struct survey survey;
	struct proofs proofs;
	struct disks disks;
	struct record record;
	struct shared shared;
	struct pack pack;
	struct stream stream;
	struct resume resume;
	struct checkpoint checkpoint;
	struct hibernation_mode hibernation_mode;

	struct snapshot_figures figures;
	/* The header may be on the disk or not: neither its flush nor its erasure succeeded. */
	bool doubtful;
};

/*
 * Takes an image, or tries how far that would get.  Of a golden image it returns 0
 * twice: when the image is durable, and after each restore of it.  Of an image for
 * one restore only the latter: once it is durable the machine is powered off.  On
 * failure the obstacles are in the report and the machine goes on as before.
 *
 * One at a time, process context.  status: what was last published; changed and
 * published again.
 */
int snapshot_run(const struct snapshot_request *request, struct snapshot_status *status,
		 struct report *report);

/*
 * SAVED: reads the stream and, as far as the request goes, writes the image to its
 * slot.  0: it is durable.  After a failure the slot does not hold it, but for one
 * kind: see `doubtful`.
 */
int image_write(struct snapshot *snapshot);

#endif
