// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <uuid/uuid.h>

#include "area/slotstate.h"
#include "area/where.h"
#include "base/text.h"
#include "verbs/status.h"

/* Further lines are aligned under the first. */
static void show_lines(const char *title, const char *text)
{
	for (; text; title = "") {
		size_t length = strcspn(text, "\n");

		printf("  %-12s %.*s\n", title, (int)length, text);
		text = text[length] && text[length + 1] ? text + length + 1 : NULL;
	}
}

static void show_kernel(const struct status_kernel *kernel)
{
	if (!kernel->state) {
		printf("kernel: the module fastboot_snapshot is not loaded\n");
		return;
	}
	printf("kernel: %s\n", kernel->state);
	if (kernel->target && kernel->target[0])
		show_lines("target", kernel->target);
	if (kernel->mode && kernel->mode[0]) {
		show_lines("mode", kernel->mode);
		show_lines("attempts", kernel->attempts);
	}
	if (kernel->seal && kernel->seal[0])
		show_lines("seal", kernel->seal);
	if (kernel->last_refusal && kernel->last_refusal[0])
		show_lines("last refusal", kernel->last_refusal);
}

static void show_slot(uint32_t number, const struct slots *slots)
{
	const struct img_slot *header = &slots->header[number];
	const struct img_state *state = &slots->state[number];
	const char *seal = slotstate_seal(header, slots->domain[number]);
	enum img_reason reason = slots->whole[number];

	if (reason) {
		printf("  slot %c       %s: %s\n", text_slot(number), img_reason_code(reason),
		       img_reason_sentence(reason));
		return;
	}
	printf("  slot %c       generation %" PRIu64 ", %s, taken %s\n", text_slot(number),
	       header->generation, slotstate_mode(header->mode),
	       text_time(header->created, time(NULL)).s);
	printf("               %s of memory in %s, kernel %s\n",
	       text_size(header->nr_pages * IMG_PAGE_SIZE).s,
	       text_size(header->data_size + header->meta_size).s, header->kernel_release);
	printf("               %s\n", slotstate_counts(header, state).s);
	if (seal)
		printf("               sealed (%s); %s\n", seal, SEAL_NOT_CHECKED);
	if (slots->next == (int)number)
		printf("               restored next%s\n",
		       state->rank > header->generation ? ", because it was promoted" : "");
	slotstate_print_refusal("               ", header, state);
	if (img_slot_description(header, state)[0])
		printf("               %s\n", slotstate_description(header, state).s);
}

/* Only where the loader has to be shown the area, or is shown another. */
static void show_place(const struct status_images *images, const struct status_loader *loader)
{
	const struct where_text text = where_text(&images->area.header);
	const struct where_option option = where_option(&images->area.header);

	if (text.s[0])
		show_lines("place", text.s);
	if (loader->entry.present && area_is_here(&images->area) &&
	    !boot_options_have_area(loader->options, option.s))
		show_lines("", "the boot entry names another place: fastbootctl install");
}

static void show_images(const struct status_images *images, const struct status_loader *loader)
{
	if (!images->present) {
		printf("images: no fast-boot area could be read\n");
		return;
	}
	printf("images: %s, %" PRIu32 " slot%s of %s\n", images->area.part.path,
	       images->area.header.nr_slots, images->area.header.nr_slots > 1 ? "s" : "",
	       text_size(images->area.header.slot[0].size).s);
	if (images->content.partuuid[0])
		show_lines("PARTUUID", images->content.partuuid);
	show_place(images, loader);
	for (uint32_t i = 0; i < images->area.header.nr_slots; i++)
		show_slot(i, &images->slots);
}

static void show_entry(const struct status_loader *loader)
{
	printf("loader: Boot%04X \"%s\", ", loader->entry.number, BOOT_DESCRIPTION);
	if (loader->position < 0)
		printf("not in the boot order");
	else
		printf("number %d of %zu in the boot order", loader->position + 1,
		       loader->order_count);
	printf("%s%s\n", loader->entry.behind_shim ? ", started by shim" : "",
	       loader->next ? ", chosen for the next start" : "");
	if (loader->options[0])
		show_lines("options", loader->options);
}

static void show_loader(const struct status_loader *loader)
{
	if (!loader->available)
		printf("loader: EFI variables are not available\n");
	else if (loader->entry.present)
		show_entry(loader);
	else
		printf("loader: no boot entry; create it with: fastbootctl install\n");
	if (loader->last_result)
		show_lines("this start", loader->last_result);
}

static void show_secure_boot(const struct status_secure_boot *secure_boot,
			     const struct status_loader *loader)
{
	char text[160];

	if (secure_boot->state == SECUREBOOT_UNKNOWN)
		return;
	printf("Secure Boot: %s\n", secureboot_name(secure_boot->state));
	if (!secureboot_is_on(secure_boot->state) || !loader->entry.present)
		return;
	if (secure_boot->loader)
		snprintf(text, sizeof(text), "%s: %s", secureboot_trust_code(secure_boot->trust),
			 secureboot_trust_sentence(secure_boot->trust));
	else
		snprintf(text, sizeof(text), "not looked at: its partition is not mounted");
	show_lines("loader", text);
}

void status_text(const struct status *status)
{
	show_kernel(&status->kernel);
	show_images(&status->images, &status->loader);
	show_loader(&status->loader);
	show_secure_boot(&status->secure_boot, &status->loader);
}
