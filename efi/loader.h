/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader's rooms, and the state of one start that several of them share.
 *
 *   discover.c  the partition with the fast-boot area
 *   sleepers.c  other systems that wait on a disk to go on
 *   devpath.c   what device paths tell of partitions and disks
 *   disk.c      reads and writes by byte offset
 *   image.c     headers, states and sections of the image
 *   refusal.c   why the saved kernel did not go on the last time
 *   memmap.c    the firmware's memory map of today
 *   machine.c   what the machine is today
 *   proofs.c    what its disks say today
 *   detail.c    which partition a refusal names
 *   alloc.c     allocations, and giving all of them back
 *   claim.c     the memory that is claimed for the image, and the pool
 *   place.c     where each page of the image goes: straight or staged
 *   pipeline.c  all chunks, from the disk to their places
 *   batch.c     which chunks one read takes
 *   reader.c    chunks from the disk into buffers
 *   workers.c   the processors that verify, decode and place them
 *   probe.c     what each of that costs alone, if asked
 *   attempt.c   the attempt, on the disk before the jump
 *   seed.c      fresh random bytes
 *   enter.c     tables for the jump, the exit from boot services, the jump
 *   report.c    what is reported: lines, picture, result variable
 *   console.c   the firmware's consoles: plain lines, key strokes
 *   screen.c    the picture on a graphics screen
 *   layout.c    where things are in it
 *
 * Execution context: UEFI boot services, one thread, interrupts on, identity
 * map; workers.c alone runs on other processors, where no boot service may be
 * called.  Until entry_enter() calls ExitBootServices every failure returns a
 * reason to efi_main, which gives all memory back and returns an error to the
 * firmware, so that it goes on to the next boot entry.
 */
#ifndef LOADER_H
#define LOADER_H

#include <imgfmt/fingerprint.h>
#include <imgfmt/handoff.h>
#include <imgfmt/options.h>
#include <imgfmt/plan.h>
#include <imgfmt/reader.h>

#include "alloc.h"
#include "claim.h"
#include "console.h"
#include "disk.h"
#include "memmap.h"
#include "place.h"
#include "proofs.h"
#include "screen.h"

#define LOADER_BLOCKS (2u * IMG_BLOCK)

struct loader {
	EFI_HANDLE self;
	struct img_options options;
	struct disk disk;
	struct img_area area;
	uint8_t *blocks; /* LOADER_BLOCKS: room for a slot's header and state */
	int slot_number;
	struct img_slot slot;
	struct img_state state;
	uint32_t passed_slot; /* would have been taken but for `passed`; IMG_OK: there is none */
	enum img_reason passed;
	struct img_meta meta;
	struct proofs proofs;
	struct img_fp fp;
	struct memmap map;
	struct img_verdict verdict;
	struct img_refusal refusal; /* all zeroes: there is none */
	struct memory memory;
	struct claim claim;
	struct staging staging;
	struct img_handoff handoff;
	struct console console;
	struct screen screen;
	struct img_detail detail; /* of the last refusal */
	uint8_t detail_uuid[16];
};

static inline void stamp(struct loader *l, enum img_stamp which)
{
	l->handoff.stamp[which] = tsc();
}

/*
 * Of the variables through which loader and kernel speak to each other (docs/loader.md):
 * 8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35.
 */
#define FASTBOOT_GUID                                                                              \
	{ 0x8ac4f28e, 0x6d6f, 0x4bd2, { 0x9e, 0x59, 0x1a, 0x1c, 0xf6, 0x6f, 0x2b, 0x35 } }

#endif
