// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A restored kernel checked its disks through its own drivers, before any task ran, and found one
 * that differs from the image's record: it set a variable with the reason and reset the machine.
 */
#include "refusal.h"

#include "detail.h"
#include "loader.h"
#include "variables.h"

static bool is_known(EFI_STATUS status, UINTN size, const struct img_refusal *refusal)
{
	return status == EFI_SUCCESS && size == sizeof(*refusal) &&
	       refusal->magic == IMG_REFUSAL_MAGIC;
}

void refusal_take(struct loader *l)
{
	EFI_GUID guid = VARIABLES_GUID;
	UINTN size = sizeof(l->refusal);
	EFI_STATUS status = RT->GetVariable(VARIABLES_REFUSAL, &guid, NULL, &size, &l->refusal);
	bool valid = is_known(status, size, &l->refusal);

	/* A refusal that cannot be removed would apply at every start: ignore it. */
	if (status != EFI_NOT_FOUND && !l->options.simulate)
		valid &= variables_remove(VARIABLES_REFUSAL);
	if (!valid)
		memset(&l->refusal, 0, sizeof(l->refusal));
}

enum img_reason refusal_heed(struct loader *l, const struct img_slot *slot)
{
	const struct img_refusal *refusal = &l->refusal;
	enum img_reason reason;

	if (!refusal->magic || refusal->generation != slot->generation ||
	    memcmp(refusal->area_uuid, l->area.uuid, sizeof(l->area.uuid)) != 0)
		return IMG_OK;
	reason = img_reason_find(refusal->code, sizeof(refusal->code));
	if (reason == IMG_OK)
		return IMG_OK;
	l->detail =
		(struct img_detail){ .object = "disk", .field = "found by the restored system" };
	detail_blame(l, refusal->part_uuid);
	return reason;
}
