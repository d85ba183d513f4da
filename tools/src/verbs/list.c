// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * list: the slots, one per line; below them what else decides about the next fast boot: the boot
 * entry's option slot=, and the loader's last refusal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "area/slots.h"
#include "area/slotstate.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "base/text.h"
#include "firmware/efivars.h"
#include "firmware/lastresult.h"
#include "verbs/verbs.h"

struct list {
	struct slots slots;
	int wanted; /* slot that the boot entry names; -1: none */
	char *last_result;
};

/* What EFI variables or the module know about the loader. */
static int collect_loader(struct list *list)
{
	_cleanup_entry_ struct boot_entry entry = { .present = false };
	char options[BOOT_MAX_OPTIONS + 1];
	bool available = efivars_available();
	int status = lastresult_read(&list->last_result), found;

	list->wanted = -1;
	if (!available)
		return status;
	found = efivars_find_entry(&entry);
	if (!found && entry.present) {
		efivars_entry_options(&entry, options);
		list->wanted = boot_options_take_slot(options);
	}
	return fail_worse(status, found);
}

#define ROW_FORMAT "%s %-4s  %-6s  %-7s  %10s  %-10s  %9s  %9s  %8s  %8s  %-16s  %-16s  %s\n"

static void print_heading(void)
{
	printf(ROW_FORMAT, "  ", "SLOT", "MODE", "SEAL", "GENERATION", "AGE", "STORED", "MEMORY",
	       "RESTORES", "ATTEMPTS", "USABLE", "KERNEL", "DESCRIPTION");
}

static struct text number(uint64_t value)
{
	struct text text;

	snprintf(text.s, sizeof(text.s), "%" PRIu64, value);
	return text;
}

static void print_slot(const struct slots *slots, uint32_t i)
{
	const struct img_slot *header = &slots->header[i];
	const struct img_state *state = &slots->state[i];
	enum img_reason reason = slots->whole[i], usable = slots->usable[i];
	const char *seal = slotstate_seal(header, slots->domain[i]);
	const char name[] = { text_slot(i), '\0' };

	if (reason) {
		printf("   %-4s  %s: %s\n", name, img_reason_code(reason),
		       img_reason_sentence(reason));
		return;
	}
	printf(ROW_FORMAT, slots->next == (int)i ? "->" : "  ", name, slotstate_mode(header->mode),
	       seal ? seal : "-", number(header->generation).s,
	       text_age(header->created, time(NULL)).s,
	       text_size(header->data_size + header->meta_size).s,
	       text_size(header->nr_pages * IMG_PAGE_SIZE).s, number(state->restores).s,
	       number(state->attempts).s, usable ? img_reason_code(usable) : "ok",
	       header->kernel_release, slotstate_description(header, state).s);
}

static bool was_refused(const struct list *list)
{
	_cleanup_free_ char *result = lastresult_value(list->last_result, IMG_KEY_RESULT);

	return result && strcmp(result, "refused") == 0;
}

static void print_last_refusal(const struct list *list)
{
	_cleanup_free_ char *code = lastresult_value(list->last_result, IMG_KEY_CODE);
	_cleanup_free_ char *sentence = lastresult_value(list->last_result, IMG_KEY_SENTENCE);
	_cleanup_free_ char *advice = lastresult_value(list->last_result, IMG_KEY_ADVICE);

	if (was_refused(list) && code && sentence && advice)
		printf("last refusal: %s: %s; %s\n", code, sentence, advice);
}

static void print_text(const struct list *list)
{
	printf("%s:\n", list->slots.area->part.path);
	print_heading();
	for (uint32_t i = 0; i < list->slots.nr; i++)
		print_slot(&list->slots, i);
	if (list->wanted >= 0)
		printf("The boot entry names slot %c, so the loader restores no other.\n",
		       text_slot((unsigned int)list->wanted));
	print_last_refusal(list);
}

static void put_json(const struct list *list, struct json_object *json)
{
	struct json_object *slots;

	json_put_text(json, "device", list->slots.area->part.path);
	slots = json_put_array(json, "slots");
	for (uint32_t i = 0; i < list->slots.nr; i++)
		slotstate_json_image(&list->slots, i, json_append_object(slots));
	if (list->wanted < 0)
		json_put_text(json, "boot_entry_slot", NULL);
	else
		json_put_slot(json, "boot_entry_slot", (uint32_t)list->wanted);
	if (was_refused(list))
		lastresult_json(list->last_result, json_put_object(json, "last_refusal"));
	else
		json_put_text(json, "last_refusal", NULL);
}

/* Shows what can be read, whatever else cannot. */
static int show(const struct area *area)
{
	struct list list = { .wanted = -1 };
	int status = slots_read_all(area, &list.slots);

	for (uint32_t i = 0; i < list.slots.nr; i++)
		text_printable(list.slots.header[i].kernel_release);
	status = fail_worse(status, collect_loader(&list));
	if (out_is_json())
		put_json(&list, out_json());
	else
		print_text(&list);
	free(list.last_result);
	return status;
}

static int list(const char *path)
{
	const struct area_request request = { .verb = "list", .path = path, .slot = -1 };
	_cleanup_area_ struct area area = AREA_CLOSED;
	int status = area_open(&request, &area);

	return status ? status : show(&area);
}

int verb_list(const struct verb *verb, int argc, char **argv)
{
	const char *path;
	int status = args_parse(verb, argc, argv, NULL, &path);

	return status ? status : list(path);
}
