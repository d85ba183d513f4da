/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module measured (/sys/power/fastboot/timings) in the last snapshot, or in the restore
 * that this system came from.
 */
#ifndef FASTBOOTCTL_FIGURES_H
#define FASTBOOTCTL_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/jsonout.h"

#define FIGURES_MAX_STAGES 16

struct figures {
	char *state;   /* "idle", "saved", "restored"; NULL: the module is not loaded */
	char *timings; /* lines "key=value", "" if there are none; NULL as above */
	bool saved, restored;
	uint64_t generation, restores; /* 0 if there are none */
};

/* One step; steps follow each other without a gap. */
struct stage {
	const char *part; /* "loader", "kernel" */
	const char *what; /* plain ASCII without markup */
	const char *key;  /* the figure that gives its end */
	uint64_t start_us, took_us;
};

int figures_read(struct figures *ret_figures);
void figures_free(struct figures *figures);
#define _cleanup_figures_ __attribute__((cleanup(figures_free)))

/* False: there is no figure of that name, or it is not a number. */
bool figures_get(const struct figures *figures, const char *key, uint64_t *ret_value);

/* In order; stages that did not happen are left out.  Returns their number. */
size_t figures_stages(const struct figures *figures, struct stage ret_stages[FIGURES_MAX_STAGES]);

/* "generation", "restores" (of a restore) and all of "timings". */
void figures_json(const struct figures *figures, struct json_object *to);

#endif
