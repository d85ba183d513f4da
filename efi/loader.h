/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader's rooms and what they share.
 *
 *   options.c   the boot entry's options
 *   discover.c  the partition with the fast-boot area
 *   disk.c      reads by byte offset
 *   image.c     headers and sections of the image
 *   machine.c   what the machine is today
 *   memory.c    allocations, claims and the pool, and giving all of it back
 *   place.c     where each page of the image goes: straight or staged
 *   reader.c    chunks from the disk into buffers
 *   workers.c   the processors that verify, decode and place them
 *   seed.c      fresh random bytes
 *   enter.c     tables for the jump, the exit from boot services, the jump
 *   report.c    console, result variable
 *
 * Execution context: UEFI boot services, one thread, interrupts on, identity
 * map; workers.c alone runs on other processors, where no boot service may be
 * called.  Until enter_golden() calls ExitBootServices every failure returns a
 * reason to efi_main, which gives all memory back and returns an error to the
 * firmware, so that it goes on to the next boot entry.
 */
#ifndef LOADER_H
#define LOADER_H

#include <efi.h>
#include <efilib.h>

#include <imgfmt/fingerprint.h>
#include <imgfmt/handoff.h>
#include <imgfmt/plan.h>
#include <imgfmt/reader.h>

#include "options.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define MIB (1024ull * 1024)

struct disk {
	EFI_BLOCK_IO *bio;
	UINT32 media_id;
	uint64_t size; /* bytes, whole blocks of IMG_BLOCK */
};

struct pages {
	EFI_PHYSICAL_ADDRESS phys;
	UINTN count;
};

/* What was allocated from the firmware, to be given back by mem_release(). */
#define MAX_HELD 2048
struct memory {
	struct pages held[MAX_HELD];
	UINTN nr_held;
	struct img_range range[MAX_HELD]; /* claimed for the image, by rising address */
	struct img_owned owned;		  /* the claim, less what mem_pool() gave out */
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

struct loader {
	EFI_HANDLE self;
	struct options options;
	struct disk disk;
	struct img_area area;
	int slot_number;
	struct img_slot slot;
	struct img_state state;
	struct img_meta meta;
	struct img_fp fp;
	struct img_memrange *map;
	uint64_t nr_map;
	struct img_verdict verdict;
	struct memory memory;
	struct staging staging;
	struct img_handoff handoff;
	struct img_detail detail; /* of the last refusal */
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

/* disk.c: false with an I/O error; offset and size in whole blocks of IMG_BLOCK. */
bool disk_open(EFI_HANDLE handle, struct disk *ret_disk);
bool disk_read(const struct disk *disk, uint64_t offset, uint64_t size, void *to);

/* discover.c */
enum img_reason find_area(struct loader *l);

/* image.c */
enum img_reason read_headers(struct loader *l);
enum img_reason read_sections(struct loader *l);

/* machine.c */
enum img_reason look_at_machine(struct loader *l);
enum img_reason read_memory_map(struct loader *l);

/*
 * memory.c.  mem_alloc: whole pages of loader memory, NULL if there are none.
 * mem_pool: pages that are claimed and not wanted by the image, in one piece, of
 * any content, and below 4 GiB if `low`; NULL if there are none.  Not after
 * plan_staging(), which hands out the rest.
 */
void *mem_alloc(struct loader *l, uint64_t bytes);
enum img_reason mem_claim(struct loader *l);
void *mem_pool(struct loader *l, uint64_t bytes, bool low);
void mem_release(struct loader *l);

/* place.c: where the bytes of image page `pfn` are to be written now. */
enum img_reason plan_staging(struct loader *l);
void *page_now(const struct loader *l, uint64_t pfn, uint64_t pages, uint64_t *ret_pages);
void place_stored(const struct loader *l, uint64_t first, uint64_t pages, const uint8_t *from);
void *stored_in_one_piece(const struct loader *l, uint64_t first, uint64_t pages);

/* reader.c: all chunks, from the disk to their places. */
enum img_reason place_image(struct loader *l);

/* seed.c */
void gather_seed(uint8_t seed[IMG_SEED_SIZE]);

/*
 * enter.c.  prepare_entry does all that can fail; enter_golden returns only if
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
enum img_reason prepare_entry(struct loader *l, struct entry *ret_entry);
enum img_reason enter_golden(struct loader *l, const struct entry *entry);

/* report.c */
void report_start(const struct loader *l);
void report_progress(const struct loader *l, uint64_t chunks);
void report_restore(const struct loader *l);
void report_refusal(const struct loader *l, enum img_reason reason);
EFI_STATUS reason_status(enum img_reason reason);

#endif
