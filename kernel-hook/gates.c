// SPDX-License-Identifier: GPL-2.0-only
/*
 * An image is restored long after it was taken, a golden one any number of times.  So whatever
 * outlives a restore must be unknown to the image, or the loader must be able to prove it
 * unchanged.  Process context.
 */
#include <linux/delay.h>

#include "caches.h"
#include "drivers.h"
#include "gates.h"
#include "gates_devices.h"
#include "gates_fs.h"
#include "gates_machine.h"
#include "held.h"
#include "hotplug.h"
#include "openers.h"
#include "remotes.h"
#include "shares.h"
#include "stacks.h"
#include "swaps.h"

/* How long to wait for a program that keeps writing to a device to show itself. */
#define WRITER_MS 100

static void gates_with_block(const struct target *target, const struct survey *survey, void *block,
			     struct report *report)
{
	gate_fs_unprovable(survey, block, report);
	gate_swap_overlap(survey, target, block, report);
}

void gates_check(const struct target *target, enum img_mode mode, struct survey *survey,
		 struct seal *seal, struct report *report)
{
	void *block = held_pages(0);

	gate_efi(report);
	gate_known_bad(report);
	gate_taint(report);
	gate_seal(seal, report);
	gate_hotplug(report);
	if (mode == IMG_MODE_GOLDEN)
		gate_fs_writable(survey, report);
	else
		gate_fs_of_file(survey, report);
	gate_shares(survey, mode, report);
	if (block)
		gates_with_block(target, survey, block, report);
	else
		report_obstacle(report, IMG_E_CAPTURE, -ENOMEM, "no memory for one page");
	gate_stacks(survey, report);
	gate_crypt(survey, seal, report);
	gate_remotes(survey, report);
	gate_drivers(report);
	gate_held(survey, target, report);
	if (mode == IMG_MODE_GOLDEN)
		gate_openers(survey, false, report);
	if (devices_sync(survey))
		msleep(WRITER_MS);
	gate_dirty(survey, false, report);
	gate_swap(target, survey, report);
	gate_size(target, report);
	held_pages_free(block, 0);
}

void gates_check_frozen(enum img_mode mode, struct survey *survey, struct report *report)
{
	if (survey_again(survey, report))
		return;
	if (mode == IMG_MODE_GOLDEN) {
		gate_fs_writable(survey, report);
		gate_openers(survey, true, report);
	} else {
		gate_fs_of_file(survey, report);
	}
	gate_shares(survey, mode, report);
	gate_fs_late(survey, report);
	gate_stacks_frozen(survey, report);
	gate_held_frozen(survey, report);
	gate_dirty(survey, mode == IMG_MODE_GOLDEN, report);
	caches_drop(survey, report);
	swaps_note(survey);
}

void gates_check_copied(const struct survey *survey, struct report *report)
{
	swaps_check_copied(survey, report);
	stacks_check_copied(survey, report);
}
