/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One attempt at a snapshot, and what is known of the last one.
 */
#ifndef HOOK_SNAPSHOT_H
#define HOOK_SNAPSHOT_H

#include <linux/ktime.h>
#include <imgfmt/imgfmt.h>

#include "checkpoint.h"
#include "pack.h"
#include "record.h"
#include "report.h"
#include "resume.h"
#include "shared.h"
#include "stream.h"
#include "target.h"

/* Times of a capture in nanoseconds, sizes of the image. */
struct snapshot_figures {
	u64 freeze_ns;
	u64 create_ns;
	u64 write_ns;
	u64 pages;
	u64 stored_pages;
	u64 bytes; /* chunks and sections, as they lie on the disk */
};

enum snapshot_state { SNAPSHOT_IDLE, SNAPSHOT_DONE, SNAPSHOT_RESTORED };

/* What sysfs shows. */
struct snapshot_status {
	enum snapshot_state state;
	u64 generation;
	u64 restores; /* of that generation, with the last one; 0 unless restored */
	struct snapshot_figures figures;
	struct resume_figures resume;
};

struct snapshot {
	const char *description;
	u64 generation;
	u8 image_uuid[16];
	struct img_handoff *handoff;
	struct report *report;

	struct target target;
	struct record record;
	struct shared shared;
	struct pack pack;
	struct stream stream;
	struct resume resume;
	struct checkpoint checkpoint;

	struct snapshot_figures figures;
};

/*
 * Takes a golden image.  Returns 0 twice: when the image is durable, and after
 * each restore of it.  On failure the obstacles are in the report and the machine
 * goes on as before.  One at a time, process context.
 *
 * handoff: a page of its own, which the loader writes to.  status: what was last
 * published; changed and published again (sysfs_publish).
 */
int snapshot_golden(const char *description, const char *partuuid, struct img_handoff *handoff,
		    struct snapshot_status *status, struct report *report);

/* SAVED: streams the image to its slot.  0: it is durable. */
int image_write(struct snapshot *snapshot);

/* RESTORED: counts the restore in the slot's state block.  Failure costs a count only. */
int image_count_restore(struct snapshot *snapshot, u64 restores);

#endif
