// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * due: should a new golden image be taken, and why?  fastboot-arm.service asks at each normal boot,
 * so this must come to an end by itself; nothing is remembered but what the images say.
 * docs/packages.md gives the reason for each rule.
 */
#include <stdlib.h>
#include <string.h>

#include "area/slots.h"
#include "base/attr.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "firmware/lastresult.h"
#include "verbs/verbs.h"

/* The system that asks. */
struct system {
	bool first;    /* it was started normally, and has not saved itself yet */
	char *code;    /* of the loader's refusal at this start; "": none */
	char *release; /* of the running kernel */
};

struct answer {
	bool due;
	const char *code;
	const char *sentence;
};

/* Which refusals a new image of this system fixes. */
enum remedy { KEEP, RETAKE };
#define REASON_REMEDY(sym, errno, status, image, code, sentence, advice) [IMG_E_##sym] = image,
static const enum remedy remedies[IMG_REASON_COUNT] = { IMG_REASONS(REASON_REMEDY) };

static int read_state(struct system *sys)
{
	_cleanup_free_ char *state = NULL;
	int status = attr_read(ATTR_SNAPSHOT, &state);

	if (!status && !state)
		return fail(FAIL_MODULE_MISSING, "the module fastboot_snapshot is not loaded");
	sys->first = state && strcmp(state, "idle") == 0;
	return status;
}

static int read_refusal(struct system *sys)
{
	_cleanup_free_ char *result = NULL;
	int status = lastresult_read(&result);

	if (status)
		return status;
	sys->code = lastresult_value(result, IMG_KEY_CODE);
	return sys->code ? 0 : fail_errno(FAIL_NO_MEMORY, "the loader's result");
}

static int read_release(struct system *sys)
{
	int status = attr_read("/proc/sys/kernel/osrelease", &sys->release);

	if (!status && !sys->release)
		return fail(FAIL_OPEN, "/proc/sys/kernel/osrelease does not exist");
	return status;
}

static int read_system(struct system *sys)
{
	int status = read_state(sys);

	if (!status)
		status = read_refusal(sys);
	return status ? status : read_release(sys);
}

static void free_system(struct system *sys)
{
	free(sys->code);
	free(sys->release);
}

static bool is_golden(const struct slots *slots, uint32_t i)
{
	return !slots->whole[i] && slots->header[i].mode == IMG_MODE_GOLDEN;
}

/* The golden image that the loader takes before any other, quarantined or not; -1: none. */
static int first_golden(const struct slots *slots)
{
	int found = -1;

	for (uint32_t i = 0; i < slots->nr; i++) {
		if (is_golden(slots, i) && (found < 0 || slots->rank[i] > slots->rank[found]))
			found = (int)i;
	}
	return found;
}

/* Each slot holds an image that was never restored: a new one would not be, either. */
static bool never_restored(const struct slots *slots)
{
	for (uint32_t i = 0; i < slots->nr; i++) {
		if (!is_golden(slots, i) || !slots->state[i].valid || slots->state[i].restores)
			return false;
	}
	return true;
}

/* IMG_OK: the loader did not refuse, or for a reason that a new image does not fix. */
static enum img_reason fixable_refusal(const char *code)
{
	enum img_reason reason = img_reason_find(code, strlen(code) + 1);

	return reason != IMG_OK && remedies[reason] == RETAKE ? reason : IMG_OK;
}

static struct answer why(const struct system *sys, const struct img_slot *image)
{
	enum img_reason refusal = fixable_refusal(sys->code);

	if (!image)
		return (struct answer){ true, "no-image", "there is no golden image" };
	if (strcmp(image->kernel_release, sys->release) != 0)
		return (struct answer){ true, "other-kernel",
					"the golden image to restore is of another kernel" };
	if (refusal)
		return (struct answer){ true, img_reason_code(refusal),
					img_reason_sentence(refusal) };
	return (struct answer){ false, "image-there", "there is a golden image of this kernel" };
}

static int decide(const struct system *sys, const struct area *area, struct answer *answer)
{
	struct slots slots;
	int status = slots_read_all(area, &slots), image;

	if (status)
		return status;
	image = first_golden(&slots);
	if (image >= 0 && slots.usable[image] == IMG_E_SLOT_QUARANTINED)
		return image_fail(IMG_E_SLOT_QUARANTINED, &slots.detail[image], area->part.path);
	*answer = why(sys, image < 0 ? NULL : &slots.header[image]);
	if (answer->due && never_restored(&slots))
		return fail(FAIL_NEVER_RESTORED, "%s: %s, but no image there was ever restored",
			    area->part.path, answer->sentence);
	return 0;
}

static int find_answer(const char *path, const struct system *sys, struct answer *answer)
{
	const struct area_request request = {
		.verb = "due", .path = path, .slot = -1, .access = PART_READ
	};
	_cleanup_area_ struct area area = AREA_CLOSED;
	int status;

	if (!sys->first) {
		*answer = (struct answer){ false, "not-first",
					   "this system was restored, or saved since its boot" };
		return 0;
	}
	status = area_open(&request, &area);
	return status ? status : decide(sys, &area, answer);
}

static void report(const struct answer *answer)
{
	out_text("%sdue: %s: %s\n", answer->due ? "" : "not ", answer->code, answer->sentence);
	json_put_bool(out_json(), "due", answer->due);
	json_put_text(out_json(), "code", answer->code);
	json_put_text(out_json(), "sentence", answer->sentence);
}

int verb_due(const struct verb *verb, int argc, char **argv)
{
	const char *path;
	struct system sys = { 0 };
	struct answer answer;
	int status = args_parse(verb, argc, argv, NULL, &path);

	if (!status)
		status = read_system(&sys);
	if (!status)
		status = find_answer(path, &sys, &answer);
	if (!status)
		report(&answer);
	free_system(&sys);
	return status;
}
