// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * install, uninstall, next: the loader on the EFI system partition and its entry among the
 * firmware's boot entries.
 *
 * install can be repeated: the loader is copied only if it differs, an entry for the same file is
 * updated and not duplicated, and a variable is written only if it changes, because flash wears
 * out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "firmware/efivars.h"
#include "firmware/esp.h"
#include "firmware/recovery.h"
#include "verbs/verbs.h"

#define DEFAULT_LOADER "/usr/lib/fastboot/fastbootx64.efi"
#define MAX_LOADER     (16u << 20)

struct request {
	const char *esp;
	const char *loader;
	const char *options; /* NULL: keep what the entry has */
	bool first, recovery, no_variables, dry_run;
};

static int parse_loader_options(void *request, const char *value)
{
	struct request *req = request;
	const char *unknown;

	if (strlen(value) > BOOT_MAX_OPTIONS)
		return fail(FAIL_USAGE, "install: more than %u characters of options",
			    BOOT_MAX_OPTIONS);
	unknown = boot_options_unknown(value);
	if (unknown)
		return fail(FAIL_USAGE, "install: unknown loader option %s; %s", unknown,
			    img_reason_advice(IMG_E_BAD_OPTION));
	req->options = value;
	return 0;
}

const struct option_row install_options[] = {
	OPTION_TEXT("esp", "DIR", struct request, esp,
		    "where the EFI system partition is mounted (default: /boot/efi, /efi, /boot)"),
	OPTION_TEXT("loader", "FILE", struct request, loader,
		    "the loader (default: " DEFAULT_LOADER ")"),
	OPTION_FLAG("first", struct request, first,
		    "put the entry first in the boot order, not last"),
	OPTION_FLAG("recovery", struct request, recovery,
		    "--first, and make a kernel panic reset the machine"),
	OPTION_PARSED("options", "STRING", parse_loader_options,
		      "options for the loader, \"\" for none (default: keep the entry's)"),
	OPTION_FLAG("no-variables", struct request, no_variables,
		    "copy the loader only, create no boot entry"),
	OPTION_FLAG("dry-run", struct request, dry_run, "say what would be done, and stop"),
	{ 0 },
};

/* The PE header's offset is at 0x3c; after the signature comes the machine, 0x8664 for x86-64. */
static bool is_efi_program(const uint8_t *data, size_t size)
{
	uint32_t pe;

	if (size < 0x40 || memcmp(data, "MZ", 2) != 0)
		return false;
	memcpy(&pe, data + 0x3c, sizeof(pe));
	return pe <= size - 6 && memcmp(data + pe, "PE\0\0", 4) == 0 && data[pe + 4] == 0x64 &&
	       data[pe + 5] == 0x86;
}

static int read_loader(const char *path, char **ret_data, size_t *ret_size)
{
	if (io_read_file(path, MAX_LOADER, ret_data, ret_size))
		return fail_errno(FAIL_OPEN, "%s", path);
	if (!is_efi_program((const uint8_t *)*ret_data, *ret_size)) {
		free(*ret_data);
		*ret_data = NULL;
		return fail(FAIL_LOADER_INVALID, "%s is not an x86-64 EFI program", path);
	}
	return 0;
}

/* NULL: out of memory. */
static char *loader_path(const char *esp)
{
	char *path;

	if (asprintf(&path, "%s/%s/%s", esp, ESP_LOADER_DIR, ESP_LOADER_NAME) < 0)
		return NULL;
	return path;
}

static void report_loader(const char *path, const char *what)
{
	struct json_object *json = json_put_object(out_json(), "loader");

	json_put_text(json, "path", path);
	json_put_text(json, "action", what);
}

static int put_loader(const struct request *req, const char *esp, const char *data, size_t size)
{
	_cleanup_free_ char *path = loader_path(esp);
	bool changed = false;
	int status;

	if (!path)
		return fail_errno(FAIL_NO_MEMORY, "%s", esp);
	if (req->dry_run) {
		out_text("would copy %s to %s\n", req->loader, path);
		report_loader(path, "would be written");
		return 0;
	}
	status = esp_put_loader(esp, data, size, &changed);
	if (status)
		return status;
	out_text("%s: %s\n", path, changed ? "written" : "unchanged");
	report_loader(path, changed ? "written" : "unchanged");
	return 0;
}

static int make_option(const struct request *req, const char *esp, const struct boot_entry *entry,
		       uint8_t **ret_data, size_t *ret_size)
{
	uint8_t options[2 * (BOOT_MAX_OPTIONS + 1)];
	char kept[BOOT_MAX_OPTIONS + 1];
	_cleanup_free_ char *file = loader_path(esp);
	_cleanup_free_ uint8_t *dp = NULL;
	size_t dp_size, options_size = 0;

	efivars_entry_options(entry, kept);
	(void)boot_options_encode(req->options ? req->options : kept, options, &options_size);
	if (!file)
		return fail_errno(FAIL_NO_MEMORY, "%s", esp);
	if (esp_device_path(file, &dp, &dp_size))
		return fail_errno(FAIL_EFI_PATH, "%s has no EFI device path", file);
	return efivars_make_option(dp, dp_size, options, options_size, ret_data, ret_size);
}

static void report_entry(uint16_t number, const char *what)
{
	struct json_object *json = json_put_object(out_json(), "entry");

	out_text("%s \"%s\": %s\n", boot_number_name(number).s, BOOT_DESCRIPTION, what);
	json_put_text(json, "name", boot_number_name(number).s);
	json_put_text(json, "action", what);
}

static int put_entry(const struct request *req, const char *esp, const struct boot_entry *entry,
		     uint16_t number)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size = 0;
	int status;

	if (req->dry_run) {
		report_entry(number, entry->present ? "would be updated" : "would be added");
		return 0;
	}
	status = make_option(req, esp, entry, &data, &size);
	if (status)
		return status;
	if (entry->present && entry->size == size && memcmp(entry->data, data, size) == 0) {
		report_entry(number, "unchanged");
		return 0;
	}
	status = efivars_write_entry(number, data, size);
	if (!status)
		report_entry(number, entry->present ? "updated" : "added");
	return status;
}

static void report_order(const struct request *req, const struct boot_order *order, uint16_t number)
{
	struct json_object *json = json_put_object(out_json(), "boot_order");
	int position = boot_order_find(order, number) + 1;

	out_text("boot order: %s %s number %d of %zu\n", boot_number_name(number).s,
		 req->dry_run ? "would be" : "is", position, order->count);
	json_put_number(json, "position", (uint64_t)position);
	json_put_number(json, "count", order->count);
}

static int put_order(const struct request *req, uint16_t number)
{
	struct boot_order before, after;
	int status = efivars_read_order(&before);

	if (status)
		return status;
	after = before;
	if (!boot_order_add(&after, number, req->first))
		return fail(FAIL_EFI_WRITE, "BootOrder is full");
	if (!req->dry_run && (after.count != before.count ||
			      memcmp(after.number, before.number, 2 * after.count) != 0))
		status = efivars_write_order(&after);
	if (!status)
		report_order(req, &after, number);
	return status;
}

static int put_boot_entry(const struct request *req, const char *esp)
{
	_cleanup_entry_ struct boot_entry entry = { 0 };
	uint16_t number;
	int status = efivars_find_entry(&entry);

	if (status)
		return status;
	number = entry.number;
	if (!entry.present && !boot_number_unused(entry.used, entry.nr_used, &number))
		return fail(FAIL_EFI_WRITE, "all boot entry numbers are in use");
	status = put_entry(req, esp, &entry, number);
	return status ? status : put_order(req, number);
}

static void hint(const char *esp)
{
	if (esp_is_writable(esp))
		out_text("Unmount %s before you take an image: a file system that is mounted "
			 "read-write must not be part of one.\n",
			 esp);
}

static int install(const struct request *req)
{
	_cleanup_free_ char *loader = NULL, *esp = NULL;
	size_t size;
	int status;

	json_put_bool(out_json(), "dry_run", req->dry_run);
	status = read_loader(req->loader, &loader, &size);
	if (!status)
		status = esp_find(req->esp, &esp);
	if (!status && !req->no_variables)
		status = efivars_require();
	if (!status)
		status = put_loader(req, esp, loader, size);
	if (!status && !req->no_variables)
		status = put_boot_entry(req, esp);
	if (!status && req->recovery)
		status = recovery_arm(req->dry_run);
	if (!status && !req->dry_run)
		hint(esp);
	return status;
}

/* Recovery needs an entry that comes first: without one there is nothing to arm. */
static int check_request(const struct request *req)
{
	if (req->recovery && req->no_variables)
		return fail(FAIL_USAGE,
			    "install: --recovery and --no-variables exclude each other");
	return 0;
}

int verb_install(const struct verb *verb, int argc, char **argv)
{
	struct request req = { .loader = DEFAULT_LOADER };
	int status = args_parse(verb, argc, argv, &req, NULL);

	req.first |= req.recovery;
	if (!status)
		status = check_request(&req);
	return status ? status : install(&req);
}

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

static int remove_loader(const struct request *req, const char *esp)
{
	_cleanup_free_ char *path = loader_path(esp);
	int status;

	if (!path)
		return fail_errno(FAIL_NO_MEMORY, "%s", esp);
	status = req->dry_run ? 0 : esp_remove_loader(esp);
	if (status)
		return status;
	out_text("%s: %s\n", path, removed(req));
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

const struct option_row next_options[] = {
	OPTION_FLAG("dry-run", struct request, dry_run, "say what would be done, and stop"),
	{ 0 },
};

static void report_next(const struct request *req, uint16_t number)
{
	struct json_object *json = out_json();

	out_text("The next start %s %s \"%s\".\n", req->dry_run ? "would be" : "is",
		 boot_number_name(number).s, BOOT_DESCRIPTION);
	json_put_text(json, "entry", boot_number_name(number).s);
	json_put_bool(json, "dry_run", req->dry_run);
}

int verb_next(const struct verb *verb, int argc, char **argv)
{
	_cleanup_entry_ struct boot_entry entry = { 0 };
	struct request req = { 0 };
	int status;

	status = args_parse(verb, argc, argv, &req, NULL);
	if (!status)
		status = efivars_require();
	if (!status)
		status = efivars_find_entry(&entry);
	if (!status && !entry.present)
		status = fail(FAIL_NO_BOOT_ENTRY, "the firmware has no boot entry for the loader");
	if (!status && !req.dry_run)
		status = efivars_write_next(entry.number);
	if (!status)
		report_next(&req, entry.number);
	return status;
}
