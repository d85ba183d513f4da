/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection: the module parameter `fail_at` names a step of the ladder that a snapshot
 * climbs; that step then fails as if its own work had failed, until the parameter is emptied.  The
 * read-only parameter `fail_steps` lists the names.
 */
#ifndef HOOK_FAULT_H
#define HOOK_FAULT_H

#include <linux/types.h>

#include "report.h"

/* In the order of the ladder. */
#define FAULT_STEPS(X)                                                                             \
	X(TARGET_FIND, "target-find")                                                              \
	X(SURVEY, "survey")                                                                        \
	X(GATES, "gates")                                                                          \
	X(TARGET_OPEN, "target-open")                                                              \
	X(CHOOSE_SLOT, "choose-slot")                                                              \
	X(CHECKPOINT_OPEN, "checkpoint-open")                                                      \
	X(PROOFS, "proofs")                                                                        \
	X(SHARED, "shared")                                                                        \
	X(PACK, "pack")                                                                            \
	X(STREAM, "stream")                                                                        \
	X(RECORD, "record")                                                                        \
	X(RESUME, "resume")                                                                        \
	X(HIBERNATION_MODE, "hibernation-mode")                                                    \
	X(FREEZE, "freeze")                                                                        \
	X(FROZEN, "frozen")                                                                        \
	X(CAPTURE, "capture")                                                                      \
	X(STREAM_BEGIN, "stream-begin")                                                            \
	X(ERASE, "erase")                                                                          \
	X(SEAL_KEY, "seal-key")                                                                    \
	X(PAGE, "page")		      /* half of the stream is packed */                           \
	X(SEAL_CHUNK, "seal-chunk")   /* in a worker, while others work */                         \
	X(CHUNK_WRITE, "chunk-write") /* likewise */                                               \
	X(DRAIN, "drain")                                                                          \
	X(PROOFS_COLLECT, "proofs-collect")                                                        \
	X(SEAL_MAC, "seal-mac")                                                                    \
	X(SECTIONS, "sections")                                                                    \
	X(STATE, "state")                                                                          \
	X(FLUSH, "flush")                                                                          \
	X(HEADER, "header")                                                                        \
	X(HEADER_FLUSH, "header-flush") /* the header may be on the disk */

enum fault_step {
	FAULT_NONE,
#define FAULT_STEP_ENUM(sym, name) FAULT_##sym,
	FAULT_STEPS(FAULT_STEP_ENUM)
#undef FAULT_STEP_ENUM
};

const char *fault_name(enum fault_step step);

/* Any context. */
bool fault_is_at(enum fault_step step);

/* 0, or -EIO with the fault reported. */
int fault_at(enum fault_step step, struct report *report);

/* The result of `call`; or -EIO with the fault reported, without evaluating `call`. */
#define fault_or(step, report, call) (fault_at(step, report) ?: (call))

#endif
