/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sections next to the pages: restore record, machine fingerprint, EFI runtime map, auxiliary
 * ranges.  All but the arch record is known before the freeze.
 */
#ifndef HOOK_RECORD_H
#define HOOK_RECORD_H

#include <imgfmt/imgfmt.h>

#include "report.h"
#include "stream.h"

#define RECORD_MAX_RTMAP 512
#define RECORD_MAX_AUX	 64

/* An auxiliary range, mapped. */
struct record_aux {
	u64 pfn;
	u64 pages;
	const void *data;
};

/* The section tables are page-aligned and zero after the used part. */
struct record {
	struct img_record record;
	struct img_record_disk *record_disk;
	struct img_fp_disk *fp;
	struct img_rtmap_disk *rtmap;
	struct img_aux_disk *aux_disk;
	u64 nr_fp, nr_rtmap, nr_aux;
	struct record_aux aux[RECORD_MAX_AUX]; /* sorted by pfn */
};

/* Physical addresses at which the loader and this kernel meet. */
struct record_places {
	u64 handoff;
	u64 key; /* 0: the image is not sealed */
};

int record_prepare(struct record *record, const struct record_places *places,
		   struct report *report);
void record_release(struct record *record);

/* After the capture: completes the restore record. */
void record_finish(struct record *record, const struct stream_arch *arch);

/* The four sections, in the writer's form. */
struct img_writer_sections record_sections(const struct record *record);

#endif
