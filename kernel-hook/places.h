/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where disks are plugged in, and which they are.  The saved kernel continues to write there,
 * whatever disk that is by then.
 */
#ifndef HOOK_PLACES_H
#define HOOK_PLACES_H

#include <linux/blkdev.h>
#include <linux/types.h>

/* An img_place; 0: cannot be expressed in terms that the firmware has, too.  Reads sysfs. */
u64 place_of(struct block_device *whole);

/*
 * Which disk it is (imgfmt/proof.h); 0: no number, or none that the firmware has, too.  place: from
 * place_of.
 */
u64 place_identity(struct block_device *whole, u64 place);

#endif
