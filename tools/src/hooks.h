/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an administrator wants done before each snapshot: the programs in HOOKS_DIR, by name.
 * Names are those that run-parts(8) takes: letters, digits, '_' and '-'.
 */
#ifndef FASTBOOTCTL_HOOKS_H
#define FASTBOOTCTL_HOOKS_H

#include <stddef.h>

#define HOOKS_DIR "/etc/fastboot/snapshot.d"

struct hooks {
	char **paths;
	size_t count;
};

/* No directory is no programs.  0, or the exit status after a report. */
int hooks_list(struct hooks *ret_hooks);

/*
 * Runs them one after the other, each with `kind` as its argument; what they print goes to
 * standard error.  The first that fails is named, and ends it: hook-failed.
 */
int hooks_run(const struct hooks *hooks, const char *kind);

void hooks_free(struct hooks *hooks);
#define _cleanup_hooks_ __attribute__((cleanup(hooks_free)))

#endif
