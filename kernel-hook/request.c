// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words that the sysfs files use for requests.  Any context.
 */
#include "request.h"

const char *request_mode_name(enum img_mode mode)
{
	switch (mode) {
	case IMG_MODE_GOLDEN:
		return "golden";
	case IMG_MODE_ONCE:
		return "once";
	default:
		return "";
	}
}

const char *request_level_name(enum snapshot_level level)
{
	static const char *const names[] = {
		[SNAPSHOT_TEST_GATES] = "gates",     [SNAPSHOT_TEST_FREEZE] = "freeze",
		[SNAPSHOT_TEST_DEVICES] = "devices", [SNAPSHOT_TEST_WRITE] = "write",
		[SNAPSHOT_IMAGE] = "image",
	};

	return names[level];
}
