/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The swap header, as mkswap(8) makes it.  mkswap writes into an anonymous
 * file, so that the caller keeps the partition to itself and decides when the
 * header reaches it.
 */
#ifndef FASTBOOTCTL_SWAP_HEADER_H
#define FASTBOOTCTL_SWAP_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include <imgfmt/format.h>

/* The kernel and mkswap require at least ten pages. */
#define SWAP_MIN_SIZE (10u * IMG_PAGE_SIZE)

/* Version 1 headers count pages in 32 bits. */
#define SWAP_MAX_SIZE ((uint64_t)UINT32_MAX * IMG_PAGE_SIZE)

/*
 * size: of the swap area, a multiple of the page size.  label: "" for none; uuid: "" for a new one.
 * page: IMG_PAGE_SIZE bytes, the first page of the area.  0, or the exit status after a report.
 */
int swap_header_make(uint64_t size, const char *label, const char *uuid, void *page);

/* Is this the first page of swap space? */
bool swap_header_present(const void *page);

#endif
