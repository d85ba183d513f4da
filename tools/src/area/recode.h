/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the same image in other chunks, from one slot of an area into another, a chunk at a time.
 * Pages, index and everything that is not about chunks stay the same.
 *
 *   recode_open	reads and checks the original's tables
 *   recode_try		reads, checks and decodes each of its chunks; writes nothing
 *   recode_write	writes the copy, reads it back, compares, commits
 *
 * Each returns 0, or the exit status after a report.
 */
#ifndef FASTBOOTCTL_RECODE_H
#define FASTBOOTCTL_RECODE_H

#include <imgfmt/imgfmt.h>
#include <imgfmt/writer.h>

#include "area/image.h"

struct recode {
	/* The caller's. */
	const struct area *area;
	uint32_t from, to; /* slots */
	const struct img_slot *original;
	struct img_state state; /* of the copy */
	uint64_t generation;	/* of the copy */
	int level;		/* of LZ4HC */

	struct image_meta meta; /* the original's */
	struct img_slot copy;	/* complete once all chunks are encoded */
	struct img_writer writer;
	struct img_run_disk *run;
	struct img_chunk_disk *chunk;
	void *hc;		       /* LZ4HC's state */
	struct image_buffers old, new; /* a chunk of each */
};

int recode_open(struct recode *r);

/* Also encodes, for the copy's figures, if asked to or if the copy might not fit. */
int recode_try(struct recode *r, bool encode);

/*
 * After any failure the target slot is empty and the original unchanged.  Warns of a header that
 * was written and cannot be withdrawn.
 */
int recode_write(struct recode *r);

/* The copy's tables for stats_collect; valid once all chunks are encoded. */
struct img_meta recode_copy(const struct recode *r);

void recode_close(struct recode *r);
#define _cleanup_recode_ __attribute__((cleanup(recode_close)))

#endif
