// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A restored kernel has looked at its disks by its own drivers, before any task ran, and has found
 * another one than the image knows: it has reset the machine, and said why.
 */
#include "loader.h"

#define VARIABLE L"FastbootKernelRefusal"

/* False: there is none; *ret is all zeroes if it is of a form that is not known. */
static bool read_refusal(struct img_refusal *ret)
{
	EFI_GUID guid = FASTBOOT_GUID;
	UINTN size = sizeof(*ret);
	EFI_STATUS status = RT->GetVariable(VARIABLE, &guid, NULL, &size, ret);

	if (status != EFI_SUCCESS || size != sizeof(*ret) || ret->magic != IMG_REFUSAL_MAGIC)
		memset(ret, 0, sizeof(*ret));
	return status == EFI_SUCCESS || status == EFI_BUFFER_TOO_SMALL;
}

/* What it is about may have been mended: the next start tries again. */
static void remove_refusal(void)
{
	EFI_GUID guid = FASTBOOT_GUID;

	RT->SetVariable(VARIABLE, &guid,
			EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS |
				EFI_VARIABLE_RUNTIME_ACCESS,
			0, NULL);
}

static void blame_disk(struct loader *l, const struct img_refusal *refusal)
{
	static const uint8_t own_partition[16];

	l->detail =
		(struct img_detail){ .object = "disk", .field = "found by the restored system" };
	memcpy(l->detail_uuid, refusal->part_uuid, sizeof(l->detail_uuid));
	if (memcmp(refusal->part_uuid, own_partition, sizeof(own_partition)) != 0 ||
	    partition_uuid(l->disk.handle, l->detail_uuid))
		l->detail.uuid = l->detail_uuid;
}

enum img_reason heed_kernel(struct loader *l)
{
	struct img_refusal refusal;
	enum img_reason reason;

	if (!read_refusal(&refusal))
		return IMG_OK;
	if (!l->options.simulate)
		remove_refusal();
	reason = img_reason_find(refusal.code, sizeof(refusal.code));
	if (reason == IMG_OK || refusal.generation != l->slot.generation)
		return IMG_OK;
	blame_disk(l, &refusal);
	return reason;
}
