// SPDX-License-Identifier: GPL-2.0-or-later
#include "firmware/secureboot.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/io.h"
#include "firmware/efivars.h"
#include "firmware/esp.h"
#include "firmware/loader.h"
#include "firmware/pe.h"
#include "firmware/pem.h"
#include "firmware/siglist.h"
#include "firmware/signer.h"

/*
 * shim's list of machine owner keys, complete, as it was when the kernel started
 * (drivers/firmware/efi/mokvar-table.c).  A variable holds one part of a long list.
 */
#define MOK_TABLE     "/sys/firmware/efi/mok-variables/MokListRT"
#define MAX_MOK_TABLE (1u << 20)

static const struct {
	enum failure failure;
	const char *sentence;
} trusts[] = {
	[TRUST_NO_SBAT] = { FAIL_NO_SBAT, "it has no section .sbat" },
	[TRUST_NOT_SIGNED] = { FAIL_NOT_SIGNED, "it is not signed" },
	[TRUST_NOT_ENROLLED] = { FAIL_NOT_ENROLLED, "no enrolled certificate is its signer's" },
	[TRUST_REVOKED] = { FAIL_NOT_ENROLLED, "its signer's certificate is revoked" },
};

const char *secureboot_name(enum secureboot state)
{
	static const char *const names[] = {
		[SECUREBOOT_UNKNOWN] = "unknown",	  [SECUREBOOT_OFF] = "off",
		[SECUREBOOT_SETUP] = "setup-mode",	  [SECUREBOOT_ON] = "on",
		[SECUREBOOT_SHIM_OFF] = "validation-off",
	};

	return names[state];
}

/* A variable of one byte; a missing one is 0. */
static int read_flag(enum efivars_key which, bool *ret_set)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;
	int status = efivars_read_key(which, &data, &size);

	*ret_set = data && size == 1 && data[0] == 1;
	return status;
}

int secureboot_read(enum secureboot *ret_state)
{
	bool on, setup, shim_off;
	int status;

	*ret_state = SECUREBOOT_UNKNOWN;
	if (!efivars_available())
		return 0;
	status = read_flag(EFIVARS_SECURE_BOOT, &on);
	if (!status)
		status = read_flag(EFIVARS_SETUP_MODE, &setup);
	if (!status)
		status = read_flag(EFIVARS_MOK_SB_STATE, &shim_off);
	if (status)
		return status;
	if (setup)
		*ret_state = SECUREBOOT_SETUP;
	else if (!on)
		*ret_state = SECUREBOOT_OFF;
	else
		*ret_state = shim_off ? SECUREBOOT_SHIM_OFF : SECUREBOOT_ON;
	return 0;
}

struct lists {
	uint8_t *data;
	size_t size;
};

static void lists_free(struct lists *lists)
{
	free(lists->data);
}

#define _cleanup_lists_ __attribute__((cleanup(lists_free)))

/*
 * What shim looks at (shim.c, check_db_cert_in_ram): DER with a length of two bytes, the first of
 * its list, and not for modules alone.
 */
static bool counts_for_shim(const struct siglist *walk, const uint8_t *cert, size_t size)
{
	return walk->number == 1 && size > 4 && cert[0] == 0x30 && cert[1] == 0x82 &&
	       (size_t)(cert[2] << 8 | cert[3]) == size - 4 && !signer_is_for_modules(cert, size);
}

/* The certificates of `lists` one after the other, until one has signed the loader. */
static int find_signer(const struct lists *lists, const uint8_t *loader, size_t size, bool direct,
		       const uint8_t **ret_cert, size_t *ret_cert_size)
{
	struct siglist walk = { .rest = lists->data, .rest_size = lists->size };
	const uint8_t *cert;
	size_t cert_size;
	int status = 0;

	*ret_cert = NULL;
	while (!status && siglist_next(&walk, &cert, &cert_size)) {
		_cleanup_free_ char *text = NULL;
		bool good;

		if (!direct && !counts_for_shim(&walk, cert, cert_size))
			continue;
		text = pem_certificate(cert, cert_size);
		if (!text)
			return fail_errno(FAIL_NO_MEMORY, "a certificate");
		status = signer_verify(text, loader, size, &good);
		if (!status && good) {
			*ret_cert = cert;
			*ret_cert_size = cert_size;
			return 0;
		}
	}
	return status;
}

static int is_revoked(const uint8_t *cert, size_t size, bool direct, bool *ret_revoked)
{
	_cleanup_lists_ struct lists dbx = { 0 }, mok = { 0 };
	int status = efivars_read_key(EFIVARS_DBX, &dbx.data, &dbx.size);

	if (!status && !direct)
		status = efivars_read_key(EFIVARS_MOK_LIST_X, &mok.data, &mok.size);
	*ret_revoked = siglist_has(dbx.data, dbx.size, cert, size) ||
		       siglist_has(mok.data, mok.size, cert, size);
	return status;
}

/* *trust stays if no certificate of `lists` has signed the loader. */
static int trust_by(const struct lists *lists, const uint8_t *loader, size_t size, bool direct,
		    enum loader_trust *trust)
{
	const uint8_t *cert;
	size_t cert_size;
	bool revoked;
	int status = find_signer(lists, loader, size, direct, &cert, &cert_size);

	if (status || !cert)
		return status;
	status = is_revoked(cert, cert_size, direct, &revoked);
	if (!status)
		*trust = revoked ? TRUST_REVOKED : TRUST_GOOD;
	return status;
}

static int read_mok_table(struct lists *lists)
{
	_cleanup_free_ char *path = io_system_path("%s", MOK_TABLE);

	if (!path)
		return fail_errno(FAIL_NO_MEMORY, "%s", MOK_TABLE);
	if (io_read_file(path, MAX_MOK_TABLE, (char **)&lists->data, &lists->size)) {
		*lists = (struct lists){ 0 };
		return errno == ENOENT ? 0 : fail_errno(FAIL_OPEN, "%s", path);
	}
	return 0;
}

/* By machine owner keys; *trust as for trust_by(). */
static int trust_by_mok(const uint8_t *loader, size_t size, enum loader_trust *trust)
{
	_cleanup_lists_ struct lists mok = { 0 }, table = { 0 };
	int status = efivars_read_key(EFIVARS_MOK_LIST, &mok.data, &mok.size);

	if (!status)
		status = trust_by(&mok, loader, size, false, trust);
	if (status || *trust != TRUST_NOT_ENROLLED)
		return status;
	status = read_mok_table(&table);
	return status ? status : trust_by(&table, loader, size, false, trust);
}

/* By the firmware's keys, unless shim has been told not to look at them. */
static int trust_by_db(const uint8_t *loader, size_t size, bool direct, enum loader_trust *trust)
{
	_cleanup_lists_ struct lists db = { 0 };
	bool ignored = false;
	int status = direct ? 0 : read_flag(EFIVARS_MOK_IGNORE_DB, &ignored);

	if (status || ignored)
		return status;
	status = efivars_read_key(EFIVARS_DB, &db.data, &db.size);
	return status ? status : trust_by(&db, loader, size, direct, trust);
}

int secureboot_trust(const uint8_t *loader, size_t size, bool direct, enum loader_trust *ret_trust)
{
	int status;

	if (!direct && !pe_has_sbat(loader, size)) {
		*ret_trust = TRUST_NO_SBAT;
		return 0;
	}
	if (!pe_is_signed(loader, size)) {
		*ret_trust = TRUST_NOT_SIGNED;
		return 0;
	}
	*ret_trust = TRUST_NOT_ENROLLED;
	status = direct ? 0 : trust_by_mok(loader, size, ret_trust);
	if (status || *ret_trust != TRUST_NOT_ENROLLED)
		return status;
	return trust_by_db(loader, size, direct, ret_trust);
}

int secureboot_trust_installed(bool direct, char **ret_path, enum loader_trust *ret_trust)
{
	_cleanup_loader_ struct loader loader = { 0 };
	_cleanup_free_ char *esp = esp_look();
	int status;

	*ret_path = NULL;
	if (!esp)
		return 0;
	status = loader_read_installed(esp, &loader);
	if (status || !loader.data)
		return status;
	*ret_path = esp_loader_path(esp);
	if (!*ret_path)
		return fail_errno(FAIL_NO_MEMORY, "%s", esp);
	return secureboot_trust(loader.data, loader.size, direct, ret_trust);
}

int secureboot_refuse(enum loader_trust trust, const char *loader)
{
	return fail(trusts[trust].failure, "%s would not be started: %s", loader,
		    trusts[trust].sentence);
}

const char *secureboot_trust_code(enum loader_trust trust)
{
	return trust == TRUST_GOOD ? "ok" : fail_code(trusts[trust].failure);
}

const char *secureboot_trust_sentence(enum loader_trust trust)
{
	return trust == TRUST_GOOD ? "an enrolled certificate is its signer's"
				   : trusts[trust].sentence;
}
