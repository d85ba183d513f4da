/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables that Linux shows, as items of a fingerprint. */
#ifndef FASTBOOTCTL_ACPI_TABLES_H
#define FASTBOOTCTL_ACPI_TABLES_H

#include <imgfmt/fingerprint.h>

#include "machine/gap.h"

/*
 * scratch: IMG_ACPI_SCRATCH bytes.  False, and nothing was added: Linux shows none.  The number of
 * processors comes with them.
 */
bool acpi_tables_fingerprint(const struct img_meta *meta, struct img_fp *fp, void *scratch,
			     machine_gap_fn gap);

#endif
