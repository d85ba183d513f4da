/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The status of the last image.
 */
#ifndef HOOK_STATUS_H
#define HOOK_STATUS_H

#include <linux/types.h>
#include <imgfmt/imgfmt.h>

#include "resume.h"

/* Times of a capture in nanoseconds, sizes of the image. */
struct snapshot_figures {
	u64 freeze_ns;
	u64 create_ns;
	u64 write_ns;
	u64 pause_ns;	  /* from the first frozen task to the end of the thaw */
	u64 encode_ns;	  /* see pack_encode_ns() */
	u64 disk_ns;	  /* waiting for the disk to take the chunks */
	u64 memory_bytes; /* that the module needed, apart from the kernel's copy of memory */
	u64 pages;
	u64 stored_pages;
	u64 bytes; /* chunks and sections, as they are on the disk */
};

enum snapshot_state { SNAPSHOT_IDLE, SNAPSHOT_DONE, SNAPSHOT_RESTORED };

/* The status in sysfs.  The state is IDLE again once the image has been erased. */
struct snapshot_status {
	enum snapshot_state state;
	u64 generation;
	enum img_mode mode; /* 0: no image yet */
	/* From the loader's handoff at the last restore; 0 unless restored. */
	u64 restores;
	u32 attempts;
	struct snapshot_figures figures;
	struct resume_figures resume;

	/* Shows userspace a changed status.  Process context, tasks run; may sleep. */
	void (*publish)(const struct snapshot_status *status);
};

/*
 * The image of that generation is erased; 0: there was no image.  A status that shows it becomes
 * IDLE and is published.
 */
void status_erased(struct snapshot_status *status, u64 generation);

#endif
