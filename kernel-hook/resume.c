// SPDX-License-Identifier: GPL-2.0-only
/*
 * After a restore.  Process context, all processors up, devices resumed, tasks still frozen until
 * resume_thawed.
 */
#define pr_fmt(fmt) "fastboot: " fmt

#include <linux/acpi.h>
#include <linux/err.h>
#include <linux/major.h>
#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <asm/cpufeature.h>
#include <asm/tsc.h>

#include "compat/compat.h"
#include "compat/x86.h"
#include "held.h"
#include "key.h"
#include "resume.h"

#define BOOT_CPU      0
#define URANDOM_MINOR 9 /* drivers/char/mem.c, devlist */
#define RTC_SLACK     2 /* seconds: both readings are whole seconds */

static bool rtc_is_utc;
module_param(rtc_is_utc, bool, 0644);
MODULE_PARM_DESC(rtc_is_utc,
		 "after each restore, set the clock from the RTC, which has UTC; default: "
		 "keep the difference that they had at the snapshot");

static void s_cet_read(void *context)
{
	struct resume *resume = context;

	resume->has_s_cet =
		boot_cpu_has(X86_FEATURE_IBT) && !rdmsrq_safe(MSR_IA32_S_CET, &resume->s_cet);
}

static void s_cet_write(void *context)
{
	struct resume *resume = context;

	(void)wrmsrq_safe(MSR_IA32_S_CET, resume->s_cet);
}

/* The kernel's own clock device; 0 if none. */
static time64_t rtc_now(void)
{
	struct rtc_device *rtc = rtc_class_open("rtc0");
	struct rtc_time time;
	time64_t now = 0;

	if (!rtc)
		return 0;
	if (!rtc_read_time(rtc, &time))
		now = rtc_tm_to_time64(&time);
	rtc_class_close(rtc);
	return now;
}

/* A generator that was never seeded refuses a reseed, and every restore needs one. */
static int random_prepare(struct report *report)
{
	int error = wait_for_random_bytes();

	if (error)
		return report_obstacle(
			report, IMG_E_CAPTURE, error,
			"interrupted while waiting for the random generator's first seed");
	return 0;
}

int resume_prepare(struct resume *resume, struct report *report)
{
	int error = random_prepare(report);
	struct file *urandom;

	if (error)
		return error;
	urandom = held_open_device("/dev/urandom", O_RDONLY, MKDEV(MEM_MAJOR, URANDOM_MINOR));
	if (IS_ERR(urandom))
		return report_obstacle(report, IMG_E_CAPTURE, PTR_ERR(urandom),
				       "/dev/urandom: error %ld", PTR_ERR(urandom));
	*resume = (struct resume){ .urandom = urandom, .rtc = rtc_now() };
	error = smp_call_function_single(BOOT_CPU, s_cet_read, resume, 1);
	if (!error)
		return 0;
	resume_release(resume);
	return report_obstacle(report, IMG_E_CAPTURE, error, "processor 0 is offline");
}

void resume_release(struct resume *resume)
{
	held_close(resume->urandom);
	resume->urandom = NULL;
}

bool resume_happened(const struct img_handoff *handoff)
{
	return handoff->magic == IMG_HANDOFF_MAGIC;
}

/* arch/x86/power does not restore this register; without it IBT is off on this processor. */
static void cet_restore(struct resume *resume)
{
	if (resume->has_s_cet)
		(void)smp_call_function_single(BOOT_CPU, s_cet_write, resume, 1);
}

/*
 * The firmware's start has left ACPI in its own mode, with events masked; the kernel's resume path
 * relies on firmware that knows it wakes from S4.
 */
static void acpi_events_restore(void)
{
	if (acpi_disabled)
		return;
	if (ACPI_FAILURE(acpi_enable()))
		pr_warn("ACPI mode cannot be entered; power button and battery may be dead\n");
	(void)acpi_clear_event(ACPI_EVENT_POWER_BUTTON);
	(void)acpi_enable_event(ACPI_EVENT_POWER_BUTTON, 0);
	(void)acpi_enable_all_runtime_gpes();
}

/*
 * Every restore of one image starts from the same random state; the loader's seed makes the
 * restores differ, and must do so before any task draws a number.
 *
 * The seed goes into the input pool; the reseed makes a new base key from that pool and raises
 * base_crng.generation (drivers/char/random.c).  Everything prepared in advance is dropped when its
 * generation is found to be old: the processors' keys, the batches of get_random_u32 and its
 * siblings, and since 6.11 the state of the vDSO, which programs compare before and after each use.
 * A program that was frozen during a read of /dev/urandom has left it: the freezer's signal ends
 * the read after a page.
 */
static void entropy_restore(struct resume *resume, struct img_handoff *handoff)
{
	long error;

	add_device_randomness(handoff->seed, sizeof(handoff->seed));
	error = device_ioctl(resume->urandom, RNDRESEEDCRNG, 0);
	if (error)
		pr_warn("the random generator could not be reseeded: error %ld\n", error);
	memzero_explicit(handoff->seed, sizeof(handoff->seed));
}

/*
 * The kernel sets its clock forward by as much as the RTC has advanced since the capture, never
 * backward; correcting a clock that was reset is up to userspace.
 */
static s64 clock_check(const struct resume *resume)
{
	time64_t now = rtc_now();

	if (!resume->rtc || !now || now + RTC_SLACK >= resume->rtc)
		return 0;
	pr_warn("the RTC is %lld s behind the time of the image; the clock keeps that time\n",
		resume->rtc - now);
	return resume->rtc - now;
}

/*
 * The kernel preserves the difference of the two clocks.  It may have been an error, which somebody
 * has corrected in the RTC since.
 */
static void clock_set(void)
{
	struct timespec64 now = { .tv_nsec = NSEC_PER_SEC / 2 };
	time64_t ahead;
	int error;

	if (!rtc_is_utc)
		return; /* without having waited for the RTC again */
	now.tv_sec = rtc_now();
	ahead = ktime_get_real_seconds() - now.tv_sec;
	if (!now.tv_sec || (ahead <= RTC_SLACK && ahead >= -RTC_SLACK))
		return;
	error = do_settimeofday64(&now);
	if (error)
		pr_warn("the clock cannot be set from the RTC: error %d\n", error);
	else
		pr_info("the clock was %lld s ahead of the RTC and has been set from it\n", ahead);
}

static u64 since_jump_us(const struct img_handoff *handoff)
{
	u64 now = rdtsc(), jump = handoff->stamp[IMG_STAMP_JUMP];

	return !jump || now < jump ? 0 : resume_ticks_us(handoff, now - jump);
}

void resume_apply(struct resume *resume, struct img_handoff *handoff,
		  struct resume_figures *ret_figures)
{
	if (handoff->version != IMG_HANDOFF_VERSION)
		pr_warn("handoff version %u, expected %u: install matching loader and module\n",
			handoff->version, IMG_HANDOFF_VERSION);
	ret_figures->kernel_us = since_jump_us(handoff);
	cet_restore(resume);
	entropy_restore(resume, handoff);
	key_renew(&handoff->key);
	acpi_events_restore();
	ret_figures->rtc_behind = clock_check(resume);
	if (!ret_figures->rtc_behind)
		clock_set();
	ret_figures->handoff = *handoff;
	memset(handoff, 0, sizeof(*handoff));
}

void resume_thawed(struct resume_figures *figures)
{
	figures->thawed_us = since_jump_us(&figures->handoff);
}

u64 resume_ticks_us(const struct img_handoff *handoff, u64 ticks)
{
	if (!handoff->tsc_hz)
		return 0;
	return mul_u64_u64_div_u64(ticks, USEC_PER_SEC, handoff->tsc_hz);
}

u64 resume_stamp_us(const struct img_handoff *handoff, enum img_stamp stamp)
{
	u64 entry = handoff->stamp[IMG_STAMP_ENTRY], then = handoff->stamp[stamp];

	return then < entry ? 0 : resume_ticks_us(handoff, then - entry);
}
