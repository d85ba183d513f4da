/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The buffers that chunks are read into, and how many chunks a read takes. */
#ifndef READER_H
#define READER_H

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
/* batch.c */
struct batch batch_next(const struct img_meta *meta, uint64_t first);

/*
 * The boot processor's part of a restore: reads all chunks and publishes them, then works until no
 * work is left to take, or something has failed.  Meanwhile it reports progress and heeds Esc.
 */
void reader_run(struct loader *l, struct queue *q, struct ring *ring);

/*
 * probe.c: reads, verifies and decodes every chunk once, on this processor, one step after the
 * other, and notes in l->handoff what that cost.  Nothing is placed.
 */
enum img_reason probe_run(struct loader *l, struct ring *ring, struct worker *w);

#endif
