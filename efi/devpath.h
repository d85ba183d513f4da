/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What device paths say about a partition and the disk that it is on. */
#ifndef DEVPATH_H
#define DEVPATH_H

#include "base.h"

/* The GPT GUID of the partition that a handle is for; false: no GUID. */
bool devpath_uuid(EFI_HANDLE handle, uint8_t ret_uuid[16]);

/* The handle of the disk that a partition is on, or NULL. */
EFI_HANDLE devpath_disk(EFI_HANDLE partition);

/* Where a disk is plugged in, as an img_place; 0: unknown. */
uint64_t devpath_place(EFI_HANDLE disk);

/* Which disk it is (imgfmt/proof.h, IMG_PROOF_IDENTITY); 0: no number that we can read. */
uint64_t devpath_identity(EFI_HANDLE disk);

#endif
