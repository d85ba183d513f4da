/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares the proofs of an image with today's disks, as the loader does (efi/proofs.c). */
#ifndef FASTBOOTCTL_PROOFS_H
#define FASTBOOTCTL_PROOFS_H

#include <imgfmt/proof.h>

#include "area/disks.h"
#include "base/jsonout.h"

struct proofs {
	const struct disks *disks;
	const struct part *own; /* the image's partition */
	const char *why;	/* why the last missing disk is missing */
};

/* For img_decide. */
struct img_proof_probe proofs_probe(struct proofs *proofs);

/*
 * Prints for each proof of the image what it covers and whether it holds, as lines and in the array
 * `to`.  refused: called for each that does not hold; the detail's field says why a disk is
 * missing.
 */
typedef void (*proofs_refused_fn)(void *ctx, enum img_reason reason,
				  const struct img_detail *detail);
void proofs_report(struct proofs *proofs, const struct img_meta *meta, struct json_object *to,
		   proofs_refused_fn refused, void *ctx);

/*
 * Reads the bytes of each proof from its disk, whatever they are today: are the disks there that
 * the image's system works with?  IMG_E_DISK_MISSING or IMG_E_DISK_READ for the first that is not.
 */
enum img_reason proofs_read(struct proofs *proofs, const struct img_meta *meta,
			    struct img_detail *detail);

/*
 * Turns img_proof_check's detail into what the loader reports: for a disk that is missing or cannot
 * be read, nothing was compared.
 */
void proofs_complete_detail(const struct proofs *proofs, enum img_reason reason,
			    struct img_detail *detail);

#endif
