// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the chunks in the order they lie on the disk, several to a request,
 * into a ring of buffers, and publishes them to the workers.  A buffer is used
 * again once all its chunks are in their places.
 */
#include "workers.h"

#define BUFFER_SIZE (4 * MIB)
#define NR_BUFFERS  8

struct ring {
	uint8_t *buffer[NR_BUFFERS];
	uint32_t count;			/* buffers there are */
	uint64_t chunks_in[NR_BUFFERS]; /* of the buffer's present use */
	uint64_t done_in[NR_BUFFERS];	/* counted by the workers */
	const uint8_t **stored;		/* as in struct queue, here to be written */
	uint8_t *buffer_of;
};

/* Chunks from `first` on that fit into one buffer; their bytes on disk are contiguous. */
struct batch {
	uint64_t first;
	uint64_t end;
	uint64_t offset; /* slot bytes */
	uint64_t size;	 /* whole blocks */
};

static struct batch next_batch(const struct img_meta *meta, uint64_t first)
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

static void wait_for_buffer(struct queue *q, struct ring *ring, uint32_t buffer)
{
	while (!LOAD(q->failed) && LOAD(ring->done_in[buffer]) < ring->chunks_in[buffer]) {
		if (!work_once(q, 0))
			__builtin_ia32_pause();
	}
}

static enum img_reason read_batch(struct loader *l, struct ring *ring, uint32_t buffer,
				  const struct batch *b)
{
	uint64_t slot = l->area.slot[l->slot_number].offset, i;

	if (!disk_read(&l->disk, slot + b->offset, b->size, ring->buffer[buffer])) {
		l->detail = (struct img_detail){ .object = "chunk", .index = b->first };
		return IMG_E_DISK_READ;
	}
	ring->chunks_in[buffer] = b->end - b->first;
	ring->done_in[buffer] = 0;
	for (i = b->first; i < b->end; i++) {
		ring->buffer_of[i] = (uint8_t)buffer;
		ring->stored[i] =
			ring->buffer[buffer] + (img_meta_chunk(&l->meta, i).offset - b->offset);
	}
	l->handoff.bytes_read += b->size;
	return IMG_OK;
}

static enum img_reason read_all(struct loader *l, struct queue *q, struct ring *ring)
{
	enum img_reason reason = IMG_OK;
	uint32_t buffer = 0;
	uint64_t at = 0;

	while (reason == IMG_OK && at < q->nr_chunks) {
		struct batch b = next_batch(&l->meta, at);

		wait_for_buffer(q, ring, buffer);
		if (LOAD(q->failed))
			break;
		reason = read_batch(l, ring, buffer, &b);
		if (reason != IMG_OK)
			break;
		at = b.end;
		STORE(q->published, at);
		report_progress(l, at);
		buffer = (buffer + 1) % ring->count;
	}
	return reason;
}

/* Two buffers are enough to overlap reading with decoding; more even out the difference. */
static bool ring_allocate(struct loader *l, struct ring *ring)
{
	uint64_t n = l->meta.nr_chunks;

	ring->stored = mem_pool(l, (n + 1) * sizeof(*ring->stored), false);
	ring->buffer_of = mem_pool(l, n + 1, false);
	if (!ring->stored || !ring->buffer_of)
		return false;
	while (ring->count < NR_BUFFERS) {
		ring->buffer[ring->count] = mem_pool(l, BUFFER_SIZE, false);
		if (!ring->buffer[ring->count])
			break;
		ring->count++;
	}
	return ring->count > 0;
}

static bool queue_allocate(struct loader *l, struct queue *q)
{
	uint32_t wanted = l->options.one_core ? 1 : workers_available();

	while (q->max_workers < wanted) {
		void *scratch = mem_pool(l, IMG_CHUNK_SIZE, false);

		if (!scratch)
			break;
		q->scratch[q->max_workers++] = scratch;
	}
	return q->max_workers > 0;
}

static enum img_reason run_queue(struct loader *l, struct queue *q, struct ring *ring)
{
	enum img_reason read_reason, work_reason;

	workers_start(q);
	read_reason = read_all(l, q, ring);
	stamp(l, IMG_STAMP_READ);
	if (read_reason != IMG_OK)
		workers_fail(q, read_reason, 0);
	work_reason = workers_finish(q);
	stamp(l, IMG_STAMP_DECODED);
	l->handoff.workers = 1 + (q->entered < q->max_workers ? q->entered : q->max_workers - 1);
	if (read_reason == IMG_OK && work_reason != IMG_OK)
		l->detail = (struct img_detail){ .object = "chunk", .index = q->failed_chunk };
	return read_reason != IMG_OK ? read_reason : work_reason;
}

enum img_reason place_image(struct loader *l)
{
	struct ring ring = { 0 };
	struct queue q = { .l = l, .nr_chunks = l->meta.nr_chunks };
	enum img_reason reason;

	if (!ring_allocate(l, &ring) || !queue_allocate(l, &q))
		return IMG_E_NO_MEMORY;
	reason = plan_staging(l);
	if (reason != IMG_OK)
		return reason;
	q.stored = ring.stored;
	q.buffer_of = ring.buffer_of;
	q.done_in_buffer = ring.done_in;
	return run_queue(l, &q, &ring);
}
