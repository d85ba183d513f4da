/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ACPI tables that Linux shows, as items of a fingerprint. */
#ifndef FASTBOOTCTL_ACPI_TABLES_H
#define FASTBOOTCTL_ACPI_TABLES_H

#include <imgfmt/fingerprint.h>

#include "machine/gap.h"

struct acpi_tables;

/* The tables of this machine; Linux may show none.  NULL: out of memory. */
struct acpi_tables *acpi_tables_read(void);

/*
 * The same from bytes.  name: of the table's file in sysfs, such as "SSDT2"; any other file is
 * skipped.  data: from malloc(); takes ownership of it.
 */
struct acpi_tables *acpi_tables_new(void);
void acpi_tables_add(struct acpi_tables *tables, const char *name, char *data, size_t size);

void acpi_tables_free(struct acpi_tables **tables);
#define _cleanup_acpi_tables_ __attribute__((cleanup(acpi_tables_free)))

/*
 * Adds the tables and, with them, the number of processors.  Call it once for each acpi_tables,
 * whose tables it puts into the image's order.  scratch: IMG_ACPI_SCRATCH bytes.  False, with
 * nothing added: there are no tables.
 */
bool acpi_tables_fingerprint(struct acpi_tables *tables, const struct img_meta *meta,
			     struct img_fp *fp, void *scratch, machine_gap_fn gap);

#endif
