/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks from the disk into a ring of buffers. */
#ifndef READER_H
#define READER_H

#include "batch.h"
#include "workers.h"

struct loader;

#define NR_BUFFERS 8

struct ring {
	uint8_t *buffer[NR_BUFFERS];
	uint32_t count;			/* allocated buffers */
	uint64_t chunks_in[NR_BUFFERS]; /* read into the buffer this time */
	uint64_t done_in[NR_BUFFERS];	/* counted by the workers */
	uint8_t **stored;		/* as in struct queue */
	uint8_t *buffer_of;
};

/*
 * The boot processor's part of a restore: reads all chunks and publishes them, then works until no
 * work is left to take or something has failed.  Reports progress and watches for Esc meanwhile.
 */
void reader_run(struct loader *l, struct queue *q, struct ring *ring);

#endif
