// SPDX-License-Identifier: GPL-2.0-or-later
/* Queue, workers and EFI_MP_SERVICES_PROTOCOL (PI 1.8, volume 2, 13.4). */
#include "workers.h"

#include "crypto.h"
#include "place.h"

#define FILL_BATCH 64 /* runs that a worker takes at once */

/* How long to wait for the other processors to leave, in steps of 10 us. */
#define FINISH_STEPS 1000000

typedef struct mp_services MP_SERVICES;
typedef void(EFIAPI *AP_PROCEDURE)(void *argument);

struct mp_services {
	EFI_STATUS(EFIAPI *GetNumberOfProcessors)(MP_SERVICES *this, UINTN *total, UINTN *enabled);
	void *GetProcessorInfo;
	EFI_STATUS(EFIAPI *StartupAllAPs)
	(MP_SERVICES *this, AP_PROCEDURE procedure, BOOLEAN single_thread, EFI_EVENT event,
	 UINTN timeout, void *argument, UINTN **failed);
	void *StartupThisAP;
	void *SwitchBSP;
	void *EnableDisableAP;
	void *WhoAmI;
};

static EFI_GUID mp_services_guid = {
	0x3fdda605, 0xa76e, 0x4f46, { 0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 }
};

void workers_fail(struct queue *q, enum img_reason reason, uint64_t chunk)
{
	uint32_t none = IMG_OK;

	if (__atomic_compare_exchange_n(&q->failed, &none, reason, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED))
		q->failed_chunk = chunk;
}

static enum img_reason open_chunk(const struct queue *q, uint64_t number, const struct img_chunk *c,
				  uint8_t *stored)
{
	uint8_t iv[IMG_IV_SIZE];

	img_seal_iv(number, iv);
	return crypto_open(q->cipher, iv, stored, c->size, q->meta->tag[number].tag)
		       ? IMG_OK
		       : IMG_E_NOT_AUTHENTIC;
}

/* The stored bytes are what was written.  Those of a sealed chunk are plain afterwards. */
static enum img_reason verify(const struct queue *q, uint64_t number, const struct img_chunk *c,
			      uint8_t *stored, struct img_work *work)
{
	uint64_t start = tsc();
	enum img_reason reason = img_chunk_check(c, stored);

	if (reason == IMG_OK && q->cipher && c->kind != IMG_CHUNK_FILL)
		reason = open_chunk(q, number, c, stored);
	work->verify += tsc() - start;
	return reason;
}

static enum img_reason decode(const struct img_chunk *c, const uint8_t *stored, void *to,
			      struct img_work *work)
{
	uint64_t start = tsc();
	enum img_reason reason = img_chunk_decode(c, stored, to);

	work->decode += tsc() - start;
	work->bytes_decoded += c->pages * IMG_PAGE_SIZE;
	return reason;
}

static void write_pages(const struct staging *s, const struct img_chunk *c, const void *pages,
			struct img_work *work)
{
	uint64_t start = tsc();

	place_write(s, c->first, c->pages, pages);
	work->place += tsc() - start;
}

/* A chunk whose pages are contiguous in memory is decoded in place; a raw one is only copied. */
static enum img_reason place_chunk(const struct staging *s, const struct img_chunk *c,
				   const uint8_t *stored, struct worker *w)
{
	enum img_reason reason;
	void *direct;

	if (c->kind == IMG_CHUNK_RAW) {
		write_pages(s, c, stored, &w->work);
		return IMG_OK;
	}
	direct = place_direct(s, c->first, c->pages);
	reason = decode(c, stored, direct ? direct : w->scratch, &w->work);
	if (reason == IMG_OK && !direct)
		write_pages(s, c, w->scratch, &w->work);
	return reason;
}

enum img_reason workers_measure(struct queue *q, uint64_t number, uint8_t *stored, uint32_t worker)
{
	struct img_chunk c = img_meta_chunk(q->meta, number);
	struct worker *w = &q->worker[worker];
	enum img_reason reason = verify(q, number, &c, stored, &w->work);

	if (reason == IMG_OK && c.kind == IMG_CHUNK_LZ4)
		reason = decode(&c, stored, w->scratch, &w->work);
	return reason;
}

static void do_chunk(struct queue *q, uint64_t number, uint32_t worker)
{
	struct img_chunk c = img_meta_chunk(q->meta, number);
	uint8_t *stored = q->stored[number];
	struct worker *w = &q->worker[worker];
	enum img_reason reason = verify(q, number, &c, stored, &w->work);

	if (reason == IMG_OK)
		reason = place_chunk(q->staging, &c, stored, w);
	if (reason != IMG_OK)
		workers_fail(q, reason, number);
	ADD_FETCH(q->done_in_buffer[q->buffer_of[number]]);
	ADD_FETCH(q->done);
}

static bool take_chunk(struct queue *q, uint64_t *ret_number)
{
	uint64_t next = LOAD(q->taken);

	while (next < LOAD(q->published)) {
		if (__atomic_compare_exchange_n(&q->taken, &next, next + 1, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE)) {
			*ret_number = next;
			return true;
		}
	}
	return false;
}

static void fill_run(const struct staging *s, const struct img_run *run)
{
	uint64_t pfn = run->pfn, pages = run->pages, span;

	for (; pages; pages -= span, pfn += span) {
		void *at = place_find(s, pfn, pages, &span);

		img_fill_pages(at, run->fill, span);
	}
}

static bool do_fills(struct queue *q, struct worker *w)
{
	const struct img_meta *meta = q->meta;
	uint64_t i, end, start = tsc();

	if (LOAD(q->next_fill) >= meta->nr_runs)
		return false;
	i = __atomic_fetch_add(&q->next_fill, FILL_BATCH, __ATOMIC_ACQ_REL);
	end = i + FILL_BATCH < meta->nr_runs ? i + FILL_BATCH : meta->nr_runs;
	for (; i < end; i++) {
		struct img_run run = img_meta_run(meta, i);

		if (run.kind == IMG_RUN_FILL)
			fill_run(q->staging, &run);
	}
	w->work.place += tsc() - start;
	return true;
}

bool workers_step(struct queue *q, uint32_t worker)
{
	uint64_t number;

	if (LOAD(q->failed))
		return false;
	if (take_chunk(q, &number)) {
		do_chunk(q, number, worker);
		return true;
	}
	return do_fills(q, &q->worker[worker]);
}

static bool all_taken(const struct queue *q)
{
	return LOAD(q->failed) ||
	       (LOAD(q->taken) >= q->nr_chunks && LOAD(q->next_fill) >= q->meta->nr_runs);
}

static void work_to_the_end(struct queue *q, uint32_t worker)
{
	while (!all_taken(q)) {
		if (!workers_step(q, worker))
			__builtin_ia32_pause();
	}
}

/* On an application processor: no boot service, 32 KiB of stack at most. */
static void EFIAPI ap_main(void *argument)
{
	struct queue *q = argument;
	uint32_t worker = ADD_FETCH(q->entered);

	if (worker < q->max_workers)
		work_to_the_end(q, worker);
	ADD_FETCH(q->left);
}

static MP_SERVICES *find_mp_services(UINTN *ret_enabled)
{
	MP_SERVICES *mp;
	UINTN total;

	if (EFI_ERROR(BS->LocateProtocol(&mp_services_guid, NULL, (void **)&mp)) ||
	    EFI_ERROR(mp->GetNumberOfProcessors(mp, &total, ret_enabled)))
		return NULL;
	return mp;
}

uint32_t workers_available(void)
{
	UINTN enabled = 1;

	if (!find_mp_services(&enabled))
		return 1;
	return enabled < MAX_WORKERS ? (uint32_t)enabled : MAX_WORKERS;
}

void workers_start(struct queue *q)
{
	UINTN enabled;
	MP_SERVICES *mp = q->max_workers > 1 ? find_mp_services(&enabled) : NULL;

	if (!mp || EFI_ERROR(BS->CreateEvent(0, 0, NULL, NULL, &q->finished)))
		return;
	if (EFI_ERROR(mp->StartupAllAPs(mp, ap_main, FALSE, q->finished, 0, q, NULL)))
		return;
	q->started = (uint32_t)enabled - 1;
}

/*
 * A processor that started late would run this code after the image has overwritten
 * it: all must have come and gone, by our count or according to the firmware.
 */
static bool wait_until_out(struct queue *q)
{
	int step;

	for (step = 0; step < FINISH_STEPS; step++) {
		if (LOAD(q->left) == q->started)
			return true;
		if (BS->CheckEvent(q->finished) == EFI_SUCCESS)
			return LOAD(q->left) == LOAD(q->entered);
		BS->Stall(10);
	}
	return false;
}

enum img_reason workers_finish(struct queue *q)
{
	work_to_the_end(q, 0);
	if (q->started && !wait_until_out(q))
		return IMG_E_WORKER_STUCK;
	return LOAD(q->failed);
}
