/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One item of the machine fingerprint in words.  Pure functions. */
#ifndef FASTBOOTCTL_FPITEM_H
#define FASTBOOTCTL_FPITEM_H

#include <imgfmt/fingerprint.h>

struct fpitem_text {
	char what[48]; /* "PCI device 0000:00:1f.2" */
	char value[96];
};

struct fpitem_text fpitem_describe(const struct img_fp_item *item);

#endif
