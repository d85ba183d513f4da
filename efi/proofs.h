/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the disks hold today of the bytes that prove them unchanged. */
#ifndef PROOFS_H
#define PROOFS_H

#include <imgfmt/proof.h>

struct disk;
struct memory;

struct proofs {
	const struct disk *own; /* the image's partition; NULL: the area is a map */
	uint8_t *buffer;
	const char *why_missing; /* of the last disk that is missing */
	uint64_t bytes_read;
	uint64_t ticks; /* TSC, spent on all proofs */
};

/* Connects the disks that the proofs need; call it before machine_look(). */
enum img_reason proofs_prepare(struct memory *memory, const struct disk *own,
			       const struct img_meta *meta, struct proofs *ret_proofs);

/* For struct img_proof_probe, with the proofs as its ctx. */
enum img_reason proofs_digest(void *proofs, const struct img_proof *proof, uint64_t *ret_digest);

#endif
