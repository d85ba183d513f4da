/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images on a partition: imgfmt's decoders, with the reads they need. */
#ifndef FASTBOOTCTL_IMAGE_H
#define FASTBOOTCTL_IMAGE_H

#include <imgfmt/imgfmt.h>

#include "area/area.h"

/* The validated sections of one slot, and the buffer they point into. */
struct image_meta {
	struct img_meta meta;
	struct img_seal seal; /* of a sealed image */
	void *buf;
};

/*
 * These report nothing.  IMG_E_DISK_READ comes with errno, IMG_E_NO_MEMORY without; detail may
 * be NULL.  IMG_E_GATE_AREA_MOVED: the header names other pieces than those that the part is made
 * of; *ret_area is filled in.
 */
enum img_reason image_read_area(const struct part *part, struct img_area *ret_area,
				struct img_detail *detail);
enum img_reason image_read_slot(const struct area *area, uint32_t slot, struct img_slot *ret_slot,
				struct img_detail *detail);
/*
 * As img_state_decode.  *ret_damaged: whether the block is not a state at all; a state that was
 * never written, or that belongs to another image, is not valid either, but undamaged.  ret_damaged
 * may be NULL.
 */
enum img_reason image_read_state(const struct area *area, uint32_t slot,
				 const struct img_slot *header, struct img_state *ret_state,
				 bool *ret_damaged);
enum img_reason image_read_meta(const struct area *area, uint32_t slot,
				const struct img_slot *header, struct image_meta *ret_meta,
				struct img_detail *detail);

/* The domain of a sealed image, without its other tables.  IMG_OK, or the reason why not. */
enum img_reason image_read_domain(const struct area *area, uint32_t slot,
				  const struct img_slot *header, enum img_seal_domain *ret_domain);

void image_meta_free(struct image_meta *meta);
#define _cleanup_meta_ __attribute__((cleanup(image_meta_free)))

/* For one chunk. */
struct image_buffers {
	void *stored; /* IMG_CHUNK_SIZE bytes */
	void *pages;  /* the same, 8-byte aligned */
};

/*
 * Reads and checks the chunk, which is from a validated table, into buffers->stored.  More is not
 * possible if the image is sealed: the key is in the firmware.
 */
enum img_reason image_check_chunk(const struct area *area, uint32_t slot,
				  const struct img_chunk *chunk,
				  const struct image_buffers *buffers);

/* The same, and decodes it into buffers->pages. */
enum img_reason image_read_chunk(const struct area *area, uint32_t slot,
				 const struct img_chunk *chunk,
				 const struct image_buffers *buffers);

/* Empties the slot: erases and flushes its header, then its state.  Reports a failure. */
int image_erase_slot(const struct area *area, uint32_t slot);

/* "DEV: slot A", for a report; keeps errno. */
struct image_where {
	char s[512];
};
struct image_where image_where(const struct area *area, uint32_t slot);

/* Reports what one of the above returned, with the text of the right table. */
int image_fail(enum img_reason reason, const struct img_detail *detail, const char *where);

/* The same for a chunk, with errno for IMG_E_DISK_READ. */
int image_fail_chunk(const struct area *area, uint32_t slot, uint64_t number,
		     const struct img_chunk *chunk, enum img_reason reason);

#endif
