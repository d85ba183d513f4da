// SPDX-License-Identifier: GPL-2.0-or-later
#include "module/hooks.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fail.h"
#include "base/interrupt.h"
#include "base/io.h"

#define EXIT_NOT_EXECUTED 127 /* as in a shell */

/* The names of a package manager's left-overs and editors' backups have other characters. */
static int is_hook_name(const struct dirent *entry)
{
	static const char taken[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-";

	return entry->d_name[strspn(entry->d_name, taken)] == '\0';
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Anything of that name in the administrator's folder replaces the program in ours. */
static bool is_replaced(const char *name)
{
	_cleanup_free_ char *path = io_system_path(HOOKS_DIR "/%s", name);
	struct stat st;

	return path && lstat(path, &st) == 0;
}

/* Byte by byte, whichever folder a program is in. */
static int by_last_name(const void *a, const void *b)
{
	const char *const *first = a, *const *second = b;

	return strcmp(strrchr(*first, '/'), strrchr(*second, '/'));
}

/* Takes ownership of path; keeps it if it is a program's. */
static int keep_program(char *path, struct hooks *hooks)
{
	char **paths;

	if (!is_program(path)) {
		free(path);
		return 0;
	}
	paths = realloc(hooks->paths, (hooks->count + 1) * sizeof(*paths));
	if (!paths) {
		free(path);
		return fail_errno(FAIL_NO_MEMORY, "a list of programs");
	}
	hooks->paths = paths;
	hooks->paths[hooks->count++] = path;
	return 0;
}

/* Frees the entries. */
static int keep_programs(const char *dir, struct dirent **entries, size_t n, bool replaceable,
			 struct hooks *hooks)
{
	int status = 0;

	for (size_t i = 0; i < n; i++) {
		char *path = NULL;

		if (status || (replaceable && is_replaced(entries[i]->d_name)))
			;
		else if (asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0)
			status = fail_errno(FAIL_NO_MEMORY, "%s", dir);
		else
			status = keep_program(path, hooks);
		free(entries[i]);
	}
	return status;
}

static int list_folder(const char *folder, bool replaceable, struct hooks *hooks)
{
	_cleanup_free_ char *dir = io_system_path("%s", folder);
	_cleanup_free_ struct dirent **entries = NULL;
	int n;

	if (!dir)
		return fail_errno(FAIL_NO_MEMORY, "%s", folder);
	n = scandir(dir, &entries, is_hook_name, NULL);
	if (n < 0)
		return errno == ENOENT ? 0 : fail_errno(FAIL_OPEN, "%s", dir);
	return keep_programs(dir, entries, (size_t)n, replaceable, hooks);
}

int hooks_list(struct hooks *ret_hooks)
{
	int status;

	*ret_hooks = (struct hooks){ 0 };
	status = list_folder(HOOKS_OURS, true, ret_hooks);
	if (!status)
		status = list_folder(HOOKS_DIR, false, ret_hooks);
	if (!status && ret_hooks->count)
		qsort(ret_hooks->paths, ret_hooks->count, sizeof(*ret_hooks->paths), by_last_name);
	return status;
}

struct program {
	char *path, *when, *kind;
};

/* In the child; standard output is fastbootctl's own, which may be JSON. */
static int execute(void *ctx)
{
	const struct program *program = ctx;
	char *const argv[] = { program->path, program->when, program->kind, NULL };

	if (dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
		(void)execv(program->path, argv);
	fprintf(stderr, "%s: %s\n", program->path, strerror(errno));
	return EXIT_NOT_EXECUTED;
}

static int run(char *path, const char *when, const char *kind, int *ret_wait_status)
{
	char first[8], second[16];
	struct program program = { path, first, second };

	snprintf(first, sizeof(first), "%s", when);
	snprintf(second, sizeof(second), "%s", kind);
	return child_run(execute, &program, path, ret_wait_status);
}

struct ending {
	char s[40];
};

static struct ending ending(int wait_status)
{
	struct ending text;

	if (WIFSIGNALED(wait_status))
		snprintf(text.s, sizeof(text.s), "was killed by signal %d", WTERMSIG(wait_status));
	else
		snprintf(text.s, sizeof(text.s), "ended with status %d", WEXITSTATUS(wait_status));
	return text;
}

static int check_ending(const char *path, int wait_status)
{
	if (interrupt_noted())
		return fail(FAIL_INTERRUPTED, "signal %d arrived before the image was taken",
			    interrupt_noted());
	return wait_status ? fail(FAIL_HOOK, "%s pre %s", path, ending(wait_status).s) : 0;
}

int hooks_pre(struct hooks *hooks, const char *kind)
{
	int status = 0, ended = 0;

	while (!status && hooks->ran < hooks->count) {
		char *path = hooks->paths[hooks->ran++];

		status = run(path, "pre", kind, &ended);
		if (!status)
			status = check_ending(path, ended);
	}
	return status;
}

int hooks_post(const struct hooks *hooks, const char *kind)
{
	int status = 0;

	for (size_t i = hooks->ran; i-- > 0;) {
		int ended = 0, error = run(hooks->paths[i], "post", kind, &ended);

		if (!error && ended)
			warning("%s post %s", hooks->paths[i], ending(ended).s);
		if (!status)
			status = error;
	}
	return status;
}

void hooks_free(struct hooks *hooks)
{
	for (size_t i = 0; i < hooks->count; i++)
		free(hooks->paths[i]);
	free(hooks->paths);
}
