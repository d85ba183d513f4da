/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor's registers and identification, under the names of the newest kernels.
 */
#ifndef HOOK_COMPAT_X86_H
#define HOOK_COMPAT_X86_H

#include <asm/msr.h>

#if __has_include(<asm/cpuid/api.h>)
#include <asm/cpuid/api.h>
#else
#include <asm/cpuid.h>
#endif

/* Kbuild sets HAVE_RDMSRQ. */
#ifndef HAVE_RDMSRQ
#define rdmsrq(msr, value)	rdmsrl(msr, value)
#define rdmsrq_safe(msr, value) rdmsrl_safe(msr, value)
#define wrmsrq_safe(msr, value) wrmsrl_safe(msr, value)
#endif

#endif
