/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processors that verify, open, decode and place chunks.
 *
 * One queue without locks: the reader publishes how many chunks have arrived,
 * and workers take the next one by compare-and-swap.  The application processors
 * are started only once, because starting and ending them costs up to 100 ms
 * each time.  The boot processor reads, and works whenever it would wait.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include <imgfmt/handoff.h>
#include <imgfmt/reader.h>

#include "base.h"

struct crypto_cipher;
struct staging;

#define MAX_WORKERS 64

#define LOAD(x)	     __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, v)  __atomic_store_n(&(x), v, __ATOMIC_RELEASE)
#define ADD_FETCH(x) __atomic_add_fetch(&(x), 1, __ATOMIC_ACQ_REL)

/* One cache line each, so that processors do not wait for each other's counters. */
struct worker {
	void *scratch; /* one chunk's pages */
	struct img_work work;
} __attribute__((aligned(64)));

struct queue {
	const struct img_meta *meta;
	const struct staging *staging;
	uint64_t nr_chunks;
	const struct crypto_cipher *cipher; /* NULL: the chunks are not sealed */
	uint8_t **stored;		    /* per chunk: where its bytes were read to */
	struct worker worker[MAX_WORKERS];  /* the boot processor is number 0 */
	uint32_t max_workers;

	uint64_t published; /* chunks that have arrived */
	uint64_t taken;
	uint64_t done;
	uint64_t next_fill; /* the first run not yet searched for constant pages */
	uint32_t entered;   /* application processors that have come, */
	uint32_t left;	    /* and gone */
	uint32_t failed;    /* enum img_reason, the first */
	uint64_t failed_chunk;
	uint64_t *done_in_buffer; /* finished chunks per buffer, see reader.c */
	const uint8_t *buffer_of; /* per chunk */

	EFI_EVENT finished; /* the firmware has seen all processors end */
	uint32_t started;   /* application processors */
};

/* How many processors can work, the boot processor included. */
uint32_t workers_available(void);

/* A chunk as the place of a refusal. */
static inline struct img_detail workers_detail(enum img_reason reason, uint64_t chunk)
{
	return (struct img_detail){ .object = "chunk",
				    .index = chunk,
				    .field = reason == IMG_E_NOT_AUTHENTIC ? "tag" : NULL };
}

/* Makes every worker stop; keeps the first reason. */
void workers_fail(struct queue *q, enum img_reason reason, uint64_t chunk);

/* Starts the other processors where the firmware can; without them this one does all the work. */
void workers_start(struct queue *q);

/* Does one piece of work on this processor; false: no work to take now. */
bool workers_step(struct queue *q, uint32_t worker);

/* Verifies and decodes a chunk into the worker's scratch, to measure the cost. */
enum img_reason workers_measure(struct queue *q, uint64_t number, uint8_t *stored, uint32_t worker);

/* Works until all work is taken or something has failed, then waits for every processor to leave.
 */
enum img_reason workers_finish(struct queue *q);

#endif
