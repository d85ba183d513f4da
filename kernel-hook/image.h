/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image that a snapshot writes: its source, its slot, and its result.
 */
#ifndef HOOK_IMAGE_H
#define HOOK_IMAGE_H

#include <linux/types.h>

struct pack;
struct proofs;
struct record;
struct report;
struct seal;
struct snapshot_figures;
struct snapshot_request;
struct stream;
struct survey;
struct target;

/* Everything pointed to is prepared; the target is open and its slot is chosen. */
struct image {
	const struct snapshot_request *request;
	u64 generation;
	u8 uuid[16];

	struct stream *stream;
	struct record *record;
	struct proofs *proofs;
	const struct survey *survey;
	struct pack *pack;
	struct seal *seal;
	const struct target *target;
	struct report *report;

	/* image_write fills in its part of the figures. */
	struct snapshot_figures *figures;
	u64 erased; /* generation of the erased image; 0: the slot had none, or it was not erased */
	/* The header may or may not be on the disk: both its flush and its erasure failed. */
	bool uncertain;
};

/*
 * SAVED: reads the stream and, as far as the request goes, writes the image to its slot.  0: it is
 * durable.  After a failure the slot does not hold it, except in one case: see `uncertain`.
 */
int image_write(struct image *image);

#endif
