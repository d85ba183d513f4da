/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream that /dev/snapshot gives after SAVED (kernel/power/snapshot.c):
 *
 *	page 0		swsusp_info, whose start is the arch record
 *	meta pages	u64 pfns in rising order, ended by ~0 or the page's end
 *	data pages	in the order of the pfns
 *
 * Since 6.7 a pfn with bit 63 set is a page of zeroes without a data page.
 */
#ifndef HOOK_STREAM_H
#define HOOK_STREAM_H

#include <linux/types.h>

#include "checkpoint.h"

#define STREAM_PFN_ZERO (1ull << 63)

/* As kept in memory: half the size; enough for 8 TiB of RAM. */
#define STREAM_KEPT_ZERO (1u << 31)

/* arch/x86/power/hibernate.c: struct restore_data_record. */
struct stream_arch {
	u64 jump_address;
	u64 jump_address_phys;
	u64 cr3;
	u64 magic;
	u8 e820_digest[16];
};

struct stream {
	struct checkpoint *checkpoint;
	void __user *user;  /* one page of shared memory ... */
	const void *kernel; /* ... and where the kernel sees it */
	u32 *kept;	    /* pfns, with STREAM_KEPT_ZERO */
	u64 capacity;
	u64 count;
	u64 data_pages;
	struct stream_arch arch;
};

/* The most pages that an image of this machine can have. */
u64 stream_max_pages(void);

/* Room for as many pfns as an image of this machine can have. */
int stream_prepare(struct stream *stream, struct checkpoint *checkpoint, void __user *user,
		   const void *kernel);
void stream_release(struct stream *stream);

/* Bytes that stream_prepare() has taken. */
size_t stream_memory(const struct stream *stream);

/* A pfn of the list, with STREAM_PFN_ZERO. */
static inline u64 stream_pfn(const struct stream *stream, u64 i)
{
	u32 kept = stream->kept[i];

	return (kept & ~STREAM_KEPT_ZERO) | (kept & STREAM_KEPT_ZERO ? STREAM_PFN_ZERO : 0);
}

/* Reads up to the first data page and checks that the stream is as described above. */
int stream_begin(struct stream *stream, struct report *report);

#endif
