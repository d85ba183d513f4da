/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done around each snapshot: by the programs in HOOKS_OURS, which the package brings, and
 * by those of the administrator in HOOKS_DIR, in this order, and by name in each.  A file in
 * HOOKS_DIR takes the place of one in HOOKS_OURS that has the same name.
 * Names are those that run-parts(8) takes: letters, digits, '_' and '-'.  Each has two arguments,
 * as those of systemd-suspend.service(8): "pre" or "post", and the kind of the image.  What they
 * print goes to standard error.
 */
#ifndef FASTBOOTCTL_HOOKS_H
#define FASTBOOTCTL_HOOKS_H

#include <stddef.h>

#define HOOKS_OURS "/usr/lib/fastboot/snapshot.d"
#define HOOKS_DIR  "/etc/fastboot/snapshot.d"

struct hooks {
	char **paths;
	size_t count;
	size_t ran; /* so many of them with "pre", the one that failed included */
};

/* No folder is no programs.  0, or the exit status after a report. */
int hooks_list(struct hooks *ret_hooks);

/*
 * Runs them one after the other, with "pre".  The first that fails is named, and ends it:
 * hook-failed; so does a signal: interrupted.
 */
int hooks_pre(struct hooks *hooks, const char *kind);

/*
 * Runs with "post" those that were run with "pre", in reverse order.  One that fails is warned of
 * and ends nothing.  0, or the exit status after a report that one could not be run at all.
 */
int hooks_post(const struct hooks *hooks, const char *kind);

void hooks_free(struct hooks *hooks);
#define _cleanup_hooks_ __attribute__((cleanup(hooks_free)))

#endif
