/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A unified kernel image: kernel, initrd and command line in one EFI program, under one signature
 * (UAPI Group Specification 5; systemd-stub(7)).  Only of such a kernel is all known that decides
 * whether it keeps its memory from root: with a Debian kernel and an initrd beside it, a program of
 * that initrd can start another kernel before kexec is closed, when the kernel calls modprobe while
 * it initialises itself.
 */
#ifndef IMGFMT_UNIFIED_H
#define IMGFMT_UNIFIED_H

#include "imgfmt_port.h"

/* X(word): what its command line must have, so that root is not the kernel. */
#define IMG_UNIFIED_WORDS(X)                                                                       \
	X("lockdown=confidentiality")                                                              \
	X("sysctl.kernel.kexec_load_disabled=1")

/*
 * NULL: the file is one, as far as its sections go, and its command line has those words; otherwise
 * what is wrong.  Whether it is what somebody has signed is the firmware's question.
 */
const char *img_unified_trouble(const void *file, size_t size);

#endif
