/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The distribution's shim, which the firmware trusts, and which starts the loader. */
#ifndef FASTBOOTCTL_SHIM_H
#define FASTBOOTCTL_SHIM_H

/*
 * wanted: a name on the EFI system partition, or NULL: EFI/ID/shimx64.efi, ID being the running
 * distribution's, or else the only one.  GRUB must be beside it, because shim starts that after a
 * refusal of the loader (shim.c, init_grub).  The caller frees *ret_file, a path in the running
 * system.  0, or the exit status after a report.
 */
int shim_find(const char *esp, const char *wanted, char **ret_file);

#endif
