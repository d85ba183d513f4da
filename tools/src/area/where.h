/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an area that is no partition is, for people, for scripts and for the loader. */
#ifndef FASTBOOTCTL_WHERE_H
#define FASTBOOTCTL_WHERE_H

#include <imgfmt/imgfmt.h>

#include "base/jsonout.h"

/* "area=PARTITION+BYTE", the loader's option: where the area's header is.  "": a partition. */
struct where_option {
	char s[128];
};
struct where_option where_option(const struct img_area *header);

/* The same place, for status: "byte 4096 of partition 33221100-..., 2 pieces"; "": a partition. */
struct where_text {
	char s[192];
};
struct where_text where_text(const struct img_area *header);

/* A line for each piece, and an array "map" of them in `to`, without a map empty. */
void where_show_map(const struct img_area *header, struct json_object *to);

#endif
