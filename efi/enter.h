/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for the jump, the exit from boot services, the jump. */
#ifndef ENTER_H
#define ENTER_H

#include <imgfmt/reasons.h>

#include "base.h"

struct loader;
struct tramp_param;

struct entry {
	struct tramp_param *param;
	void *trampoline;
	EFI_MEMORY_DESCRIPTOR *virtual_map;
	uint32_t nr_virtual;
	void *map_buffer;
	UINTN map_size;
};

/* Does all that can fail. */
enum img_reason entry_prepare(struct loader *l, struct entry *ret_entry);

/* Returns only if the firmware does not let go, and then nothing has been changed. */
enum img_reason entry_enter(struct loader *l, const struct entry *entry);

#endif
