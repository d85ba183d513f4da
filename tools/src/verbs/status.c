// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * status: what the running kernel, the partition and the firmware know.  A missing part is shown as
 * missing; only a part that cannot be read, or an area that is missing or damaged, makes the exit
 * status other than 0.
 */
#include "verbs/status.h"

#include <stdlib.h>

#include "base/attr.h"
#include "base/fail.h"
#include "base/out.h"
#include "base/text.h"
#include "firmware/lastresult.h"
#include "verbs/verbs.h"

static int collect_kernel(struct status_kernel *kernel)
{
	const struct {
		const char *file;
		char **to;
	} files[] = {
		{ ATTR_SNAPSHOT, &kernel->state },
		{ ATTR_DIR "target", &kernel->target },
		{ ATTR_DIR "last_refusal", &kernel->last_refusal },
		{ ATTR_DIR "generation", &kernel->generation },
		{ ATTR_DIR "restore_count", &kernel->restore_count },
		{ ATTR_DIR "mode", &kernel->mode },
		{ ATTR_DIR "attempts", &kernel->attempts },
		{ ATTR_DIR "seal", &kernel->seal },
	};
	int status = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		status = fail_worse(status, attr_read(files[i].file, files[i].to));
	return status;
}

static int collect_images(const char *path, struct status_images *images)
{
	const struct area_request request = { .verb = "status", .path = path, .slot = -1 };
	int status = area_open(&request, &images->area);

	if (!status)
		status = part_probe(&images->area.part, &images->content);
	if (status)
		return status;
	images->present = true;
	(void)slots_read(&images->area, &images->slots); /* shown with each slot */
	for (uint32_t i = 0; i < images->slots.nr; i++)
		text_printable(images->slots.header[i].kernel_release);
	return 0;
}

static int collect_loader(struct status_loader *loader)
{
	struct boot_order order;
	int next, status;

	loader->available = efivars_available();
	status = lastresult_read(&loader->last_result);
	if (!loader->available)
		return status;
	status = fail_worse(status, efivars_find_entry(&loader->entry));
	if (status || !loader->entry.present)
		return status;
	efivars_entry_options(&loader->entry, loader->options);
	status = efivars_read_order(&order);
	if (!status)
		status = efivars_read_next(&next);
	if (status)
		return status;
	loader->position = boot_order_find(&order, loader->entry.number);
	loader->order_count = order.count;
	loader->next = next == loader->entry.number;
	return 0;
}

/* Without Secure Boot, or without a boot entry, nobody verifies the loader. */
static int collect_secure_boot(const struct boot_entry *entry,
			       struct status_secure_boot *secure_boot)
{
	int status = secureboot_read(&secure_boot->state);

	if (status || !secureboot_is_on(secure_boot->state) || !entry->present)
		return status;
	return secureboot_trust_installed(!entry->behind_shim, &secure_boot->loader,
					  &secure_boot->trust);
}

static void status_free(struct status *status)
{
	free(status->kernel.state);
	free(status->kernel.target);
	free(status->kernel.last_refusal);
	free(status->kernel.generation);
	free(status->kernel.restore_count);
	free(status->kernel.mode);
	free(status->kernel.attempts);
	free(status->kernel.seal);
	area_close(&status->images.area);
	efivars_entry_free(&status->loader.entry);
	free(status->loader.last_result);
	free(status->secure_boot.loader);
}

static void show(const struct status *status)
{
	if (out_is_json())
		status_json(status, out_json());
	else
		status_text(status);
}

int verb_status(const struct verb *verb, int argc, char **argv)
{
	struct status status = { .images.area = AREA_CLOSED, .loader.position = -1 };
	const char *path;
	int exit_status = args_parse(verb, argc, argv, NULL, &path);

	if (exit_status)
		return exit_status;
	exit_status = collect_kernel(&status.kernel);
	exit_status = fail_worse(exit_status, collect_images(path, &status.images));
	exit_status = fail_worse(exit_status, collect_loader(&status.loader));
	exit_status = fail_worse(exit_status,
				 collect_secure_boot(&status.loader.entry, &status.secure_boot));
	show(&status);
	status_free(&status);
	return exit_status;
}
