/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader's rooms, and the state of one start that several of them share.  A room calls only
 * rooms of its own group or of a later one, never in a circle (tests/law).  A room whose struct is
 * part of that state does not include this header, which would be a circle: its functions take what
 * they need as parameters.
 *
 *   main.c      the order of a start
 *
 *   pipeline.c  all chunks, from the disk to their places
 *   probe.c     what each step of that costs alone, on request
 *   reader.c    chunks from the disk into buffers
 *   workers.c   the processors that verify, decode and place them
 *   batch.c     how many chunks one read takes
 *
 *   enter.c     tables for the jump, the exit from boot services, the jump
 *   attempt.c   the attempt, recorded on the disk before the jump
 *   kernel.c    the kernel of the boot entry, for a normal boot
 *
 *   discover.c  the fast-boot area: a partition, or a map of pieces
 *   image.c     headers, states and sections of the image
 *   refusal.c   what the saved kernel refused after the last jump
 *
 *   sleepers.c  other systems that hibernated and wait on a disk
 *   machine.c   what the machine is today
 *   proofs.c    what its disks say today
 *   detail.c    which partition a refusal names
 *
 *   seal.c      is the image authentic, and the keys of its chunks
 *   keypage.c   this boot's key, for the module
 *   secret.c    this machine's secrets, and keys from them
 *   trust.c     Secure Boot, and which images have had their time
 *   seed.c      fresh random bytes
 *
 *   report.c    what is reported: lines, picture, result variable
 *   screen.c    the picture on a graphics screen
 *   layout.c    the positions in the picture
 *   console.c   the firmware's consoles: plain lines, key strokes
 *
 *   place.c     where each page of the image goes: straight or staged
 *   claim.c     the memory claimed for the image, and the pool
 *   memmap.c    today's memory map of the firmware
 *   alloc.c     memory from the firmware, and giving all of it back
 *
 *   volume.c    the area's bytes, on one disk or several
 *   partition.c a partition, by its GUID
 *   devpath.c   what device paths say about partitions and disks
 *   disk.c      reads and writes by byte offset
 *
 *   crypto.c    the cryptography of sealed images
 *   variables.c EFI variables of this project
 *
 * Execution context: UEFI boot services, one thread, interrupts on, identity
 * map.  Only workers.c and place.c run on other processors too, where they must
 * not call a boot service.  Until entry_enter() calls ExitBootServices, every
 * failure returns a reason to efi_main, which gives all memory back and returns
 * an error to the firmware, which then boots the next entry.
 */
#ifndef LOADER_H
#define LOADER_H

#include <imgfmt/fingerprint.h>
#include <imgfmt/handoff.h>
#include <imgfmt/options.h>
#include <imgfmt/plan.h>
#include <imgfmt/reader.h>
#include <imgfmt/seal.h>

#include "alloc.h"
#include "claim.h"
#include "console.h"
#include "memmap.h"
#include "place.h"
#include "proofs.h"
#include "screen.h"
#include "volume.h"

#define LOADER_BLOCKS (2u * IMG_BLOCK)

struct crypto_cipher;

struct loader {
	EFI_HANDLE self;
	struct img_options options;
	struct img_trust trust;
	struct img_area area;
	struct volume volume; /* the bytes of `area`, which it points to */
	uint8_t *blocks;      /* LOADER_BLOCKS bytes for each slot: its header and state */
	int slot_number;
	struct img_slot slot;
	struct img_state state;
	uint64_t other_generation; /* of the sealed image in the other slot; 0: none */
	uint32_t passed_slot;	   /* would have been chosen but for `passed` */
	enum img_reason passed;	   /* IMG_OK: no slot was passed over */
	struct img_meta meta;
	struct crypto_cipher *cipher; /* opens the chunks of a sealed image; NULL: not sealed */
	struct proofs proofs;
	struct img_fp fp;
	struct memmap map;
	struct img_verdict verdict;
	struct img_refusal refusal; /* all zero: none */
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

#endif
