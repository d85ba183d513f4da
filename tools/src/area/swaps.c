// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/swaps.h"

#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"

#define MAX_LIST 65536u

/* False ends the search. */
typedef bool (*path_fn)(void *ctx, const char *path);

/* Each line of /proc/swaps after the first begins with a path.  True: some call returned false. */
static bool search_active(path_fn look, void *ctx)
{
	_cleanup_free_ char *file = io_system_path("/proc/swaps");
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	size_t size;

	if (!file || io_read_file(file, MAX_LIST, &text, &size))
		return false;
	strtok_r(text, "\n", &rest);
	while ((line = strtok_r(NULL, "\n", &rest))) {
		line[strcspn(line, " \t")] = '\0';
		if (!look(ctx, line))
			return true;
	}
	return false;
}

static bool search_fstab(path_fn look, void *ctx)
{
	_cleanup_free_ char *file = io_system_path("/etc/fstab");
	FILE *table = file ? setmntent(file, "re") : NULL;
	struct mntent *entry;
	bool found = false;

	if (!table)
		return false;
	while (!found && (entry = getmntent(table))) {
		if (strcmp(entry->mnt_type, "swap") == 0 && entry->mnt_fsname[0] == '/')
			found = !look(ctx, entry->mnt_fsname);
	}
	(void)endmntent(table);
	return found;
}

/* A block device can have several nodes. */
static bool same_file(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
		return a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_another(void *ctx, const char *path)
{
	struct stat st;

	return stat(path, &st) || !same_file(&st, ctx);
}

bool swaps_active(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && search_active(is_another, &st);
}

bool swaps_has_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (search_active(is_another, &st) || search_fstab(is_another, &st));
}

struct files {
	swaps_fn look;
	void *ctx;
	bool inactive; /* only those */
};

static bool show_file(void *ctx, const char *path)
{
	const struct files *files = ctx;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && !(files->inactive && swaps_active(path)))
		files->look(files->ctx, path);
	return true;
}

void swaps_for_each_file(swaps_fn look, void *ctx)
{
	struct files files = { .look = look, .ctx = ctx };

	(void)search_active(show_file, &files);
	files.inactive = true;
	(void)search_fstab(show_file, &files);
}
