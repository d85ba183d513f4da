// SPDX-License-Identifier: GPL-2.0-or-later
/* All chunks, from the disk to their places: buffers, the processors' work, and its cost. */
#include "pipeline.h"

#include "batch.h"
#include "claim.h"
#include "detail.h"
#include "loader.h"
#include "place.h"
#include "probe.h"
#include "reader.h"
#include "workers.h"

/* Two buffers suffice to overlap reading with decoding; more even out differences in speed. */
static bool ring_allocate(struct loader *l, struct ring *ring)
{
	uint64_t n = l->meta.nr_chunks;

	ring->stored = claim_pool(&l->claim, (n + 1) * sizeof(*ring->stored), false);
	ring->buffer_of = claim_pool(&l->claim, n + 1, false);
	if (!ring->stored || !ring->buffer_of)
		return false;
	while (ring->count < NR_BUFFERS) {
		ring->buffer[ring->count] = claim_pool(&l->claim, BUFFER_SIZE, false);
		if (!ring->buffer[ring->count])
			break;
		ring->count++;
	}
	return ring->count > 0;
}

static bool queue_allocate(struct loader *l, struct queue *q, uint32_t wanted)
{
	while (q->max_workers < wanted) {
		void *scratch = claim_pool(&l->claim, IMG_CHUNK_SIZE, false);

		if (!scratch)
			break;
		q->worker[q->max_workers++].scratch = scratch;
	}
	return q->max_workers > 0;
}

/* One processor's scratch memory first, then the buffers, then further processors. */
static bool allocate_all(struct loader *l, struct queue *q, struct ring *ring)
{
	return queue_allocate(l, q, 1) && ring_allocate(l, ring) &&
	       queue_allocate(l, q, l->options.one_core ? 1 : workers_available());
}

static void sum_up(struct loader *l, const struct queue *q)
{
	struct img_work *sum = &l->handoff.work;
	uint32_t i;

	for (i = 0; i < q->max_workers; i++) {
		const struct img_work *work = &q->worker[i].work;

		sum->read += work->read;
		sum->verify += work->verify;
		sum->decode += work->decode;
		sum->place += work->place;
		sum->bytes_read += work->bytes_read;
		sum->bytes_decoded += work->bytes_decoded;
	}
	l->handoff.bytes_read += sum->bytes_read;
	l->handoff.pages_staged = l->staging.pages;
	l->handoff.pages_direct = l->meta.nr_pages - l->staging.pages;
	l->handoff.workers = 1 + (q->entered < q->max_workers ? q->entered : q->max_workers - 1);
}

static enum img_reason run_queue(struct loader *l, struct queue *q, struct ring *ring)
{
	enum img_reason reason;

	workers_start(q);
	reader_run(l, q, ring);
	reason = workers_finish(q);
	stamp(l, IMG_STAMP_DECODED);
	sum_up(l, q);
	if (q->failed != IMG_OK && q->failed != IMG_E_USER_ESCAPE)
		l->detail = workers_detail(q->failed, q->failed_chunk);
	if (q->failed == IMG_E_DISK_READ)
		detail_blame_area(l);
	return reason;
}

enum img_reason pipeline_run(struct loader *l)
{
	static struct queue q; /* too large for the firmware's stack */
	struct ring ring = { 0 };
	enum img_reason reason = IMG_OK;

	memset(&q, 0, sizeof(q));
	q.meta = &l->meta;
	q.staging = &l->staging;
	q.nr_chunks = l->meta.nr_chunks;
	q.cipher = l->cipher;
	if (!allocate_all(l, &q, &ring))
		return IMG_E_NO_MEMORY;
	if (l->options.probe)
		reason = probe_run(l, ring.buffer[0], &q);
	if (reason == IMG_OK)
		reason = place_plan(&l->claim, &l->staging);
	if (reason != IMG_OK)
		return reason;
	q.stored = ring.stored;
	q.buffer_of = ring.buffer_of;
	q.done_in_buffer = ring.done_in;
	return run_queue(l, &q, &ring);
}
