/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processors that verify, decode and place chunks.
 *
 * One queue without locks: the reader publishes how many chunks have arrived,
 * workers take the next one by compare-and-swap.  The application processors
 * are dispatched once, since starting and ending them costs up to 100 ms a
 * time; the boot processor reads, and works whenever it would wait.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include <imgfmt/handoff.h>
#include <imgfmt/reader.h>

#include "base.h"

struct loader;

#define MAX_WORKERS 64

#define LOAD(x)	     __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, v)  __atomic_store_n(&(x), v, __ATOMIC_RELEASE)
#define ADD_FETCH(x) __atomic_add_fetch(&(x), 1, __ATOMIC_ACQ_REL)

/* A cache line each, so that processors do not wait for each other's counts. */
struct worker {
	void *scratch; /* one chunk's pages */
	struct img_work work;
} __attribute__((aligned(64)));

struct queue {
	const struct loader *l;
	uint64_t nr_chunks;
	const uint8_t **stored;		   /* of each chunk: where its bytes were read to */
	struct worker worker[MAX_WORKERS]; /* the boot processor is number 0 */
	uint32_t max_workers;

	uint64_t published; /* chunks that have arrived */
	uint64_t taken;
	uint64_t done;
	uint64_t next_fill; /* runs looked at for constant pages */
	uint32_t entered;   /* workers, the boot processor being number 0 */
	uint32_t left;
	uint32_t failed; /* enum img_reason, the first */
	uint64_t failed_chunk;
	uint64_t *done_in_buffer; /* finished chunks of each buffer, see reader.c */
	const uint8_t *buffer_of; /* of each chunk */

	EFI_EVENT finished; /* the firmware has seen all processors end */
	uint32_t started;   /* application processors */
};

/* Processors that can work, with the boot processor. */
uint32_t workers_available(void);

/* Makes every worker stop; the first reason stays. */
void workers_fail(struct queue *q, enum img_reason reason, uint64_t chunk);

/* Starts the other processors, if there are any and the firmware can; never fails. */
void workers_start(struct queue *q);

/* One piece of work on this processor; false: there is none now. */
bool workers_step(struct queue *q, uint32_t worker);

/* Verifies and decodes a chunk into the worker's scratch, for what it costs. */
enum img_reason workers_measure(const struct img_chunk *c, const uint8_t *stored, struct worker *w);

/* Works until all is done or one has failed, then waits for every processor to be out. */
enum img_reason workers_finish(struct queue *q);

#endif
