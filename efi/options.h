/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot entry's options (LoadOptions), without the firmware: pure, for host tests too. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <imgfmt/reasons.h>

struct options {
	int slot;	       /* 0, 1; -1: the usable one of the highest rank */
	bool have_part_uuid;   /* partuuid= was given */
	uint8_t part_uuid[16]; /* as on disk: the first three fields little-endian */
	bool one_core;
	bool verbose;
	bool simulate;
	bool probe;
	bool quiet;
};

/*
 * text: `count` UCS-2 characters, ended early by a NUL.  A first word that ends in ".efi" is the
 * program's name, as the UEFI shell passes it.  IMG_E_BAD_OPTION: detail->index is the number of
 * the word, from 0.
 */
enum img_reason options_parse(const uint16_t *text, size_t count, struct options *ret_options,
			      struct img_detail *detail);

#endif
