/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packing: pages go in by rising pfn, chunks come out on the disk.
 *
 *	reader (our caller)	fills a job's input, page by page
 *	compressors		one work item for each job, on any processor; they also
 *				encrypt, if the image is sealed
 *	writer			one work item: takes finished jobs in order, several
 *				at once, for one long write
 *
 * Jobs form a ring: job number n is in job[n % count].  [tail, head) are in flight, in order; the
 * reader waits while all are.  Workers are not freezable and all memory is allocated from the
 * start, because packing happens with tasks frozen and with allocations restricted.
 *
 * Output buffers are zeroed memory when the checkpoint is taken, so in the image they cost an entry
 * of the index and no more.
 */
#ifndef HOOK_PACK_H
#define HOOK_PACK_H

#include <linux/bvec.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <imgfmt/imgfmt.h>

#include "fault.h"
#include "report.h"
#include "seal.h"
#include "shared.h"
#include "volume.h"

struct pack;

struct pack_job {
	struct work_struct work;
	struct pack *pack;
	unsigned int place; /* in pack->job */
	u64 number;	    /* of the chunk, in the image */
	void *in;
	void __user *in_user;
	void *out;
	void *workmem;
	struct bio_vec *out_page;
	struct img_chunk chunk;
	u32 pages;
	bool encoded;
};

/*
 * The cost of packing.  Only chunks compressed (and encrypted) without a context switch count as
 * timed: the others' time includes more than compression.
 */
struct pack_costs {
	u64 timed_ns;
	u64 timed_pages;
	u64 disk_ns; /* the writer's, waiting for the disk */
};

struct pack {
	struct workqueue_struct *queue;
	struct work_struct writer_work;
	wait_queue_head_t progress;
	const struct volume *volume;
	u64 slot_offset;
	struct bio_vec *write_page; /* of one long write */
	struct seal *seal;
	struct img_tag_disk *tag; /* NULL: the image is not sealed */

	struct pack_job *job;
	unsigned int count;
	u64 head; /* the job being filled; the reader's */

	spinlock_t lock; /* all below, and job->encoded */
	u64 tail;
	struct img_writer writer;
	struct pack_costs costs;
	enum img_reason reason; /* of the first failure */
	int error;
	enum fault_step fault; /* if it was injected */

	u64 runs_ahead; /* lower bound of the runs to come; the reader's */
	u64 next_pfn;
};

/* A page of a job's input, as seen from both sides. */
struct pack_page {
	void *kernel;
	void __user *user;
};

/* How many pages of shared memory pack_prepare needs. */
size_t pack_shared_pages(void);

/*
 * shared, offset: pages for the jobs' inputs, from that page on.  max_pages: the most that an image
 * can have.  seal: past its gate.
 */
int pack_prepare(struct pack *pack, const struct shared *shared, size_t offset, u64 max_pages,
		 struct seal *seal);
void pack_release(struct pack *pack);

/* Bytes that packing uses: buffers, and the tables that become the image's index. */
size_t pack_memory(const struct pack *pack);

/* Before the first page.  runs: how many runs of consecutive pfns will come. */
void pack_begin(struct pack *pack, const struct volume *volume, u64 slot_offset, u64 slot_size,
		u64 runs);

/* Where the next page goes.  False: packing has failed. */
bool pack_reserve(struct pack *pack, struct pack_page *ret_page);

/* The reserved page is filled in, and is the page of that pfn.  May wait.  False: failed. */
bool pack_commit(struct pack *pack, u64 pfn);

/* Waits until everything committed is written; also needed after a failure. */
void pack_drain(struct pack *pack);

/*
 * The time one processor would need to compress, and encrypt, all that was packed, as far as it was
 * measured; ns.
 */
u64 pack_encode_ns(const struct pack *pack);

/* Reports the first failure, if any, and returns its errno. */
int pack_verdict(struct pack *pack, struct report *report);

#endif
