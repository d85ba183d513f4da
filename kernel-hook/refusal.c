// SPDX-License-Identifier: GPL-2.0-only
/*
 * No task has run, and none may run: a driver's orderly shutdown would write what it holds to a
 * disk that is not its own.  So the machine is reset immediately.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/delay.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/string.h>

#include "key.h"
#include "refusal.h"
#include "variables.h"

#define CONSOLES_MS 500 /* some consoles print in a thread of their own */

static void __noreturn refusal_reset(struct img_refusal *refusal)
{
	int error = variables_write_refusal(refusal);

	if (error)
		pr_emerg("the EFI variable for the refusal cannot be written: error %d; the loader "
			 "will try the image until it is quarantined\n",
			 error);
	key_wipe();
	pr_emerg("no task has run; resetting the machine, to boot normally\n");
	msleep(CONSOLES_MS);
	emergency_restart();
	for (;;)
		cpu_relax();
}

static void mismatch_report(const struct disks_mismatch *mismatch)
{
	pr_emerg("%s: %s\n", img_reason_code(mismatch->reason),
		 img_reason_sentence(mismatch->reason));
	if (mismatch->error)
		pr_emerg("    /dev/%s cannot be read: error %d\n", mismatch->disk->name,
			 mismatch->error);
	else
		pr_emerg("    /dev/%s is not the disk that it was at the snapshot\n",
			 mismatch->disk->name);
}

void refusal_of_disk(const struct img_area *area, u64 generation,
		     const struct disks_mismatch *mismatch)
{
	struct img_refusal refusal = { .magic = IMG_REFUSAL_MAGIC, .generation = generation };

	memcpy(refusal.area_uuid, area->uuid, sizeof(refusal.area_uuid));
	strscpy(refusal.code, img_reason_code(mismatch->reason), sizeof(refusal.code));
	memcpy(refusal.part_uuid, mismatch->disk->guid, sizeof(refusal.part_uuid));
	mismatch_report(mismatch);
	refusal_reset(&refusal);
}
