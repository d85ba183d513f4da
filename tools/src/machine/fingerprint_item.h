/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One item of the machine fingerprint as text.  Pure functions. */
#ifndef FASTBOOTCTL_FINGERPRINT_ITEM_H
#define FASTBOOTCTL_FINGERPRINT_ITEM_H

#include <imgfmt/fingerprint.h>

struct fingerprint_item_text {
	char what[48]; /* "PCI device 0000:00:1f.2" */
	char value[96];
};

struct fingerprint_item_text fingerprint_item_describe(const struct img_fp_item *item);

#endif
