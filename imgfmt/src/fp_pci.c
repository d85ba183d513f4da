// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* PCI devices, identified by their configuration space. */
#include <imgfmt/fingerprint.h>

#include "internal.h"

void img_fp_add_pci(struct img_fp *fp, const struct img_pci_id *id)
{
	uint32_t index = (uint32_t)id->segment << 16 | (uint32_t)id->bus << 8 | id->devfn;
	uint64_t ids = id->vendor | (uint64_t)id->device << 16 | (uint64_t)id->subvendor << 32 |
		       (uint64_t)id->subdevice << 48;

	img_fp_add(fp, IMG_FP_PCI_DEVICE, index, ids,
		   id->class_revision | (uint64_t)id->header_type << 32);
}
