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

/* Does everything that can fail: allocates from the pool and fills in ret_entry. */
enum img_reason entry_prepare(struct loader *l, struct entry *ret_entry);

/* Returns only if the firmware refuses to exit boot services; nothing has changed then. */
enum img_reason entry_enter(struct loader *l, const struct entry *entry);

#endif
