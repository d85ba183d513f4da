// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine/clock.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/fail.h"
#include "base/io.h"

#define RTC	   "/sys/class/rtc/rtc0/since_epoch"
#define RTC_IS_UTC "/sys/module/fastboot_snapshot/parameters/rtc_is_utc"
#define SLACK	   2 /* seconds: both readings are in whole seconds */

static bool is_set_after_restore(void)
{
	_cleanup_free_ char *text = NULL;

	return !attr_read(RTC_IS_UTC, &text) && text && strcmp(text, "Y") == 0;
}

void clock_warn(void)
{
	long long ahead;
	uint64_t rtc;

	if (!io_system_number(&rtc, RTC))
		return;
	ahead = (long long)time(NULL) - (long long)rtc;
	if ((ahead <= SLACK && ahead >= -SLACK) || is_set_after_restore())
		return;
	warning("the clock is %lld s %s the RTC, and will be after each restore; if the RTC "
		"should have UTC: hwclock --systohc --utc",
		ahead < 0 ? -ahead : ahead, ahead < 0 ? "behind" : "ahead of");
}
