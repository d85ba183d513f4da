/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware for the tests of what the loader reads and writes: a table of media with device paths
 * represents the firmware's handles; a medium can be unconnected, fail, be read-only, or report
 * writes that it did not do.
 */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include <imgfmt/handoff.h>

#include "base.h"
#include "variables.h"

#include <efipciio.h>

#define DISK_SIZE  (8 * MIB)
#define PART_START (2 * MIB)
#define PART_SIZE  (4 * MIB)
#define MAX_MEDIA  8

enum write_fault { WRITE_WORKS, WRITE_FAILS, WRITE_IS_LOST };

/* PI 1.8, volume 3, "EFI Disk Info Protocol". */
struct disk_info {
	EFI_GUID interface;
	EFI_STATUS(EFIAPI *inquiry)(struct disk_info *info, VOID *to, UINT32 *size);
	EFI_STATUS(EFIAPI *identify)(struct disk_info *info, VOID *to, UINT32 *size);
};

/* A handle is the address of one of these. */
struct medium {
	uint8_t path[512];
	size_t path_size; /* with the end node */
	EFI_BLOCK_IO bio; /* `this` of its calls */
	EFI_BLOCK_IO_MEDIA media;
	EFI_BLOCK_IO2_PROTOCOL bio2;
	bool asynchronous; /* has `bio2` */
	uint8_t *bytes;
	bool connected;
	uint64_t fail_read_at; /* byte that cannot be read; NOWHERE */
	enum write_fault write_fault;
	EFI_STATUS flush_status;
	unsigned int reads, queued; /* synchronous reads; others */
	unsigned int writes, flushes;
	bool dirty; /* written and not flushed */
	EFI_PCI_IO_PROTOCOL pci;
	struct disk_info info;
	const char *serial; /* of an ATA disk; NULL: not reported */
	uint32_t class;	    /* of a controller: PCI class and revision; 0: a medium */
};

#define NOWHERE (~0ull)

extern struct medium medium[MAX_MEDIA];
extern unsigned int nr_media;
extern unsigned int connect_calls;

extern bool variable_there; /* HibernateLocation */
extern struct img_refusal refusal;
extern UINTN refusal_size; /* 0: none */
extern bool removal_fails;

/* No media, no variables. */
void firmware_set_up(void);
void firmware_tear_down(void);

struct medium *new_medium(uint8_t *bytes, uint64_t size, uint32_t block);
void add_node(struct medium *m, uint8_t type, uint8_t subtype, const void *body, size_t size);
void add_root_node(struct medium *m);

/* Its bytes follow from the port. */
struct medium *new_disk(uint8_t port, uint32_t block);

/* uuid: 16 times this byte; 0: a partition of a DOS table. */
struct medium *new_partition(struct medium *disk, uint8_t uuid);
struct medium *new_partition_at(struct medium *disk, uint8_t uuid, uint64_t start, uint64_t size);

/* Its GUID from now on: 16 times this byte. */
void rename_partition(struct medium *m, uint8_t uuid);

/* Events of asynchronous reads that are still open. */
unsigned int open_events(void);

EFI_STATUS EFIAPI fake_pci_read(EFI_PCI_IO_PROTOCOL *pci, EFI_PCI_IO_PROTOCOL_WIDTH width,
				UINT32 offset, UINTN count, VOID *to);

#endif
