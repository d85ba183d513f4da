/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many chunks one read takes. */
#ifndef BATCH_H
#define BATCH_H

#include <imgfmt/reader.h>

#include "base.h"

#define BUFFER_SIZE (4 * MIB)

/* As many chunks, starting at `first`, as fit into one buffer; contiguous on the disk. */
struct batch {
	uint64_t first;
	uint64_t end;
	uint64_t offset; /* slot bytes */
	uint64_t size;	 /* whole blocks */
};
struct batch batch_next(const struct img_meta *meta, uint64_t first);

#endif
