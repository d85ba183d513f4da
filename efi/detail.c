// SPDX-License-Identifier: GPL-2.0-or-later
/* Which partition a refusal names, and what is wrong with it. */
#include "detail.h"

#include "devpath.h"
#include "loader.h"
#include "volume.h"

static const uint8_t own_partition[16];

static bool is_about_a_disk(enum img_reason reason)
{
	return reason == IMG_E_DISK_MISSING || reason == IMG_E_DISK_READ ||
	       reason == IMG_E_DISK_MOVED || reason == IMG_E_DISK_REPLACED ||
	       reason == IMG_E_PARTITION_TABLE || reason == IMG_E_IMAGE_PARTITION ||
	       reason == IMG_E_SWAP_CHANGED || reason == IMG_E_FS_CHANGED ||
	       reason == IMG_E_LVM_CHANGED || reason == IMG_E_LUKS_CHANGED ||
	       reason == IMG_E_MD_CHANGED;
}

void detail_blame(struct loader *l, const uint8_t *uuid)
{
	bool other = uuid && memcmp(uuid, own_partition, sizeof(own_partition)) != 0;

	if (other)
		memcpy(l->detail_uuid, uuid, sizeof(l->detail_uuid));
	if (other || devpath_uuid(l->volume.disk[0].handle, l->detail_uuid))
		l->detail.uuid = l->detail_uuid;
}

void detail_blame_area(struct loader *l)
{
	const struct volume *v = &l->volume;

	if (v->map && devpath_uuid(v->disk[v->last].handle, l->detail_uuid))
		l->detail.uuid = l->detail_uuid;
}

/* The core's detail points into the sections, which are freed before it is reported. */
void detail_complete(struct loader *l, enum img_reason reason)
{
	struct img_detail *d = &l->detail;

	if (!is_about_a_disk(reason))
		return;
	detail_blame(l, d->uuid);
	if (reason == IMG_E_DISK_MISSING)
		d->field = l->proofs.why_missing;
	if (reason == IMG_E_DISK_MOVED && !d->today)
		d->field = "this firmware does not report it";
	if (reason == IMG_E_DISK_MISSING || reason == IMG_E_DISK_READ)
		d->today = d->golden; /* nothing was compared */
}
