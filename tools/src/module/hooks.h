/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs that run around each snapshot: the package's in HOOKS_OURS and the administrator's
 * in HOOKS_DIR, in one order, by name.  Anything in HOOKS_DIR, a link to /dev/null too, replaces
 * what has the same name in HOOKS_OURS.
 *
 * Names are those that run-parts(8) accepts: letters, digits, '_' and '-'.  Each program gets two
 * arguments, like those of systemd-suspend.service(8): "pre" or "post", and the kind of image. What
 * a program prints goes to standard error.
 */
#ifndef FASTBOOTCTL_HOOKS_H
#define FASTBOOTCTL_HOOKS_H

#include <stddef.h>

#define HOOKS_OURS "/usr/lib/fastboot/snapshot.d"
#define HOOKS_DIR  "/etc/fastboot/snapshot.d"

struct hooks {
	char **paths;
	size_t count;
	size_t ran; /* how many ran with "pre", including one that failed */
};

/* A missing folder holds no programs.  0, or the exit status after a report. */
int hooks_list(struct hooks *ret_hooks);

/*
 * Runs them one after the other, with "pre".  Stops at the first that fails, and names it:
 * hook-failed; and at a signal: interrupted.
 */
int hooks_pre(struct hooks *hooks, const char *kind);

/*
 * Runs with "post" those that ran with "pre", in reverse order.  A failure causes a warning and
 * stops nothing.  0, or the exit status after a report that one could not be run at all.
 */
int hooks_post(const struct hooks *hooks, const char *kind);

void hooks_free(struct hooks *hooks);
#define _cleanup_hooks_ __attribute__((cleanup(hooks_free)))

#endif
