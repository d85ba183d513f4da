/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images on a partition: imgfmt's decoders with the reading done. */
#ifndef FASTBOOTCTL_IMAGE_H
#define FASTBOOTCTL_IMAGE_H

#include <imgfmt/imgfmt.h>

#include "part.h"

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
enum img_reason image_read_slot(const struct part *part, const struct img_area *area, uint32_t slot,
				struct img_slot *ret_slot, struct img_detail *detail);
/* A state block that is damaged or another image's counts as zeroes; intact is false if damaged. */
enum img_reason image_read_state(const struct part *part, const struct img_area *area,
				 uint32_t slot, const struct img_slot *header,
				 struct img_state *ret_state, bool *ret_intact);
enum img_reason image_read_meta(const struct part *part, const struct img_area *area, uint32_t slot,
				const struct img_slot *header, struct image_meta *ret_meta,
				struct img_detail *detail);

void image_meta_free(struct image_meta *meta);
#define _cleanup_meta_ __attribute__((cleanup(image_meta_free)))

/*
 * Opens `path`, or finds the one area where it is NULL, and reads the area's header; `slot`, if
 * not -1, must be one it has.  Reports what is wrong in the name of `verb`; the caller closes
 * the part in any case.
 */
int image_open(const char *verb, const char *path, int slot, struct part *ret_part,
	       struct img_area *ret_area);

/* Reports what one of the above returned, in the words of the right table. */
int image_fail(enum img_reason reason, const struct img_detail *detail, const char *where);

#endif
