// SPDX-License-Identifier: GPL-2.0-or-later
/* next: makes the next start a fast boot. */
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "firmware/efivars.h"
#include "firmware/secureboot.h"
#include "verbs/verbs.h"

struct request {
	bool dry_run;
};

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

/* A start that would end at shim's message, as far as the loader can be looked at. */
static int check_secure_boot(const struct boot_entry *entry)
{
	_cleanup_free_ char *loader = NULL;
	enum loader_trust trust;
	enum secureboot state;
	int status = secureboot_read(&state);

	if (status || !secureboot_is_on(state))
		return status;
	status = secureboot_trust_installed(!entry->behind_shim, &loader, &trust);
	if (status || !loader || trust == TRUST_GOOD)
		return status;
	return secureboot_refuse(trust, loader);
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
	if (!status)
		status = check_secure_boot(&entry);
	if (!status && !req.dry_run)
		status = efivars_write_next(entry.number);
	if (!status)
		report_next(&req, entry.number);
	return status;
}
