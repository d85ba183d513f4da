/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Linux does not show about the machine, so that it cannot be compared. */
#ifndef FASTBOOTCTL_GAP_H
#define FASTBOOTCTL_GAP_H

/* what: "ACPI table 0, XSDT"; why: a clause */
typedef void (*machine_gap_fn)(const char *what, const char *why);

#endif
