// SPDX-License-Identifier: GPL-2.0-or-later
#include "area/area.h"

#include "area/image.h"
#include "base/fail.h"
#include "base/text.h"

static int read_header(const struct area_request *request, struct area *area)
{
	struct img_detail detail = { 0 };
	enum img_reason reason = image_read_area(&area->part, &area->header, &detail);

	if (reason)
		return image_fail(reason, &detail, area->part.path);
	if (request->slot >= (int)area->header.nr_slots)
		return fail(FAIL_USAGE, "%s: %s has no slot %c", request->verb, area->part.path,
			    text_slot((unsigned int)request->slot));
	return 0;
}

int area_open(const struct area_request *request, struct area *ret_area)
{
	struct area area = AREA_CLOSED;
	int status = part_open_or_find(request->path, request->access, &area.part);

	if (!status)
		status = read_header(request, &area);
	if (status) {
		area_close(&area);
		return status;
	}
	*ret_area = area;
	return 0;
}

void area_close(struct area *area)
{
	part_close(&area->part);
}
