// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the chunks in their order on the disk, several per request, into a ring of
 * buffers, and publishes them to the workers.  A buffer is used again when all its
 * chunks are in their places.
 *
 * Where the firmware supports it, up to two requests are under way while the boot
 * processor works; elsewhere the processor waits for each request, and works when
 * no buffer is free.
 */
#include "reader.h"

#include "batch.h"
#include "console.h"
#include "loader.h"
#include "report.h"
#include "volume.h"
#include "workers.h"

#define MAX_UNDER_WAY 2

/* The reads, oldest first; a batch's index in these arrays is its number modulo MAX_UNDER_WAY. */
struct reads {
	struct batch batch[MAX_UNDER_WAY];
	struct volume_request request[MAX_UNDER_WAY];
	uint64_t started; /* batches; each into the next buffer of the ring */
	uint64_t ended;
	uint64_t next_chunk; /* the first for which no read was started */
};

/* Are all chunks that were last read into the buffer in their places? */
static bool buffer_is_free(const struct ring *ring, uint32_t buffer)
{
	return LOAD(ring->done_in[buffer]) >= ring->chunks_in[buffer];
}

static bool may_start(const struct queue *q, const struct ring *ring, const struct reads *r)
{
	return r->next_chunk < q->nr_chunks && r->started - r->ended < MAX_UNDER_WAY &&
	       buffer_is_free(ring, r->started % ring->count);
}

/* The buffer is in use from here on: its chunks are not done. */
static void start_read(struct loader *l, struct ring *ring, struct reads *r)
{
	uint64_t slot = l->area.slot[l->slot_number].offset;
	uint32_t buffer = r->started % ring->count, at = r->started % MAX_UNDER_WAY;
	struct batch b = batch_next(&l->meta, r->next_chunk);

	ring->done_in[buffer] = 0;
	ring->chunks_in[buffer] = b.end - b.first;
	r->batch[at] = b;
	r->next_chunk = b.end;
	r->started++;
	volume_start_read(&l->volume, slot + b.offset, b.size, ring->buffer[buffer],
			  &r->request[at]);
}

static void publish(struct loader *l, struct queue *q, struct ring *ring, const struct batch *b,
		    uint32_t buffer)
{
	uint64_t i;

	for (i = b->first; i < b->end; i++) {
		ring->buffer_of[i] = (uint8_t)buffer;
		ring->stored[i] =
			ring->buffer[buffer] + (img_meta_chunk(&l->meta, i).offset - b->offset);
	}
	q->worker[0].work.bytes_read += b->size;
	STORE(q->published, b->end);
}

/* Publishes the oldest read's chunks; false if that read is still under way. */
static bool end_read(struct loader *l, struct queue *q, struct ring *ring, struct reads *r)
{
	uint32_t at = r->ended % MAX_UNDER_WAY;
	enum disk_progress progress = volume_poll_read(&l->volume, &r->request[at]);

	if (progress == DISK_BUSY)
		return false;
	if (progress == DISK_DONE)
		publish(l, q, ring, &r->batch[at], r->ended % ring->count);
	else
		workers_fail(q, IMG_E_DISK_READ, r->batch[at].first);
	r->ended++;
	return true;
}

/* One step of reading; false: nothing to do for now. */
static bool read_once(struct loader *l, struct queue *q, struct ring *ring, struct reads *r)
{
	uint64_t start = tsc();
	bool did = false;

	if (!LOAD(q->failed) && may_start(q, ring, r)) {
		start_read(l, ring, r);
		did = true;
	}
	if (r->ended < r->started)
		did |= end_read(l, q, ring, r);
	if (did)
		q->worker[0].work.read += tsc() - start;
	return did;
}

/* Runs on the boot processor, between two pieces of work. */
static void attend(struct loader *l, struct queue *q)
{
	report_progress(l, LOAD(q->done));
	if (console_escape(&l->console))
		workers_fail(q, IMG_E_USER_ESCAPE, 0);
}

/* No read is under way on return, whatever happened. */
static void read_all(struct loader *l, struct queue *q, struct ring *ring)
{
	struct reads r = { 0 };

	while (r.ended < r.started || (r.next_chunk < q->nr_chunks && !LOAD(q->failed))) {
		if (!read_once(l, q, ring, &r) && !workers_step(q, 0))
			__builtin_ia32_pause();
		attend(l, q);
	}
}

void reader_run(struct loader *l, struct queue *q, struct ring *ring)
{
	read_all(l, q, ring);
	stamp(l, IMG_STAMP_READ);
	while (workers_step(q, 0))
		attend(l, q);
}
