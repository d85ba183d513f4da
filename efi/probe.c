// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The option `probe`: the time that the disk, the checksum and the decoder take for this image,
 * each alone and on one processor.  From these follows the least time that a restore can take:
 *
 *   max(read, (verify + decode) / processors)
 *
 * docs/performance.md compares restores with it.
 */
#include "probe.h"

#include "batch.h"
#include "detail.h"
#include "loader.h"
#include "volume.h"
#include "workers.h"

static enum img_reason probe_batch(struct loader *l, const struct batch *b, uint8_t *buffer,
				   struct queue *q)
{
	uint64_t slot = l->area.slot[l->slot_number].offset, start = tsc(), i;
	struct img_work *work = &q->worker[0].work;
	enum img_reason reason = IMG_OK;

	if (!volume_read(&l->volume, slot + b->offset, b->size, buffer)) {
		l->detail = (struct img_detail){ .object = "chunk", .index = b->first };
		detail_blame_area(l);
		return IMG_E_DISK_READ;
	}
	work->read += tsc() - start;
	work->bytes_read += b->size;
	for (i = b->first; i < b->end && reason == IMG_OK; i++) {
		uint8_t *stored = buffer + (img_meta_chunk(&l->meta, i).offset - b->offset);

		reason = workers_measure(q, i, stored, 0);
		if (reason != IMG_OK)
			l->detail = workers_detail(reason, i);
	}
	return reason;
}

enum img_reason probe_run(struct loader *l, uint8_t *buffer, struct queue *q)
{
	uint64_t start = tsc(), at = 0;
	enum img_reason reason = IMG_OK;

	while (reason == IMG_OK && at < l->meta.nr_chunks) {
		struct batch b = batch_next(&l->meta, at);

		reason = probe_batch(l, &b, buffer, q);
		at = b.end;
	}
	l->handoff.probe = q->worker[0].work;
	l->handoff.probe_elapsed = tsc() - start;
	q->worker[0].work = (struct img_work){ 0 };
	return reason;
}
