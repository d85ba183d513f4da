// SPDX-License-Identifier: GPL-2.0-or-later
/* uninstall: removes the loader, its boot entries, and what install --recovery has written. */
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "firmware/efivars.h"
#include "firmware/esp.h"
#include "firmware/recovery.h"
#include "verbs/verbs.h"

struct request {
	const char *esp;
	bool dry_run;
};

const struct option_row uninstall_options[] = {
	OPTION_TEXT("esp", "DIR", struct request, esp,
		    "where the EFI system partition is mounted (default: /boot/efi, /efi, /boot)"),
	OPTION_FLAG("dry-run", struct request, dry_run, "say what would be removed, and stop"),
	{ 0 },
};

static const char *removed(const struct request *req)
{
	return req->dry_run ? "would be removed" : "removed";
}

/* BootNext first, so that it never names a missing entry. */
static int remove_entry(uint16_t number)
{
	struct boot_order order;
	int next, status;

	status = efivars_read_next(&next);
	if (!status && next == number)
		status = efivars_clear_next();
	if (!status)
		status = efivars_read_order(&order);
	return status ? status : efivars_delete_entry(number, &order);
}

static int remove_entries(const struct request *req)
{
	struct json_object *entries = json_put_array(out_json(), "entries");
	_cleanup_entry_ struct boot_entry entry = { 0 };
	int status = efivars_find_entry(&entry);

	for (size_t i = 0; !status && i < entry.nr_ours; i++) {
		if (!req->dry_run)
			status = remove_entry(entry.ours[i]);
		if (status)
			return status;
		out_text("%s \"%s\": %s\n", boot_number_name(entry.ours[i]).s, BOOT_DESCRIPTION,
			 removed(req));
		json_append_text(entries, boot_number_name(entry.ours[i]).s);
	}
	return status;
}

static void report_loader(const char *path, const char *what)
{
	struct json_object *json = json_put_object(out_json(), "loader");

	out_text("%s: %s\n", path, what);
	json_put_text(json, "path", path);
	json_put_text(json, "action", what);
}

static int remove_loader(const struct request *req, const char *esp)
{
	_cleanup_free_ char *path = esp_loader_path(esp);
	int status;

	if (!path)
		return fail_errno(FAIL_NO_MEMORY, "%s", esp);
	status = req->dry_run ? 0 : esp_remove_loader(esp);
	if (status)
		return status;
	report_loader(path, removed(req));
	return 0;
}

int verb_uninstall(const struct verb *verb, int argc, char **argv)
{
	struct request req = { 0 };
	_cleanup_free_ char *esp = NULL;
	int status;

	status = args_parse(verb, argc, argv, &req, NULL);
	json_put_bool(out_json(), "dry_run", req.dry_run);
	if (!status)
		status = efivars_require();
	if (!status)
		status = esp_find(req.esp, &esp);
	if (!status)
		status = remove_entries(&req);
	if (!status && !req.dry_run)
		status = efivars_forget_refusal();
	if (!status)
		status = remove_loader(&req, esp);
	return status ? status : recovery_disarm(req.dry_run);
}
