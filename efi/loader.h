/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader's rooms and what they share.
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
 *   report.c    what is told: lines, picture, result variable
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

#include <efi.h>
#include <efilib.h>

#include <imgfmt/fingerprint.h>
#include <imgfmt/handoff.h>
#include <imgfmt/options.h>
#include <imgfmt/plan.h>
#include <imgfmt/reader.h>

#include "layout.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MIB (1024ull * 1024)

struct disk {
	EFI_HANDLE handle;
	EFI_BLOCK_IO *bio;
	EFI_BLOCK_IO2_PROTOCOL *bio2; /* NULL: every read is waited for */
	UINT32 media_id;
	uint32_t block; /* bytes of the medium's own: 512 to IMG_BLOCK, a power of two */
	bool partition; /* not a whole disk */
	uint64_t size;	/* bytes, whole blocks of the medium */
};

struct pages {
	EFI_PHYSICAL_ADDRESS phys;
	UINTN count;
};

/* What was allocated from the firmware, to be given back by alloc_release(). */
#define MAX_HELD 2048
struct memory {
	struct pages held[MAX_HELD];
	UINTN nr_held;
	struct img_range range[MAX_HELD]; /* claimed for the image, by rising address */
	struct img_owned owned;		  /* the claim, less what claim_pool() gave out */
};

/* Pages of the image that wait in pool pages for the end of boot services. */
struct copy {
	uint64_t from; /* physical addresses */
	uint64_t to;
	uint64_t pages;
};

struct staging {
	struct copy *copy; /* sorted by `to` */
	uint64_t count;
	uint64_t capacity;
	uint64_t pages;
};

struct proofs {
	uint8_t *buffer;
	const char *why_missing; /* of the last disk that is */
	uint64_t ticks;		 /* TSC, spent on all of them */
};

/* The devices of the firmware's console, see console.c. */
#define MAX_TEXT_CONSOLES 8
struct console {
	EFI_SIMPLE_TEXT_OUT_PROTOCOL *text[MAX_TEXT_CONSOLES]; /* those without a screen */
	UINTN nr_text;
	bool graphics;	 /* there is one with a screen */
	uint64_t looked; /* TSC, for key strokes */
};

/* What is drawn, see screen.c. */
struct screen {
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop; /* NULL: there is nothing to draw on, or with */
	struct hii_font *font;
	struct layout layout;
	bool shown;	/* the panel, with the bar */
	uint32_t step;	/* of the bar, as drawn */
	uint64_t began; /* TSC, when the first chunk was waited for */
};

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
	struct img_memrange *map;
	uint64_t nr_map;
	struct img_verdict verdict;
	struct img_refusal refusal; /* all zeroes: there is none */
	struct memory memory;
	struct staging staging;
	struct img_handoff handoff;
	struct console console;
	struct screen screen;
	struct img_detail detail; /* of the last refusal */
	uint8_t detail_uuid[16];
};

static inline uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline void stamp(struct loader *l, enum img_stamp which)
{
	l->handoff.stamp[which] = tsc();
}

/* devpath.c: the GPT GUID of a partition's handle; the handle of the disk it lies on, or NULL. */
bool devpath_uuid(EFI_HANDLE handle, uint8_t ret_uuid[16]);
#define UUID_TEXT 37 /* lower case, with its NUL */
void uuid_text(const uint8_t uuid[16], char ret_text[UUID_TEXT]);
EFI_HANDLE devpath_disk(EFI_HANDLE partition);

/* Where a disk is plugged in, an img_place; 0: it cannot be told. */
uint64_t devpath_place(EFI_HANDLE disk);

/* Which one it is (imgfmt/proof.h, IMG_PROOF_IDENTITY); 0: it has no number, or not for us. */
uint64_t devpath_identity(EFI_HANDLE disk);

/*
 * disk.c: false with an I/O error; offset and size in whole blocks of the medium.  A write is one
 * request, of at most 4 MiB.
 */
bool disk_open(EFI_HANDLE handle, struct disk *ret_disk);
bool disk_read(const struct disk *disk, uint64_t offset, uint64_t size, void *to);

/*
 * A read of at most 4 MiB that goes on by itself where the firmware can (UEFI 2.10, 13.10,
 * EFI_BLOCK_IO2_PROTOCOL); elsewhere it has ended when disk_start_read() returns.  The request and
 * `to` belong to the firmware until disk_poll_read() gives another answer than DISK_BUSY.
 */
enum disk_progress { DISK_BUSY, DISK_DONE, DISK_FAILED };
struct disk_request {
	EFI_BLOCK_IO2_TOKEN token;
	enum disk_progress progress;
};
void disk_start_read(const struct disk *disk, uint64_t offset, uint64_t size, void *to,
		     struct disk_request *ret_request);
enum disk_progress disk_poll_read(struct disk_request *request);

bool disk_write(const struct disk *disk, uint64_t offset, uint64_t size, const void *from);
bool disk_flush(const struct disk *disk);
void disk_connect_all(void);

/* discover.c */
enum img_reason area_find(struct loader *l);

/* sleepers.c: before machine_look(). */
enum img_reason sleepers_look(struct loader *l);

/* image.c */
enum img_reason image_read_headers(struct loader *l);
enum img_reason image_read_sections(struct loader *l);

/*
 * refusal.c: what the saved kernel refused after the last jump.  refusal_take: reads it and, unless
 * this start is a simulation, removes it.  refusal_heed: IMG_OK if it is not about that image.
 */
void refusal_take(struct loader *l);
enum img_reason refusal_heed(struct loader *l, const struct img_slot *slot);

/* memmap.c */
enum img_reason memmap_read(struct loader *l);

/* machine.c */
enum img_reason machine_look(struct loader *l);

/*
 * alloc.c, claim.c.  alloc_pages: whole pages of loader memory, NULL if there are none.
 * alloc_hold: these are to be given back; false: too many are already.
 * claim_pool: pages that are claimed and not wanted by the image, in one piece, of
 * any content, and below 4 GiB if `low`; NULL if there are none.  Not after
 * place_plan(), which hands out the rest.
 */
bool alloc_hold(struct memory *m, EFI_PHYSICAL_ADDRESS phys, UINTN pages);
void *alloc_pages(struct loader *l, uint64_t bytes);
enum img_reason claim_all(struct loader *l);
void *claim_pool(struct loader *l, uint64_t bytes, bool low);
void alloc_release(struct loader *l);

/* place.c: where the bytes of image page `pfn` are to be written now. */
enum img_reason place_plan(struct loader *l);
void *place_find(const struct loader *l, uint64_t pfn, uint64_t pages, uint64_t *ret_pages);
void place_write(const struct loader *l, uint64_t first, uint64_t pages, const uint8_t *from);
void *place_direct(const struct loader *l, uint64_t first, uint64_t pages);

/* pipeline.c: all chunks, from the disk to their places. */
enum img_reason pipeline_run(struct loader *l);

/*
 * proofs.c.  proofs_prepare: before machine_look().  proofs_digest: for struct img_proof_probe,
 * with the loader as its ctx.
 */
enum img_reason proofs_prepare(struct loader *l);
enum img_reason proofs_digest(void *loader, const struct img_proof *proof, uint64_t *ret_digest);

/*
 * detail.c.  detail_complete: names the partition and makes l->detail outlive the sections.
 * detail_blame: l->detail names it; NULL or zero: the image's own.
 */
void detail_complete(struct loader *l, enum img_reason reason);
void detail_blame(struct loader *l, const uint8_t *uuid);

/* attempt.c: IMG_OK once l->state, with this attempt in it, is on the disk. */
enum img_reason attempt_record(struct loader *l);

/* seed.c: fills in handoff->seed; the rest of the page, with its stamps, is mixed in. */
void seed_gather(struct img_handoff *handoff);

/*
 * enter.c.  entry_prepare does all that can fail; entry_enter returns only if
 * the firmware does not let go, and then nothing has been changed.
 */
struct entry {
	struct tramp_param *param;
	void *trampoline;
	EFI_MEMORY_DESCRIPTOR *virtual_map;
	uint32_t nr_virtual;
	void *map_buffer;
	UINTN map_size;
	struct img_handoff *handoff; /* in its place of now */
};
enum img_reason entry_prepare(struct loader *l, struct entry *ret_entry);
enum img_reason entry_enter(struct loader *l, const struct entry *entry);

/*
 * console.c.  console_open: looks for the devices, and for a screen.  console_write: to all
 * consoles of text, or to every one where nothing is drawn.  console_escape: has Esc been pressed?
 * Other keys are taken and do nothing.  console_wait: until the time is over or a key is pressed.
 */
void console_open(struct loader *l);
void console_write(const struct loader *l, CHAR16 *text);
bool console_escape(struct loader *l);
void console_wait(uint32_t seconds);

/* What a refusal is told in: lines for people, without their ends. */
#define MESSAGE_LINES 3
#define MESSAGE_CHARS 240
struct message {
	CHAR16 line[MESSAGE_LINES][MESSAGE_CHARS];
	UINTN lines;
};

/*
 * screen.c; nothing is drawn without a screen, or if the options say so.  screen_open: looks for
 * one.  screen_progress: chunks in their places; to be called often, it draws seldom.
 * screen_starting: the last that is drawn, if anything was.  screen_refusal: `next` is what
 * comes after it; false if nothing was drawn.
 */
void screen_open(struct loader *l);
void screen_progress(struct loader *l, uint64_t chunks);
void screen_starting(struct loader *l);
bool screen_refusal(const struct loader *l, const struct message *message, const CHAR16 *next);

/*
 * Of the variables through which loader and kernel speak to each other (docs/loader.md):
 * 8ac4f28e-6d6f-4bd2-9e59-1a1cf66f2b35.
 */
#define FASTBOOT_GUID                                                                              \
	{ 0x8ac4f28e, 0x6d6f, 0x4bd2, { 0x9e, 0x59, 0x1a, 0x1c, 0xf6, 0x6f, 0x2b, 0x35 } }

/* report.c.  report_refusal: returns when somebody has read it, or could have. */
void report_start(const struct loader *l);
void report_progress(struct loader *l, uint64_t chunks);
void report_restore(struct loader *l);
void report_refusal(const struct loader *l, enum img_reason reason);
EFI_STATUS reason_status(enum img_reason reason);

#endif
