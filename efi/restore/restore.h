/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface of the code that runs after the point of no return.
 *
 * The trampoline is copied, with this block, into memory below 4 GiB that the
 * image does not need.  From here on nothing else of the loader is used: no
 * stack, table or code that the image might overwrite.
 *
 *   param page   struct tramp_param, GDT; its end is the stack
 *   code page    trampoline.S
 *   tables       identity map of RAM, and jump_address
 *   copy list    struct copy[]: staged pages, by rising target
 *
 * Offsets are written out for the assembler and checked below.
 */
#ifndef RESTORE_H
#define RESTORE_H

#define TRAMP_COPY	 0x00
#define TRAMP_COPIES	 0x08
#define TRAMP_CR3	 0x10
#define TRAMP_JUMP	 0x18
#define TRAMP_GOLDEN_CR3 0x20
#define TRAMP_SWITCH	 0x28
#define TRAMP_CR4	 0x30
#define TRAMP_STAMP	 0x38
#define TRAMP_GDTR	 0x40
#define TRAMP_IDTR	 0x50
#define TRAMP_FAR32	 0x60
#define TRAMP_FAR64	 0x68
#define TRAMP_SERIAL	 0x70
#define TRAMP_WIPE	 0x78
#define TRAMP_GDT	 0x80
#define TRAMP_SIZE	 0xa0
#define TRAMP_STACK_TOP	 0x1000

#define TRAMP_CS32 0x08
#define TRAMP_CS64 0x10
#define TRAMP_DS   0x18

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct tramp_param {
	uint64_t copy; /* physical address of the copy list */
	uint64_t copies;
	uint64_t cr3;  /* the loader's own tables */
	uint64_t jump; /* virtual address in the saved kernel */
	uint64_t golden_cr3;
	uint64_t switch_la57; /* 1: the saved kernel's paging level differs from today's */
	uint64_t cr4;	      /* for the jump */
	uint64_t stamp;	      /* physical address of the last time stamp */
	uint8_t gdtr[16];     /* 2-byte limit, 8-byte base */
	uint8_t idtr[16];
	uint32_t far32_offset, far32_selector; /* m16:32 operands of far jumps */
	uint32_t far64_offset, far64_selector;
	uint64_t serial; /* I/O port for progress marks, 0: none */
	uint64_t wipe;	 /* physical address of a page to be zeroed after the copies, 0: none */
	uint64_t gdt[4];
};

#define TRAMP_CHECK(field, offset)                                                                 \
	_Static_assert(offsetof(struct tramp_param, field) == (offset), #field)
TRAMP_CHECK(copy, TRAMP_COPY);
TRAMP_CHECK(copies, TRAMP_COPIES);
TRAMP_CHECK(cr3, TRAMP_CR3);
TRAMP_CHECK(jump, TRAMP_JUMP);
TRAMP_CHECK(golden_cr3, TRAMP_GOLDEN_CR3);
TRAMP_CHECK(switch_la57, TRAMP_SWITCH);
TRAMP_CHECK(cr4, TRAMP_CR4);
TRAMP_CHECK(stamp, TRAMP_STAMP);
TRAMP_CHECK(gdtr, TRAMP_GDTR);
TRAMP_CHECK(idtr, TRAMP_IDTR);
TRAMP_CHECK(far32_offset, TRAMP_FAR32);
TRAMP_CHECK(far64_offset, TRAMP_FAR64);
TRAMP_CHECK(serial, TRAMP_SERIAL);
TRAMP_CHECK(wipe, TRAMP_WIPE);
TRAMP_CHECK(gdt, TRAMP_GDT);
_Static_assert(sizeof(struct tramp_param) == TRAMP_SIZE, "tramp_param");

/* Position-independent and closed: `make law` checks that it has no relocation. */
extern const uint8_t trampoline[];
/* Its size, and the targets of the two far jumps as offsets in it. */
extern const struct tramp_layout {
	uint32_t size;
	uint32_t code32;
	uint32_t code64;
} trampoline_layout;

#endif
#endif
