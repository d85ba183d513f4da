// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/mapper.h"

#include <errno.h>
#include <inttypes.h>
#include <libdevmapper.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/io.h"

#define SECTOR	  512u
#define MAX_TABLE (1u << 20)

bool mapper_owns(dev_t device)
{
	_cleanup_free_ char *path =
		io_system_path("/sys/dev/block/%u:%u/dm", major(device), minor(device));

	return device && path && access(path, F_OK) == 0;
}

/* "MAJOR:MINOR SECTOR" */
static bool parse_place(const char *text, struct mapper_segment *segment)
{
	unsigned int major_number, minor_number;
	uint64_t sector;

	if (sscanf(text, "%u:%u %" SCNu64, &major_number, &minor_number, &sector) != 3 ||
	    sector > UINT64_MAX / SECTOR)
		return false;
	segment->below = makedev(major_number, minor_number);
	segment->offset = sector * SECTOR;
	return true;
}

/* dm-crypt's parameters: CIPHER KEY IV_OFFSET MAJOR:MINOR SECTOR [OPTIONS] (dm-crypt.rst). */
static const char *skip_words(const char *text, unsigned int words)
{
	while (words-- && *text) {
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
	return text;
}

bool mapper_parse(uint64_t start, uint64_t length, const char *type, const char *params,
		  struct mapper_segment *ret_segment)
{
	bool linear = strcmp(type, "linear") == 0, crypt = strcmp(type, "crypt") == 0;

	*ret_segment = (struct mapper_segment){ .start = start * SECTOR,
						.size = length * SECTOR,
						.linear = linear || crypt,
						.encrypted = crypt };
	snprintf(ret_segment->type, sizeof(ret_segment->type), "%s", type);
	if (start > UINT64_MAX / SECTOR || length > UINT64_MAX / SECTOR - start)
		return false;
	return !ret_segment->linear || parse_place(skip_words(params, crypt ? 3 : 0), ret_segment);
}

static int add(struct mapper_table *table, const struct mapper_segment *segment)
{
	struct mapper_segment *grown =
		realloc(table->segment, (table->nr + 1) * sizeof(*table->segment));

	if (!grown)
		return -1;
	table->segment = grown;
	table->segment[table->nr++] = *segment;
	return 0;
}

static int add_target(struct mapper_table *table, uint64_t start, uint64_t length, const char *type,
		      const char *params)
{
	struct mapper_segment segment;

	if (!mapper_parse(start, length, type, params, &segment)) {
		errno = EPROTO;
		return -1;
	}
	return add(table, &segment);
}

static int read_file(const char *path, struct mapper_table *table)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;
	size_t size;

	if (io_read_file(path, MAX_TABLE, &text, &size))
		return -1;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		uint64_t start, length;
		char type[16];
		int end;

		if (sscanf(line, "%" SCNu64 " %" SCNu64 " %15s %n", &start, &length, type, &end) !=
			    3 ||
		    add_target(table, start, length, type, line + end))
			return -1;
	}
	return 0;
}

/* libdevmapper prints to stderr of its own accord. */
static void be_silent(int level, const char *file, int line, int dm_errno, const char *format, ...)
{
	(void)level;
	(void)file;
	(void)line;
	(void)dm_errno;
	(void)format;
}

static int read_targets(struct dm_task *task, struct mapper_table *table)
{
	void *next = NULL;

	do {
		uint64_t start, length;
		char *type = NULL, *params = NULL;

		next = dm_get_next_target(task, next, &start, &length, &type, &params);
		if (type && add_target(table, start, length, type, params))
			return -1;
	} while (next);
	return 0;
}

/* The key of a crypt target may be in its parameters: libdevmapper wipes its memory of them. */
static int ask_kernel(dev_t device, struct mapper_table *table)
{
	struct dm_task *task = dm_task_create(DM_DEVICE_TABLE);
	int error = -1;

	if (!task) {
		errno = ENOMEM;
		return -1;
	}
	if (dm_task_set_major(task, (int)major(device)) &&
	    dm_task_set_minor(task, (int)minor(device)) && dm_task_secure_data(task) &&
	    dm_task_run(task))
		error = read_targets(task, table);
	else
		errno = dm_task_get_errno(task) ? dm_task_get_errno(task) : EIO;
	dm_task_destroy(task);
	return error;
}

int mapper_read(dev_t device, struct mapper_table *ret_table)
{
	struct mapper_table table = { 0 };
	_cleanup_free_ char *path =
		io_system_path("/sys/dev/block/%u:%u/dm/table", major(device), minor(device));
	int error = -1;

	dm_log_with_errno_init(be_silent);
	if (path)
		error = getenv("FASTBOOTCTL_ROOT") ? read_file(path, &table)
						   : ask_kernel(device, &table);
	if (error)
		mapper_release(&table);
	*ret_table = table;
	return error;
}

void mapper_release(struct mapper_table *table)
{
	int saved = errno;

	free(table->segment);
	*table = (struct mapper_table){ 0 };
	errno = saved;
}
