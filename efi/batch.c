// SPDX-License-Identifier: GPL-2.0-or-later
/* How many chunks one read takes. */
#include "batch.h"

struct batch batch_next(const struct img_meta *meta, uint64_t first)
{
	struct batch b = { .first = first, .end = first };

	b.offset = img_meta_chunk(meta, first).offset;
	while (b.end < meta->nr_chunks) {
		struct img_chunk c = img_meta_chunk(meta, b.end);
		uint64_t end = (c.offset + c.size + IMG_BLOCK - 1) & ~(IMG_BLOCK - 1ull);

		if (c.kind != IMG_CHUNK_FILL) {
			if (end - b.offset > BUFFER_SIZE)
				break;
			b.size = end - b.offset;
		}
		b.end++;
	}
	return b;
}
