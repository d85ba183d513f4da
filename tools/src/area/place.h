/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a disk is plugged in, and which one it is, in the words of its image's proofs
 * (imgfmt/proof.h).
 */
#ifndef FASTBOOTCTL_PLACE_H
#define FASTBOOTCTL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include <imgfmt/proof.h>

/* What the path of a disk's device in sysfs tells. */
struct place_path {
	uint16_t segment;
	uint8_t bus, devfn;
	enum img_place_kind kind;
	unsigned int ata;	      /* of ATA: the kernel's number of the port, among all */
	unsigned int channel, target; /* of ATA and SCSI */
	char function[16];	      /* of PCI, as in "0000:00:1f.2" */
	unsigned long long lun;
};

/* path: as in "/sys/devices/pci0000:00/0000:00:1f.2/ata1/..."; false: it tells no place. */
bool place_parse(const char *path, struct place_path *ret_place);

/* name: of a whole disk, as "sda".  An img_place; 0: it cannot be told. */
uint64_t place_of(const char *name);

/* Which disk it is (imgfmt/proof.h, IMG_PROOF_IDENTITY); 0: it cannot be told. */
uint64_t place_identity(const char *name);

/* text: as in the file `eui` of sysfs, "52 54 00 ..."; 0: it is none. */
uint64_t place_parse_eui64(const char *text);

#endif
