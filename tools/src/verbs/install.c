// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * install: the loader on the EFI system partition, signed if Secure Boot needs that, and its entry
 * among the firmware's boot entries.
 *
 * It can be repeated: the loader is copied only if it differs, an entry for the same file is
 * updated and not duplicated, and a variable is written only if it changes, because flash wears
 * out.  What could refuse comes before anything is written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "area/area.h"
#include "area/where.h"
#include "base/fail.h"
#include "base/io.h"
#include "base/out.h"
#include "firmware/efivars.h"
#include "firmware/esp.h"
#include "firmware/loader.h"
#include "firmware/recovery.h"
#include "firmware/secureboot.h"
#include "firmware/shim.h"
#include "verbs/verbs.h"

#define DEFAULT_LOADER "/usr/lib/fastboot/fastbootx64.efi"

struct request {
	const char *esp;
	const char *loader;
	const char *options; /* NULL: keep what the entry has */
	const char *area;    /* NULL: the one of this machine */
	const char *key, *cert, *shim;
	bool first, recovery, direct, no_variables, dry_run;
};

/* The machine as it is, and what will be put on it. */
struct site {
	char *esp;
	struct loader installed;
	struct boot_entry entry;
	struct boot_order order;
	enum secureboot secure_boot;

	bool have_area;		   /* the image area is known */
	struct where_option place; /* and where it is */

	uint16_t number; /* the entry's */
	struct boot_order new_order;
	struct loader loader;
	struct signer_key key;	 /* with which it was signed here */
	char *shim;		 /* the entry's program; NULL: the loader itself */
	enum loader_trust trust; /* with Secure Boot on */
};

static void site_free(struct site *site)
{
	free(site->esp);
	loader_free(&site->installed);
	efivars_entry_free(&site->entry);
	loader_free(&site->loader);
	signer_key_free(&site->key);
	free(site->shim);
}

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
	OPTION_TEXT("area", "DEV", struct request, area,
		    "the image area, if there is more than one"),
	OPTION_TEXT("key", "FILE", struct request, key,
		    "sign the loader with this RSA key (default: dkms' machine owner key)"),
	OPTION_TEXT("cert", "FILE", struct request, cert, "the certificate of --key"),
	OPTION_TEXT("shim", "FILE", struct request, shim,
		    "the shim that starts the loader, below DIR of --esp"),
	OPTION_FLAG("direct", struct request, direct,
		    "no shim: the certificate is among the firmware's own"),
	OPTION_FLAG("no-variables", struct request, no_variables,
		    "copy the loader only, create no boot entry"),
	OPTION_FLAG("dry-run", struct request, dry_run, "say what would be done, and stop"),
	{ 0 },
};

/* Without variables, what they would say stays unknown, and the order empty. */
static int read_variables(struct site *site)
{
	int status;

	if (!efivars_available())
		return 0;
	status = secureboot_read(&site->secure_boot);
	if (!status)
		status = efivars_find_entry(&site->entry);
	return status ? status : efivars_read_order(&site->order);
}

/* With --no-variables both stay as they are. */
static int plan_order(const struct request *req, struct site *site)
{
	site->number = site->entry.number;
	site->new_order = site->order;
	if (req->no_variables)
		return 0;
	if (!site->entry.present &&
	    !boot_number_unused(site->entry.used, site->entry.nr_used, &site->number))
		return fail(FAIL_EFI_WRITE, "all boot entry numbers are in use");
	if (!boot_order_add(&site->new_order, site->number, req->first))
		return fail(FAIL_EFI_WRITE, "BootOrder is full");
	return 0;
}

/*
 * The loader finds a partition with an area by itself, but has to be shown a volume or a file.
 * Without an area, or with several, the options stay as they are.
 */
static int find_area(const struct request *req, struct site *site)
{
	const struct area_request request = { .verb = "install", .path = req->area, .slot = -1 };
	_cleanup_area_ struct area area = AREA_CLOSED;
	unsigned int found = 1;
	int status = 0;

	if (req->no_variables)
		return 0;
	if (req->area)
		status = area_open(&request, &area);
	else
		found = area_look(&area);
	if (found > 1)
		warning("there are %u image areas; if the loader should use one that is not a "
			"partition, name it with --area",
			found);
	site->have_area = !status && area.part.path;
	if (site->have_area)
		site->place = where_option(&area.header);
	return status;
}

static int look(const struct request *req, struct site *site)
{
	int status = loader_read(req->loader, &site->loader);

	if (!status)
		status = esp_find(req->esp, &site->esp);
	if (!status && !req->no_variables)
		status = efivars_require();
	if (!status)
		status = read_variables(site);
	if (!status)
		status = plan_order(req, site);
	if (!status)
		status = find_area(req, site);
	return status ? status : loader_read_installed(site->esp, &site->installed);
}

/*
 * With --no-variables, as in packages and on disk images, the loader that is there decides.  A
 * signed one is never replaced by an unsigned one: Secure Boot may be off for today only.
 */
static bool wants_signature(const struct request *req, const struct site *site)
{
	if (req->key)
		return true;
	if (loader_is_signed(&site->loader))
		return false;
	return loader_is_signed(&site->installed) ||
	       (!req->no_variables && secureboot_is_on(site->secure_boot));
}

static int sign(const struct request *req, struct site *site)
{
	int status;

	if (!wants_signature(req, site))
		return 0;
	status = signer_find_key(req->key, req->cert, &site->key);
	return status ? status : loader_sign(&site->loader, &site->installed, &site->key);
}

/* With Secure Boot off an entry stays as it is. */
static int choose_shim(const struct request *req, struct site *site)
{
	if (req->direct || req->no_variables)
		return 0;
	if (!req->shim && !site->entry.behind_shim && !secureboot_is_on(site->secure_boot))
		return 0;
	return shim_find(site->esp, req->shim, &site->shim);
}

/*
 * shim waits for a key if it does not accept a loader.  So an entry that comes first must be
 * accepted, and so must one that a package replaces, when nobody expects it.
 */
static bool must_be_accepted(const struct request *req, const struct site *site)
{
	return req->no_variables || boot_order_find(&site->new_order, site->number) == 0;
}

/* A disk image, which may be another machine's, or a loader that was never signed. */
static bool is_no_concern(const struct request *req, const struct site *site)
{
	return req->no_variables && !loader_is_signed(&site->installed);
}

static int check_trust(const struct request *req, struct site *site)
{
	struct json_object *json = json_put_object(out_json(), "secure_boot");
	bool direct =
		req->no_variables ? site->entry.present && !site->entry.behind_shim : !site->shim;
	int status;

	json_put_text(json, "state", secureboot_name(site->secure_boot));
	if (!secureboot_is_on(site->secure_boot) || is_no_concern(req, site))
		return 0;
	status = secureboot_trust(site->loader.data, site->loader.size, direct, &site->trust);
	if (status)
		return status;
	json_put_text(json, "loader", secureboot_trust_code(site->trust));
	if (site->trust == TRUST_GOOD)
		return 0;
	if (site->trust == TRUST_NOT_ENROLLED && !must_be_accepted(req, site))
		return 0;
	return secureboot_refuse(site->trust, req->loader);
}

static void report_loader(const struct site *site, const char *path, const char *what)
{
	struct json_object *json = json_put_object(out_json(), "loader");
	const char *key = site->key.key_file;

	out_text("%s: %s%s%s\n", path, what, key ? ", signed with " : "", key ? key : "");
	json_put_text(json, "path", path);
	json_put_text(json, "action", what);
	if (key)
		json_put_text(json, "signed_with", key);
}

static int put_loader(const struct request *req, const struct site *site)
{
	_cleanup_free_ char *path = esp_loader_path(site->esp);
	bool changed = false;
	int status;

	if (!path)
		return fail_errno(FAIL_NO_MEMORY, "%s", site->esp);
	if (req->dry_run) {
		report_loader(site, path, "would be written");
		return 0;
	}
	status = esp_put_loader(site->esp, site->loader.data, site->loader.size, &changed);
	if (!status)
		report_loader(site, path, changed ? "written" : "unchanged");
	return status;
}

/* An area= that the user gives stays. */
static int choose_options(const struct request *req, const struct site *site,
			  char options[BOOT_MAX_OPTIONS + 1])
{
	if (req->options)
		snprintf(options, BOOT_MAX_OPTIONS + 1, "%s", req->options);
	else
		efivars_entry_options(&site->entry, options);
	if (!site->have_area || (req->options && !boot_options_have_area(req->options, "")))
		return 0;
	if (!boot_options_put_area(options, site->place.s))
		return fail(FAIL_USAGE, "install: more than %u characters of options, with %s",
			    BOOT_MAX_OPTIONS, site->place.s);
	return 0;
}

static int make_option(const struct request *req, const struct site *site, uint8_t **ret_data,
		       size_t *ret_size)
{
	_cleanup_free_ char *path = site->shim ? strdup(site->shim) : esp_loader_path(site->esp);
	uint8_t options[BOOT_OPTIONS_SIZE];
	char text[BOOT_MAX_OPTIONS + 1];
	_cleanup_free_ uint8_t *dp = NULL;
	size_t dp_size, options_size = 0;
	int status = choose_options(req, site, text);

	if (status)
		return status;
	(void)boot_options_encode(text, site->shim, options, &options_size);
	if (!path)
		return fail_errno(FAIL_NO_MEMORY, "%s", site->esp);
	if (esp_device_path(path, &dp, &dp_size))
		return fail_errno(FAIL_EFI_PATH, "%s has no EFI device path", path);
	return efivars_make_option(dp, dp_size, options, options_size, ret_data, ret_size);
}

static void report_entry(uint16_t number, const char *what)
{
	struct json_object *json = json_put_object(out_json(), "entry");

	out_text("%s \"%s\": %s\n", boot_number_name(number).s, BOOT_DESCRIPTION, what);
	json_put_text(json, "name", boot_number_name(number).s);
	json_put_text(json, "action", what);
}

static int put_entry(const struct request *req, const struct site *site)
{
	const struct boot_entry *entry = &site->entry;
	_cleanup_free_ uint8_t *data = NULL;
	size_t size = 0;
	int status;

	if (req->dry_run) {
		report_entry(site->number, entry->present ? "would be updated" : "would be added");
		return 0;
	}
	status = make_option(req, site, &data, &size);
	if (status)
		return status;
	if (entry->present && entry->size == size && memcmp(entry->data, data, size) == 0) {
		report_entry(site->number, "unchanged");
		return 0;
	}
	status = efivars_write_entry(site->number, data, size);
	if (!status)
		report_entry(site->number, entry->present ? "updated" : "added");
	return status;
}

static void report_order(const struct request *req, const struct site *site)
{
	struct json_object *json = json_put_object(out_json(), "boot_order");
	int position = boot_order_find(&site->new_order, site->number) + 1;

	out_text("boot order: %s %s number %d of %zu\n", boot_number_name(site->number).s,
		 req->dry_run ? "would be" : "is", position, site->new_order.count);
	json_put_number(json, "position", (uint64_t)position);
	json_put_number(json, "count", site->new_order.count);
}

static int put_order(const struct request *req, const struct site *site)
{
	const struct boot_order *before = &site->order, *after = &site->new_order;
	int status = 0;

	if (!req->dry_run && (after->count != before->count ||
			      memcmp(after->number, before->number, 2 * after->count) != 0))
		status = efivars_write_order(after);
	if (!status)
		report_order(req, site);
	return status;
}

static int put_boot_entry(const struct request *req, const struct site *site)
{
	int status = put_entry(req, site);

	if (site->place.s[0])
		out_text("image area: the loader's option %s\n", site->place.s);
	json_put_text(out_json(), "area", site->place.s[0] ? site->place.s : NULL);

	return status ? status : put_order(req, site);
}

static void explain_enrolment(const struct site *site)
{
	const char *cert = site->key.cert_file;

	out_text("\nSecure Boot is on, and the loader's signer is not enrolled. At the machine:\n");
	if (!site->shim) {
		out_text("    add the certificate to the firmware's own (db), in its setup\n");
	} else {
		if (cert && site->key.cert_was_text)
			out_text("    openssl x509 -in %s -outform der -out mok.der\n", cert);
		out_text("    mokutil --import %s      # choose a password for the next step\n",
			 !cert			   ? "CERTIFICATE"
			 : site->key.cert_was_text ? "mok.der"
						   : cert);
		out_text("    reboot; press a key within 10 seconds at shim's blue screen; then\n"
			 "    Enroll MOK, Continue, Yes, the password, Reboot\n");
	}
	out_text("    fastbootctl next && reboot      # once, watching the screen\n"
		 "    fastbootctl install --first\n");
}

static void hint(const struct request *req, const struct site *site)
{
	if (site->trust == TRUST_NOT_ENROLLED)
		explain_enrolment(site);
	else if (secureboot_is_on(site->secure_boot) && !must_be_accepted(req, site))
		out_text("Secure Boot is on. Before --first, try it once, watching the screen: "
			 "fastbootctl next\n");
}

static int put(const struct request *req, const struct site *site)
{
	int status = put_loader(req, site);

	if (!status && !req->no_variables)
		status = put_boot_entry(req, site);
	if (!status && req->recovery)
		status = recovery_arm(req->dry_run);
	if (!status && !req->dry_run)
		hint(req, site);
	return status;
}

static int install(const struct request *req)
{
	struct site site = { 0 };
	int status;

	json_put_bool(out_json(), "dry_run", req->dry_run);
	status = look(req, &site);
	if (!status)
		status = sign(req, &site);
	if (!status)
		status = choose_shim(req, &site);
	if (!status)
		status = check_trust(req, &site);
	if (!status)
		status = put(req, &site);
	site_free(&site);
	return status;
}

/* Recovery needs an entry that comes first: without one there is nothing to arm. */
static int check_request(const struct request *req)
{
	if (req->recovery && req->no_variables)
		return fail(FAIL_USAGE,
			    "install: --recovery and --no-variables exclude each other");
	if (req->shim && req->direct)
		return fail(FAIL_USAGE, "install: --shim and --direct exclude each other");
	if (!req->key != !req->cert)
		return fail(FAIL_USAGE, "install: --key and --cert belong together");
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
