// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "area/slotstate.h"
#include "area/where.h"
#include "firmware/lastresult.h"
#include "verbs/status.h"

static void put_kernel(const struct status_kernel *kernel, struct json_object *to)
{
	json_put_bool(to, "loaded", kernel->state);
	json_put_text(to, "state", kernel->state);
	json_put_text(to, "target", kernel->target);
	json_put_text(to, "last_refusal", kernel->last_refusal);
	json_put_text(to, "generation", kernel->generation);
	json_put_text(to, "restore_count", kernel->restore_count);
	json_put_text(to, "mode", kernel->mode);
	json_put_text(to, "attempts", kernel->attempts);
	json_put_text(to, "seal", kernel->seal);
}

static void put_images(const struct status_images *images, struct json_object *to)
{
	const struct where_option place = where_option(&images->area.header);
	struct json_object *slots;

	json_put_bool(to, "present", images->present);
	if (!images->present)
		return;
	json_put_text(to, "device", images->area.part.path);
	json_put_text(to, "partuuid",
		      images->content.partuuid[0] ? images->content.partuuid : NULL);
	json_put_text(to, "place", place.s[0] ? place.s : NULL);
	json_put_uuid(to, "uuid", images->area.header.uuid);
	json_put_number(to, "offset", images->area.header.offset);
	json_put_number(to, "size", images->area.header.size);
	slots = json_put_array(to, "slots");
	for (uint32_t i = 0; i < images->area.header.nr_slots; i++)
		slotstate_json_image(&images->slots, i, json_append_object(slots));
}

static void put_loader(const struct status_loader *loader, struct json_object *to)
{
	char name[16];

	json_put_bool(to, "efi_variables", loader->available);
	json_put_bool(to, "boot_entry", loader->entry.present);
	if (loader->entry.present) {
		snprintf(name, sizeof(name), "Boot%04X", loader->entry.number);
		json_put_text(to, "entry", name);
		json_put_text(to, "options", loader->options);
		json_put_bool(to, "in_boot_order", loader->position >= 0);
		if (loader->position >= 0)
			json_put_number(to, "position", (uint64_t)loader->position + 1);
		json_put_bool(to, "next", loader->next);
		json_put_bool(to, "behind_shim", loader->entry.behind_shim);
	}
	if (loader->last_result)
		lastresult_json(loader->last_result, json_put_object(to, "last_result"));
}

static void put_secure_boot(const struct status_secure_boot *secure_boot, struct json_object *to)
{
	json_put_text(to, "state", secureboot_name(secure_boot->state));
	if (secure_boot->loader)
		json_put_text(to, "loader", secureboot_trust_code(secure_boot->trust));
}

void status_json(const struct status *status, struct json_object *to)
{
	put_kernel(&status->kernel, json_put_object(to, "kernel"));
	put_images(&status->images, json_put_object(to, "images"));
	put_loader(&status->loader, json_put_object(to, "loader"));
	put_secure_boot(&status->secure_boot, json_put_object(to, "secure_boot"));
}
