/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same image in other chunks: from one slot of an area into another, a chunk
 * at a time.  Pages, index and all that is not about chunks stay as they are.
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
	struct img_state state; /* that the copy is to have */
	uint64_t generation;	/* likewise */
	int level;		/* of LZ4HC */

	struct image_meta meta; /* the original's */
	struct img_slot copy;	/* complete once all chunks were encoded */
	struct img_writer writer;
	struct img_run_disk *run;
	struct img_chunk_disk *chunk;
	void *hc;		       /* LZ4HC's state */
	struct image_buffers old, new; /* a chunk of each */
};

int recode_open(struct recode *r);

/* Encodes too, so that the copy's figures are known, where asked to or where room is in doubt. */
int recode_try(struct recode *r, bool encode);

/*
 * Whatever fails, the slot it goes to is empty then and the original as it was.  A header that
 * was written and cannot be withdrawn is warned of.
 */
int recode_write(struct recode *r);

/* The copy's tables for stats_collect; once all chunks were encoded. */
struct img_meta recode_copy(const struct recode *r);

void recode_close(struct recode *r);
#define _cleanup_recode_ __attribute__((cleanup(recode_close)))

#endif
