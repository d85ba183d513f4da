/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images on a partition: imgfmt's decoders with the reading done. */
#ifndef FASTBOOTCTL_IMAGE_H
#define FASTBOOTCTL_IMAGE_H

#include <imgfmt/imgfmt.h>

#include "area/area.h"

/* The validated sections of one slot, and the buffer they point into. */
struct image_meta {
	struct img_meta meta;
	void *buf;
};

/*
 * These report nothing.  IMG_E_DISK_READ comes with errno, IMG_E_NO_MEMORY without; detail may
 * be NULL.
 */
enum img_reason image_read_area(const struct part *part, struct img_area *ret_area,
				struct img_detail *detail);
enum img_reason image_read_slot(const struct area *area, uint32_t slot, struct img_slot *ret_slot,
				struct img_detail *detail);
/*
 * What img_state_decode makes of it.  damaged: the block is no state at all; one that was never
 * written or is another image's is not valid either, but whole.  NULL: of no interest.
 */
enum img_reason image_read_state(const struct area *area, uint32_t slot,
				 const struct img_slot *header, struct img_state *ret_state,
				 bool *ret_damaged);
enum img_reason image_read_meta(const struct area *area, uint32_t slot,
				const struct img_slot *header, struct image_meta *ret_meta,
				struct img_detail *detail);

void image_meta_free(struct image_meta *meta);
#define _cleanup_meta_ __attribute__((cleanup(image_meta_free)))

/* For one chunk. */
struct image_buffers {
	void *stored; /* IMG_CHUNK_SIZE bytes */
	void *pages;  /* likewise, 8-byte aligned */
};

/* chunk: out of a validated table.  Reads, checks and decodes it. */
enum img_reason image_read_chunk(const struct area *area, uint32_t slot,
				 const struct img_chunk *chunk,
				 const struct image_buffers *buffers);

/* Empties the slot: its header goes first and is flushed, then its state.  Reports a failure. */
int image_erase_slot(const struct area *area, uint32_t slot);

/* "DEV: slot A", to report about; errno stays. */
struct image_where {
	char s[512];
};
struct image_where image_where(const struct area *area, uint32_t slot);

/* Reports what one of the above returned, in the words of the right table. */
int image_fail(enum img_reason reason, const struct img_detail *detail, const char *where);

/* The same about a chunk, and errno if it is IMG_E_DISK_READ. */
int image_fail_chunk(const struct area *area, uint32_t slot, uint64_t number,
		     const struct img_chunk *chunk, enum img_reason reason);

#endif
