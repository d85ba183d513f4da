/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One attempt at a snapshot.
 */
#ifndef HOOK_SNAPSHOT_H
#define HOOK_SNAPSHOT_H

struct report;
struct snapshot_request;
struct snapshot_status;

/*
 * Takes an image, or tries how far that would get.  For a golden image it returns 0 when the image
 * is durable, and again after each restore of it.  For a one-shot image it returns 0 after the
 * restore only: once the image is durable the machine is powered off.  On failure the obstacles are
 * in the report and the machine keeps running as before.
 *
 * One at a time, process context.  status: as last published; changed and published again.
 */
int snapshot_run(const struct snapshot_request *request, struct snapshot_status *status,
		 struct report *report);

#endif
