// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gate.efi: what a restore costs, in instructions.
 *
 * The loader's own object files, all but main.o, with another main program: it
 * restores the image of mkgate and prints the cost of each step, read from the
 * TSC, which counts instructions in a machine whose clock does (QEMU's -icount).
 * qemu-tests/test_icount.py compares the costs with earlier ones.
 *
 * To run the same instructions every time, whatever the firmware does, the image
 * is in memory before the measurement begins, interrupts are off, one processor
 * works, and a fixed random pattern, not the firmware's map, decides which memory
 * counts as the firmware's.  The jump goes to landed() instead of to a kernel.
 *
 * Prints on COM1 "gate: failed: REASON", or
 *
 *   gate: hash=N decode=N place=N plan=N copy=N whole=N staged=N pages=N digest=N left=N
 *
 * where left is the number of words of the staged handoff page that were not wiped.
 *
 * and turns the machine off.
 */
#include "gate.h"
#include "alloc.h"
#include "discover.h"
#include "enter.h"
#include "image.h"
#include "loader.h"
#include "pipeline.h"
#include "place.h"
#include "volume.h"

#define COM1	      0x3f8
#define LINE_STATUS   5
#define LINE_CAN_TAKE 0x20

#define SLOT(l) ((l)->area.slot[(l)->slot_number].offset)

static struct loader loader; /* too large for the firmware's stack */
static uint64_t plan_ticks, whole_ticks;

/* The disk: the slot's chunks, in memory. */

static struct {
	EFI_BLOCK_IO bio; /* first: `this` of its calls */
	EFI_BLOCK_IO_MEDIA media;
	uint8_t *bytes;
	uint64_t start; /* disk bytes */
} ram_disk;

static EFI_STATUS EFIAPI ram_read(EFI_BLOCK_IO *bio, UINT32 media_id, EFI_LBA lba, UINTN size,
				  VOID *to)
{
	(void)bio;
	(void)media_id;
	memcpy(to, ram_disk.bytes + (lba * ram_disk.media.BlockSize - ram_disk.start), size);
	return EFI_SUCCESS;
}

static enum img_reason fill_ram_disk(struct loader *l)
{
	ram_disk.start = SLOT(l);
	ram_disk.media = *l->volume.disk[0].bio->Media;
	ram_disk.bio = (EFI_BLOCK_IO){ .Media = &ram_disk.media, .ReadBlocks = ram_read };
	ram_disk.bytes = alloc_pages(&l->memory, l->slot.meta_offset);
	if (!ram_disk.bytes)
		return IMG_E_NO_MEMORY;
	if (!volume_read(&l->volume, ram_disk.start, l->slot.meta_offset, ram_disk.bytes))
		return IMG_E_DISK_READ;
	l->volume.disk[0].bio = &ram_disk.bio;
	l->volume.disk[0].bio2 = NULL;
	return IMG_OK;
}

/* Owns the same pieces of memory every time; the tenth between them is "the firmware's". */
static void own(struct loader *l)
{
	struct claim *c = &l->claim;
	uint64_t pfn = GATE_FIRST_PFN, random = 0, pages;

	c->owned = (struct img_owned){ .range = c->range };
	c->meta = &l->meta;
	while (pfn < GATE_IMAGE_END_PFN) {
		pfn += 1 + gate_random(&random) % 32;
		pages = 1 + gate_random(&random) % 256;
		c->range[c->owned.nr++] = (struct img_range){ pfn, pages };
		pfn += pages;
	}
	c->range[c->owned.nr++] = (struct img_range){ pfn, GATE_END_PFN - pfn };
}

static enum img_reason claim_block(void)
{
	EFI_PHYSICAL_ADDRESS phys = GATE_FIRST_PFN * IMG_PAGE_SIZE;

	return EFI_ERROR(BS->AllocatePages(AllocateAddress, EfiLoaderData,
					   GATE_END_PFN - GATE_FIRST_PFN, &phys))
		       ? IMG_E_NO_MEMORY
		       : IMG_OK;
}

/* The steps. */

static enum img_reason read_image(struct loader *l)
{
	enum img_reason reason = area_find(l);

	if (reason == IMG_OK)
		reason = image_read_headers(l);
	if (reason == IMG_OK)
		reason = image_read_sections(l);
	if (reason == IMG_OK)
		reason = fill_ram_disk(l);
	return reason;
}

/* pipeline_run() does this again: this measures it alone. */
static enum img_reason measure_plan(struct loader *l)
{
	uint64_t start = tsc();
	enum img_reason reason = place_plan(&l->claim, &l->staging);

	plan_ticks = tsc() - start;
	own(l);
	return reason;
}

static enum img_reason measure_place(struct loader *l)
{
	uint64_t start = tsc();
	enum img_reason reason = pipeline_run(l);

	whole_ticks = tsc() - start;
	return reason;
}

void landed(void);
void landing(void);

/* The trampoline's stack, a part of its page, is too small for the code that follows. */
static uint8_t stack[16384] __attribute__((used, aligned(16)));
__asm__(".text\n"
	".globl landing\n"
	".hidden landing\n"
	"landing:\n"
	"	lea	stack + 16384(%rip), %rsp\n"
	"	call	landed\n");

static enum img_reason restore(struct loader *l)
{
	enum img_reason reason = read_image(l);
	struct entry entry;
	EFI_TPL tpl;

	if (reason == IMG_OK)
		reason = claim_block();
	if (reason != IMG_OK)
		return reason;
	l->meta.record.jump_address = (uint64_t)landing;
	l->meta.record.jump_address_phys = (uint64_t)landing;
	own(l);
	tpl = BS->RaiseTPL(TPL_HIGH_LEVEL);
	reason = measure_plan(l);
	BS->RestoreTPL(tpl);
	if (reason == IMG_OK)
		reason = entry_prepare(l, &entry);
	tpl = BS->RaiseTPL(TPL_HIGH_LEVEL);
	if (reason == IMG_OK)
		reason = measure_place(l);
	BS->RestoreTPL(tpl);
	if (reason == IMG_OK)
		reason = entry_enter(l, &entry);
	return reason;
}

/* Without the firmware, because this runs after the jump. */

static void put_char(char c)
{
	uint8_t status = 0;

	do {
		__asm__ volatile("inb %1, %0"
				 : "=a"(status)
				 : "Nd"((uint16_t)(COM1 + LINE_STATUS)));
	} while (!(status & LINE_CAN_TAKE));
	__asm__ volatile("outb %0, %1" : : "a"(c), "Nd"((uint16_t)COM1));
}

static void put_text(const char *text)
{
	while (*text)
		put_char(*text++);
}

static void put_number(const char *name, uint64_t value)
{
	char digits[24], *at = digits + sizeof(digits);

	*--at = 0;
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put_char(' ');
	put_text(name);
	put_char('=');
	put_text(at);
}

static uint64_t digest_pages(const struct img_meta *meta)
{
	uint64_t i, j, digest = 0;

	for (i = 0; i < meta->nr_runs; i++) {
		struct img_run run = img_meta_run(meta, i);

		for (j = 0; j < run.pages; j++)
			digest = gate_digest(digest, (void *)((run.pfn + j) * IMG_PAGE_SIZE));
	}
	return digest;
}

/* The image's first page is the handoff page, and own() leaves that to the firmware. */
static uint64_t words_left(const struct loader *l)
{
	uint64_t pages, i, left = 0;
	const uint64_t *staged = place_find(&l->staging, GATE_FIRST_PFN, 1, &pages);

	for (i = 0; i < IMG_PAGE_SIZE / sizeof(*staged); i++)
		left += staged[i] != 0;
	return left;
}

/* Runs in place of the saved kernel; called by landing. */
__attribute__((noreturn)) void landed(void)
{
	const struct loader *l = &loader;
	struct img_handoff *found = (void *)l->meta.record.handoff_phys, handoff = *found;

	memset(found, 0, IMG_PAGE_SIZE);
	put_text("gate:");
	put_number("hash", handoff.work.verify);
	put_number("decode", handoff.work.decode);
	put_number("place", handoff.work.place);
	put_number("plan", plan_ticks);
	put_number("copy", handoff.stamp[IMG_STAMP_JUMP] - handoff.stamp[IMG_STAMP_RUNTIME]);
	put_number("whole", whole_ticks);
	put_number("staged", handoff.pages_staged);
	put_number("pages", l->meta.nr_pages);
	put_number("digest", digest_pages(&l->meta));
	put_number("left", words_left(l));
	put_text("\r\n");
	RT->ResetSystem(EfiResetShutdown, EFI_SUCCESS, 0, NULL);
	while (1)
		__asm__ volatile("hlt");
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system_table);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system_table)
{
	enum img_reason reason;

	InitializeLib(image, system_table);
	loader.self = image;
	loader.options = (struct img_options){ .slot = -1, .one_core = true };
	/* Nothing takes a second: no progress reports, no polling for keys. */
	loader.handoff.tsc_hz = loader.console.hz = UINT64_MAX;
	reason = restore(&loader);
	Print(L"gate: failed: %a\n", img_reason_code(reason));
	RT->ResetSystem(EfiResetShutdown, EFI_SUCCESS, 0, NULL);
	return EFI_ABORTED;
}
