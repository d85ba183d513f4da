/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a disk is plugged in, and which one it is, in the terms of its image's proofs
 * (imgfmt/proof.h).
 */
#ifndef FASTBOOTCTL_PLACE_H
#define FASTBOOTCTL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include <imgfmt/proof.h>

/* What the path of a disk's device in sysfs shows. */
struct place_path {
	uint16_t segment;
	uint8_t bus, devfn;
	enum img_place_kind kind;
	unsigned int ata;	      /* ATA: the kernel's number of the port, among all ports */
	unsigned int channel, target; /* ATA and SCSI */
	char function[16];	      /* the PCI function, such as "0000:00:1f.2" */
	unsigned long long lun;
};

/* path: such as "/sys/devices/pci0000:00/0000:00:1f.2/ata1/..."; false: it shows no place. */
bool place_parse(const char *path, struct place_path *ret_place);

/* name: of a whole disk, such as "sda".  Returns an img_place; 0: unknown. */
uint64_t place_of(const char *name);

/* Which disk it is (imgfmt/proof.h, IMG_PROOF_IDENTITY); 0: unknown. */
uint64_t place_identity(const char *name);

/* text: as in the file `eui` in sysfs, "52 54 00 ..."; 0: not an EUI-64. */
uint64_t place_parse_eui64(const char *text);

#endif
