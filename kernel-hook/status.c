// SPDX-License-Identifier: GPL-2.0-only
/*
 * Process context, tasks run.
 */
#include "status.h"

void status_erased(struct snapshot_status *status, u64 generation)
{
	if (!generation || generation != status->generation || status->state == SNAPSHOT_IDLE)
		return;
	status->state = SNAPSHOT_IDLE;
	status->publish(status);
}
