/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands of /sys/power/fastboot_snapshot:
 *
 *	golden [TEXT]
 *	once [TEXT]
 *	test:LEVEL [golden|once]
 *	invalidate [a|b]
 */
#ifndef HOOK_COMMAND_H
#define HOOK_COMMAND_H

#include <imgfmt/imgfmt.h>

#include "report.h"
#include "request.h"

struct command {
	bool invalidate;
	int slot;		   /* the slot to invalidate; -1: all */
	enum snapshot_level level; /* unless invalidating, like the rest */
	enum img_mode mode;
	const char *description; /* points into the text */
};

/* text: without white space around it; modified.  0 or -EINVAL, reported. */
int command_parse(char *text, struct command *ret_command, struct report *report);

#endif
