// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compression pipeline.  Reader: process context of the caller.  Compressors and writer:
 * workers of a queue of our own.
 */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "disk.h"
#include "fault.h"
#include "held.h"
#include "pack.h"
#include "volume.h"

#define PACK_MAX_WORKERS 8
#define PACK_MAX_JOBS	 11 /* 2 MiB each: some 22 MiB, whatever the machine */
#define PACK_MAX_WRITE	 4  /* jobs joined to one write, 1 MiB each at most */

static unsigned int pack_workers(void)
{
	return min_t(unsigned int, num_online_cpus(), PACK_MAX_WORKERS);
}

/*
 * Two jobs for each worker, so that it never waits for the reader, and two for writer and reader.
 */
static unsigned int pack_jobs(void)
{
	return min_t(unsigned int, 2 * pack_workers() + 2, PACK_MAX_JOBS);
}

size_t pack_shared_pages(void)
{
	return pack_jobs() * IMG_CHUNK_PAGES;
}

static struct pack_job *pack_job(struct pack *pack, u64 number)
{
	return &pack->job[number % pack->count];
}

static void pack_fail(struct pack *pack, enum img_reason reason, int error)
{
	spin_lock(&pack->lock);
	if (!pack->reason) {
		pack->reason = reason;
		pack->error = error;
	}
	spin_unlock(&pack->lock);
	wake_up(&pack->progress);
}

static void pack_fail_injected(struct pack *pack, enum fault_step step)
{
	pack->fault = step;
	pack_fail(pack, IMG_E_FAULT, -EIO);
}

static bool pack_failed(struct pack *pack)
{
	return READ_ONCE(pack->reason) != IMG_OK;
}

static unsigned long switches_now(void)
{
	return current->nvcsw + current->nivcsw;
}

/* A chunk that is not encrypted is not written, because packing has failed. */
static void job_seal(struct pack_job *job)
{
	struct pack *pack = job->pack;
	int error = seal_chunk(pack->seal, job->place, job->number, job->out_page, job->out,
			       &job->chunk);

	if (error)
		pack_fail(pack, IMG_E_CAPTURE, error);
	if (fault_is_at(FAULT_SEAL_CHUNK))
		pack_fail_injected(pack, FAULT_SEAL_CHUNK);
}

static void pack_encode_work(struct work_struct *work)
{
	struct pack_job *job = container_of(work, struct pack_job, work);
	struct pack *pack = job->pack;
	unsigned long switches = switches_now();
	u64 start = ktime_get_ns(), cost;

	img_chunk_encode(job->in, job->pages, job->out, job->workmem, &job->chunk);
	job_seal(job);
	cost = ktime_get_ns() - start;
	spin_lock(&pack->lock);
	job->encoded = true;
	if (switches == switches_now()) {
		pack->costs.timed_ns += cost;
		pack->costs.timed_pages += job->pages;
	}
	spin_unlock(&pack->lock);
	queue_work(pack->queue, &pack->writer_work);
}

static enum img_reason writer_add(struct pack *pack, struct pack_job *job)
{
	enum img_reason reason = img_writer_chunk(&pack->writer, &job->chunk);

	if (!reason)
		seal_tag(pack->seal, job->place, &job->chunk, &pack->writer);
	return reason;
}

/* Gives the finished jobs, from the tail on, their places; returns how many. */
static unsigned int writer_take(struct pack *pack)
{
	enum img_reason reason = IMG_OK;
	unsigned int jobs = 0;

	spin_lock(&pack->lock);
	while (jobs < PACK_MAX_WRITE && jobs < pack->count) {
		struct pack_job *job = pack_job(pack, pack->tail + jobs);

		if (!job->encoded)
			break;
		job->encoded = false;
		jobs++;
		if (!reason && !pack->reason)
			reason = writer_add(pack, job);
	}
	spin_unlock(&pack->lock);
	if (reason)
		pack_fail(pack, reason, 0);
	return jobs;
}

/* Chunks taken together are adjacent. */
static int writer_write(struct pack *pack, unsigned int jobs)
{
	u64 position = 0;
	size_t pages = 0;
	unsigned int i;

	for (i = 0; i < jobs; i++) {
		struct pack_job *job = pack_job(pack, pack->tail + i);
		size_t more = img_block_align(job->chunk.size) / PAGE_SIZE;

		if (!pages)
			position = pack->slot_offset + job->chunk.offset;
		memcpy(pack->write_page + pages, job->out_page, more * sizeof(*job->out_page));
		pages += more;
	}
	return pages ? volume_write_pages(pack->volume, position, pack->write_page, pages) : 0;
}

static void pack_writer_work(struct work_struct *work)
{
	struct pack *pack = container_of(work, struct pack, writer_work);
	unsigned int jobs;

	while ((jobs = writer_take(pack))) {
		u64 start = ktime_get_ns();
		int error;

		if (fault_is_at(FAULT_CHUNK_WRITE))
			pack_fail_injected(pack, FAULT_CHUNK_WRITE);
		error = pack_failed(pack) ? 0 : writer_write(pack, jobs);
		if (error)
			pack_fail(pack, IMG_E_DISK_WRITE, error);
		spin_lock(&pack->lock);
		pack->tail += jobs;
		pack->costs.disk_ns += ktime_get_ns() - start;
		spin_unlock(&pack->lock);
		wake_up(&pack->progress);
	}
}

static void jobs_release(struct pack *pack)
{
	unsigned int i;

	for (i = 0; pack->job && i < pack->count; i++) {
		held_kfree(pack->job[i].out_page);
		held_vfree(pack->job[i].workmem);
		held_vfree(pack->job[i].out);
	}
	held_kfree(pack->job);
	pack->job = NULL;
}

static int job_prepare(struct pack *pack, struct pack_job *job, const struct shared *shared,
		       size_t page)
{
	INIT_WORK(&job->work, pack_encode_work);
	job->pack = pack;
	job->in = shared->kernel + page * PAGE_SIZE;
	job->in_user = shared->user + page * PAGE_SIZE;
	job->out = held_vzalloc(IMG_ENCODE_BOUND);
	job->workmem = held_vzalloc(IMG_PORT_LZ4_WORKMEM);
	job->out_page = held_kcalloc(IMG_CHUNK_PAGES, sizeof(*job->out_page));
	if (!job->out || !job->workmem || !job->out_page)
		return -ENOMEM;
	disk_map(job->out_page, job->out, IMG_CHUNK_PAGES);
	return 0;
}

static int jobs_prepare(struct pack *pack, const struct shared *shared, size_t offset)
{
	unsigned int i;

	pack->count = (shared->pages - offset) / IMG_CHUNK_PAGES;
	pack->job = held_kcalloc(pack->count, sizeof(*pack->job));
	if (!pack->job)
		return -ENOMEM;
	for (i = 0; i < pack->count; i++) {
		int error = job_prepare(pack, &pack->job[i], shared, offset + i * IMG_CHUNK_PAGES);

		if (error)
			return error;
		pack->job[i].place = i;
	}
	return seal_jobs(pack->seal, pack->count);
}

/* One entry for every four pages that an image can have: fragmentation far beyond the usual. */
static int tables_prepare(struct pack *pack, u64 pages)
{
	u64 runs = pages / 4, chunks = pages / IMG_CHUNK_PAGES + 1;
	struct img_run_disk *run = held_vzalloc(PAGE_ALIGN(array_size(runs, sizeof(*run))));
	struct img_chunk_disk *chunk = held_vzalloc(PAGE_ALIGN(array_size(chunks, sizeof(*chunk))));

	img_writer_init(&pack->writer, 0, run, runs, chunk, chunks);
	if (!run || !chunk)
		return -ENOMEM;
	if (!pack->seal->on)
		return 0;
	pack->tag = held_vzalloc(PAGE_ALIGN(array_size(chunks, sizeof(*pack->tag))));
	return pack->tag ? 0 : -ENOMEM;
}

static int queue_prepare(struct pack *pack)
{
	pack->write_page =
		held_kvcalloc(PACK_MAX_WRITE * IMG_CHUNK_PAGES, sizeof(*pack->write_page));
	/* With a rescuer, because no thread can be created while memory is short. */
	pack->queue =
		held(alloc_workqueue("fastboot", WQ_UNBOUND | WQ_MEM_RECLAIM, pack_workers() + 1));
	return pack->write_page && pack->queue ? 0 : -ENOMEM;
}

int pack_prepare(struct pack *pack, const struct shared *shared, size_t offset, u64 max_pages,
		 struct seal *seal)
{
	int error;

	*pack = (struct pack){ .seal = seal };
	spin_lock_init(&pack->lock);
	init_waitqueue_head(&pack->progress);
	INIT_WORK(&pack->writer_work, pack_writer_work);
	error = queue_prepare(pack);
	if (!error)
		error = tables_prepare(pack, max_pages);
	if (!error)
		error = jobs_prepare(pack, shared, offset);
	if (error)
		pack_release(pack);
	return error;
}

void pack_release(struct pack *pack)
{
	if (pack->queue)
		destroy_workqueue(unheld(pack->queue));
	pack->queue = NULL;
	jobs_release(pack);
	held_vfree(pack->tag);
	pack->tag = NULL;
	held_vfree(pack->writer.chunk);
	held_vfree(pack->writer.run);
	memset(&pack->writer, 0, sizeof(pack->writer));
	held_kvfree(pack->write_page);
	pack->write_page = NULL;
}

size_t pack_memory(const struct pack *pack)
{
	size_t job = IMG_CHUNK_SIZE + IMG_ENCODE_BOUND + IMG_PORT_LZ4_WORKMEM +
		     IMG_CHUNK_PAGES * sizeof(struct bio_vec);

	return pack->count * job + PACK_MAX_WRITE * IMG_CHUNK_PAGES * sizeof(struct bio_vec) +
	       pack->writer.run_capacity * sizeof(struct img_run_disk) +
	       pack->writer.chunk_capacity *
		       (sizeof(struct img_chunk_disk) + (pack->tag ? sizeof(*pack->tag) : 0));
}

void pack_begin(struct pack *pack, const struct volume *volume, u64 slot_offset, u64 slot_size,
		u64 runs)
{
	struct img_writer *w = &pack->writer;

	img_writer_init(w, slot_size, w->run, w->run_capacity, w->chunk, w->chunk_capacity);
	if (pack->tag)
		img_writer_sealed(w, pack->tag);
	pack->volume = volume;
	pack->slot_offset = slot_offset;
	pack->runs_ahead = runs;
	pack->next_pfn = ~0ull;
	pack->costs = (struct pack_costs){ 0 };
}

static bool pack_has_free_job(struct pack *pack)
{
	bool has;

	spin_lock(&pack->lock);
	has = pack->head - pack->tail < pack->count;
	spin_unlock(&pack->lock);
	return has;
}

bool pack_reserve(struct pack *pack, struct pack_page *ret_page)
{
	struct pack_job *job = pack_job(pack, pack->head);

	if (pack_failed(pack))
		return false;
	ret_page->kernel = job->in + job->pages * PAGE_SIZE;
	ret_page->user = job->in_user + job->pages * PAGE_SIZE;
	return true;
}

static void pack_submit(struct pack *pack)
{
	struct pack_job *job = pack_job(pack, pack->head);

	job->number = pack->head++;
	queue_work(pack->queue, &job->work);
	/* The job to fill next must have been written since its last turn. */
	wait_event(pack->progress, pack_has_free_job(pack) || pack_failed(pack));
	if (!pack_failed(pack))
		pack_job(pack, pack->head)->pages = 0;
}

/*
 * A page of one repeated word goes into the index, not into a chunk, as long as the index keeps
 * room for what follows: for this page and the rest of its run.
 */
static enum img_run_kind page_kind(struct pack *pack, const void *page, u64 *ret_word)
{
	if (img_page_is_fill(page, ret_word) &&
	    img_writer_has_room(&pack->writer, pack->runs_ahead + 2))
		return IMG_RUN_FILL;
	*ret_word = 0;
	return IMG_RUN_STORED;
}

bool pack_commit(struct pack *pack, u64 pfn)
{
	struct pack_job *job = pack_job(pack, pack->head);
	enum img_run_kind kind;
	enum img_reason reason;
	u64 word;

	if (pfn != pack->next_pfn && pack->runs_ahead)
		pack->runs_ahead--;
	pack->next_pfn = pfn + 1;
	kind = page_kind(pack, job->in + job->pages * PAGE_SIZE, &word);
	spin_lock(&pack->lock);
	reason = img_writer_page(&pack->writer, pfn, kind, word);
	spin_unlock(&pack->lock);
	if (reason) {
		pack_fail(pack, reason, 0);
		return false;
	}
	if (kind == IMG_RUN_STORED && ++job->pages == IMG_CHUNK_PAGES)
		pack_submit(pack);
	return true;
}

static bool pack_idle(struct pack *pack)
{
	bool idle;

	spin_lock(&pack->lock);
	idle = pack->head == pack->tail;
	spin_unlock(&pack->lock);
	return idle;
}

void pack_drain(struct pack *pack)
{
	if (!pack_failed(pack) && pack_job(pack, pack->head)->pages)
		pack_submit(pack);
	wait_event(pack->progress, pack_idle(pack));
	drain_workqueue(pack->queue);
}

u64 pack_encode_ns(const struct pack *pack)
{
	const struct pack_costs *costs = &pack->costs;

	if (!costs->timed_pages)
		return 0;
	return mul_u64_u64_div_u64(costs->timed_ns, pack->writer.nr_chunked, costs->timed_pages);
}

int pack_verdict(struct pack *pack, struct report *report)
{
	const struct img_writer *w = &pack->writer;

	if (!pack->reason)
		return 0;
	if (pack->reason == IMG_E_FAULT)
		return report_obstacle(report, pack->reason, pack->error, "step %s",
				       fault_name(pack->fault));
	if (pack->error)
		return report_obstacle(report, pack->reason, pack->error,
				       "error %d, %llu MiB into the slot", pack->error,
				       w->position >> 20);
	return report_obstacle(report, pack->reason, 0,
			       "the slot holds %llu MiB; %llu of the image's pages took %llu MiB",
			       w->slot_size >> 20, w->nr_chunked, w->position >> 20);
}
