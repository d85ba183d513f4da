/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option `probe`: what reading, verifying and decoding cost, each alone. */
#ifndef PROBE_H
#define PROBE_H

#include "workers.h"

struct loader;

/*
 * Reads, verifies and decodes every chunk once, on this processor, one step after the other, and
 * records the costs in l->handoff.  Places nothing.  buffer: BUFFER_SIZE bytes.
 */
enum img_reason probe_run(struct loader *l, uint8_t *buffer, struct queue *q);

#endif
