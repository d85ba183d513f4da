/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fast-boot area: the open partition that carries it, and its decoded header. */
#ifndef FASTBOOTCTL_AREA_H
#define FASTBOOTCTL_AREA_H

#include <imgfmt/imgfmt.h>

#include "area/part.h"

struct area {
	struct part part;
	struct img_area header;
};
#define AREA_CLOSED { .part = PART_CLOSED }

struct area_request {
	const char *verb; /* the verb that reports */
	const char *path; /* NULL: find the one area of this machine */
	int slot;	  /* a slot that the area must have; -1: no particular one */
	enum part_access access;
};

/* 0, or the exit status after a report, with nothing open. */
int area_open(const struct area_request *request, struct area *ret_area);

/*
 * Looks for the one area of this machine, without a report.  How many were found, even if damaged
 * or moved ones are not among them; *ret_area is open if it is one.
 */
unsigned int area_look(struct area *ret_area);

/* On a device of this machine, or in a file that has its place on one; not in a copy of a
 * partition. */
static inline bool area_is_here(const struct area *area)
{
	return area->part.rdev || area->part.pieces;
}

static inline void area_close(struct area *area)
{
	part_close(&area->part);
}
#define _cleanup_area_ __attribute__((cleanup(area_close)))

#endif
