/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The request for a snapshot.
 */
#ifndef HOOK_REQUEST_H
#define HOOK_REQUEST_H

#include <imgfmt/imgfmt.h>

/* How far to go; all but the last are dry runs that return from there. */
enum snapshot_level {
	SNAPSHOT_TEST_GATES,
	SNAPSHOT_TEST_FREEZE,
	SNAPSHOT_TEST_DEVICES, /* memory is copied, nothing is written */
	SNAPSHOT_TEST_WRITE,   /* all but the header */
	SNAPSHOT_IMAGE,
};

struct snapshot_request {
	enum snapshot_level level;
	enum img_mode mode;
	const char *description;
	const char *target; /* see target_find */
	/* A page of its own, which the loader writes to. */
	struct img_handoff *handoff;
};

/* "golden", "once"; "" for no image. */
const char *request_mode_name(enum img_mode mode);

/* "gates", ...: what follows "test:". */
const char *request_level_name(enum snapshot_level level);

#endif
