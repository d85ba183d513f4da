/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device mapper's tables: of what its devices are made. */
#ifndef FASTBOOTCTL_MAPPER_H
#define FASTBOOTCTL_MAPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One line of a table. */
struct mapper_segment {
	uint64_t start, size; /* bytes of the device */
	char type[16];	      /* DM_MAX_TYPE_NAME */
	bool linear;	      /* byte n is byte offset + n of `below` */
	bool encrypted;	      /* ... encrypted (crypt, which is linear, too) */
	dev_t below;
	uint64_t offset;
};

struct mapper_table {
	struct mapper_segment *segment;
	size_t nr;
};

bool mapper_owns(dev_t device);

/*
 * The live table, from libdevmapper; below $FASTBOOTCTL_ROOT, where no kernel would answer, from a
 * file dm/table in the device's folder of sysfs, with lines as `dmsetup table` prints them.  0, or
 * -1 with errno and no report.
 */
int mapper_read(dev_t device, struct mapper_table *ret_table);
void mapper_release(struct mapper_table *table);
#define _cleanup_mapper_ __attribute__((cleanup(mapper_release)))

/*
 * start, length: in sectors; params: what the target's table says.  False: parameters of `linear`
 * or `crypt` that cannot be understood.
 */
bool mapper_parse(uint64_t start, uint64_t length, const char *type, const char *params,
		  struct mapper_segment *ret_segment);

#endif
