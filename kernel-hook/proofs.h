/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The proofs that go into the image: what the disks contain now, for the loader to compare.
 * docs/safety.md says what is proven.
 */
#ifndef HOOK_PROOFS_H
#define HOOK_PROOFS_H

#include <linux/types.h>
#include <imgfmt/imgfmt.h>

#include "report.h"
#include "survey.h"
#include "target.h"

struct proofs {
	struct img_proof_disk *disk; /* page aligned; zeroes after the last */
	u64 nr;
	void *buffer; /* what a device has */
	void *raw;    /* what the partitions below it have */
	bool frozen;  /* nothing writes: both must be equal */
};

/* All the memory that will be needed, and the probe that follows reads. */
int proofs_prepare(struct proofs *proofs, struct report *report);

/*
 * Takes all of them, while tasks run, for the obstacles alone: what cannot be followed is named
 * before anything is frozen.
 */
int proofs_rehearse(struct proofs *proofs, const struct survey *survey, const struct target *target,
		    struct report *report);

/*
 * Reads the disks, through the files of the survey.  With the tasks frozen, after the capture, so
 * that nothing writes to what has been read.  Allocates nothing.
 */
int proofs_collect(struct proofs *proofs, const struct survey *survey, const struct target *target,
		   struct report *report);

void proofs_release(struct proofs *proofs);

/* Which bytes of a source prove something: as img_fs_extents.  block: a page, overwritten. */
enum img_reason proofs_extents(const struct survey_source *source, void *block,
			       struct img_fs_proof *ret_proof, struct img_detail *detail);

#endif
