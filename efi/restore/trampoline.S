/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the firmware into the saved kernel.
 *
 * Entered in long mode with interrupts off, on the firmware's page tables, at
 * the copy of this code below 4 GiB; rdi: the param page.  Boot services are
 * gone.  Never returns.  An exception from here on resets the machine (the
 * IDT is empty), and the firmware then boots as usual.
 *
 *   1. own GDT, IDT, stack
 *   2. own page tables; through 32-bit code if the saved kernel's paging level
 *      differs, because CR4.LA57 cannot change in long mode (Intel SDM 3A, 4.1.2)
 *   3. CR0, CR4, EFER as the saved kernel expects to find them
 *   4. copy the staged pages to their places, zero the one with secrets in it
 *   5. jump to restore_registers: r8 its address, r9 the saved kernel's CR3
 *
 * restore_registers and restore_processor_state rely on these selectors: the latter
 * reloads the data segments but not CS (arch/x86/power/cpu.c).
 */
#include "restore.h"

#define MSR_EFER       0xc0000080
#define EFER_SCE_NXE   ((1 << 0) | (1 << 11))
#define CR0_PG	       (1 << 31)
#define CR0_WANTED     0x80050033 /* PG AM WP NE ET MP PE */

	.section .text.restore, "ax"
	.globl	trampoline, trampoline_layout
	.hidden	trampoline, trampoline_layout

	.code64
trampoline:
	cli
	cld
	lea	TRAMP_STACK_TOP(%rdi), %rsp
	lgdt	TRAMP_GDTR(%rdi)
	lidt	TRAMP_IDTR(%rdi)
	cmpl	$0, TRAMP_SWITCH(%rdi)
	jne	1f
	mov	TRAMP_CR3(%rdi), %rax
	mov	%rax, %cr3
	ljmpl	*TRAMP_FAR64(%rdi)
1:	ljmpl	*TRAMP_FAR32(%rdi)

	.code32
.Lcode32:
	mov	$TRAMP_DS, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	mov	%cr0, %eax
	and	$~CR0_PG, %eax
	mov	%eax, %cr0
	mov	TRAMP_CR4(%edi), %eax
	mov	%eax, %cr4
	mov	TRAMP_CR3(%edi), %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	ljmpl	*TRAMP_FAR64(%edi)

	.code64
.Lcode64:
	mov	$TRAMP_DS, %eax
	mov	%eax, %ss
	mov	%eax, %ds
	mov	%eax, %es
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%edi, %edi		/* the upper half is undefined after 32-bit code */
	mov	TRAMP_CR4(%rdi), %rax
	mov	%rax, %cr4
	mov	$CR0_WANTED, %eax
	mov	%rax, %cr0
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_SCE_NXE, %eax
	wrmsr
	mov	$'c', %al
	call	mark

	/* For each copy: rsi source, rdx target, rcx 64-byte steps; pages are aligned. */
	mov	TRAMP_COPY(%rdi), %rbx
	mov	TRAMP_COPIES(%rdi), %rbp
	jmp	4f
2:	mov	0(%rbx), %rsi
	mov	8(%rbx), %rdx
	mov	16(%rbx), %rcx
	shl	$6, %rcx		/* 4096 / 64 */
3:	movaps	0(%rsi), %xmm0
	movaps	16(%rsi), %xmm1
	movaps	32(%rsi), %xmm2
	movaps	48(%rsi), %xmm3
	movaps	%xmm0, 0(%rdx)
	movaps	%xmm1, 16(%rdx)
	movaps	%xmm2, 32(%rdx)
	movaps	%xmm3, 48(%rdx)
	add	$64, %rsi
	add	$64, %rdx
	dec	%rcx
	jnz	3b
	add	$24, %rbx
	dec	%rbp
4:	test	%rbp, %rbp
	jnz	2b

	mov	TRAMP_WIPE(%rdi), %rdx
	test	%rdx, %rdx
	jz	6f
	mov	$64, %ecx		/* 4096 / 64 */
	xorps	%xmm0, %xmm0
5:	movaps	%xmm0, 0(%rdx)
	movaps	%xmm0, 16(%rdx)
	movaps	%xmm0, 32(%rdx)
	movaps	%xmm0, 48(%rdx)
	add	$64, %rdx
	dec	%ecx
	jnz	5b

6:	mov	$'j', %al
	call	mark
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	TRAMP_STAMP(%rdi), %rbx
	mov	%rax, (%rbx)

	mov	TRAMP_JUMP(%rdi), %r8
	mov	TRAMP_GOLDEN_CR3(%rdi), %r9
	jmp	*%r8

/* A progress mark, if a port is given. */
mark:
	mov	TRAMP_SERIAL(%rdi), %edx
	test	%edx, %edx
	jz	7f
	out	%al, (%dx)
7:	ret
.Lend:

	.balign	4
trampoline_layout:
	.long	.Lend - trampoline, .Lcode32 - trampoline, .Lcode64 - trampoline

	.section .note.GNU-stack, "", @progbits
