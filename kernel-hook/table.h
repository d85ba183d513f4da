/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A line of a table, and the parameters of targets, as device mapper prints them.
 */
#ifndef HOOK_TABLE_H
#define HOOK_TABLE_H

#include <linux/types.h>

#define MAPPER_TYPE_SIZE 16 /* DM_MAX_TYPE_NAME */

/* One line of a table. */
struct mapper_segment {
	u64 start, size; /* bytes of the device */
	char type[MAPPER_TYPE_SIZE];
	dev_t below;   /* linear, crypt: the one device below, ... */
	u64 offset;    /* ... and where on it, bytes; 0 for others */
	dev_t hash;    /* verity: the device of the hash tree, ... */
	u64 root;      /* ... where on it the tree's first block is, ... */
	u32 root_size; /* ... and that block's size, bytes */
};

/*
 * text: those of a target of segment->type; afterwards in pieces, and a key overwritten with
 * zeroes.  Sets what the segment has below it.  Leaves alone what it does not know.  0 or -EPROTO.
 */
int table_parse(char *text, struct mapper_segment *segment);

#endif
