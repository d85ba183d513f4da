// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open files are found in the tasks' tables; a file held only by io_uring or by a message in flight
 * is not found.  Process context.
 */
#include <linux/blkdev.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "compat/compat.h"
#include "devices.h"
#include "findings.h"
#include "held.h"
#include "openers.h"

#define MAX_OPENERS 64u

struct opener {
	char comm[TASK_COMM_LEN];
	pid_t pid;
	unsigned int fd;
	dev_t device;
	char name[DEVICE_NAME_SIZE];
};

struct openers {
	struct task_struct *task; /* the one visited now */
	dev_t only; /* find who has claimed this device; 0: who has a device open for writing */
	struct opener opener[MAX_OPENERS];
	unsigned int nr;
	bool more;
};

/* A program's claim is its file's (block/fops.c, blkdev_open). */
static bool is_looked_for(const struct openers *openers, const struct file *file,
			  const struct block_device *bdev)
{
	if (device_name_is_memory(bdev->bd_disk->disk_name))
		return false;
	if (openers->only)
		return bdev->bd_dev == openers->only && READ_ONCE(bdev->bd_holder) == file;
	return file->f_mode & FMODE_WRITE;
}

/* Under the task's lock. */
static int file_visit(const void *context, struct file *file, unsigned int fd)
{
	struct openers *openers = (struct openers *)context;
	struct block_device *bdev = device_of_file(file);
	struct opener *opener;

	if (!bdev || !is_looked_for(openers, file, bdev))
		return 0;
	if (openers->nr == MAX_OPENERS) {
		openers->more = true;
		return 1;
	}
	opener = &openers->opener[openers->nr++];
	strscpy(opener->comm, openers->task->comm, sizeof(opener->comm));
	opener->pid = openers->task->pid;
	opener->fd = fd;
	opener->device = bdev->bd_dev;
	device_name(bdev, opener->name);
	return 0;
}

/* Threads that share the table of their process are visited with it. */
static void openers_find(struct openers *openers)
{
	struct task_struct *process, *task;

	rcu_read_lock();
	for_each_process_thread(process, task) {
		task_lock(task);
		if (task->files && (task == process || task->files != process->files)) {
			openers->task = task;
			(void)iterate_fd(task->files, 0, file_visit, openers);
		}
		task_unlock(task);
	}
	rcu_read_unlock();
}

void claimer_of(const struct block_device *bdev, char *ret_text)
{
	struct openers *openers = held_kvcalloc(1, sizeof(*openers));
	const struct opener *first;

	ret_text[0] = '\0';
	if (!openers)
		return;
	openers->only = bdev->bd_dev;
	openers_find(openers);
	first = openers->opener;
	if (openers->nr)
		scnprintf(ret_text, OPENER_TEXT_SIZE, "%s[%d], file descriptor %u", first->comm,
			  first->pid, first->fd);
	held_kvfree(openers);
}

static bool opened_before(const struct survey *survey, dev_t device)
{
	unsigned int i;

	for (i = 0; i < survey->nr_in_memory; i++) {
		if (survey->in_memory[i] == device)
			return true;
	}
	return false;
}

/* A loop device over a file in memory is part of the image; noted for a look without paths. */
static bool is_in_memory(struct survey *survey, dev_t device, bool frozen)
{
	struct block_device *bdev;
	char lower[DEVICE_NAME_SIZE];
	const char *why;
	bool memory;

	if (opened_before(survey, device))
		return true;
	if (frozen)
		return false;
	bdev = device_find(survey->anchor, device, NULL);
	memory = bdev && device_home(bdev, lower, &why) == DEVICE_HOME_MEMORY;
	device_put(bdev);
	if (memory && survey->nr_in_memory < ARRAY_SIZE(survey->in_memory))
		survey->in_memory[survey->nr_in_memory++] = device;
	return memory;
}

/* The file may be closed by now; the mapping still exists. */
static void mappings_find(struct survey *survey, bool frozen, struct findings *findings)
{
	struct block_device *bdev;
	struct device_walk walk;
	char name[DEVICE_NAME_SIZE];

	device_walk_begin(&walk, survey->anchor);
	while ((bdev = device_walk_next(&walk))) {
		if (!mapping_writably_mapped(bdev_page_cache(bdev)) ||
		    device_name_is_memory(bdev->bd_disk->disk_name) ||
		    is_in_memory(survey, bdev->bd_dev, frozen))
			continue;
		device_name(bdev, name);
		finding_add(findings, "%s: mapped for writing by some program", name);
	}
	device_walk_end(&walk);
}

static void openers_report(struct survey *survey, const struct openers *openers, bool frozen,
			   struct findings *findings)
{
	const struct opener *opener;

	for (opener = openers->opener; opener < openers->opener + openers->nr; opener++) {
		if (!is_in_memory(survey, opener->device, frozen))
			finding_add(findings, "%s: open for writing by %s[%d], file descriptor %u",
				    opener->name, opener->comm, opener->pid, opener->fd);
	}
	if (openers->more)
		finding_add(findings, "and more");
}

void gate_openers(struct survey *survey, bool frozen, struct report *report)
{
	struct findings findings = { .report = report, .reason = IMG_E_GATE_OPEN };
	struct openers *openers = held_kvcalloc(1, sizeof(*openers));

	if (openers) {
		openers_find(openers);
		openers_report(survey, openers, frozen, &findings);
	} else {
		finding_add(&findings, "no memory for a list of programs");
	}
	mappings_find(survey, frozen, &findings);
	findings_close(&findings);
	held_kvfree(openers);
}
