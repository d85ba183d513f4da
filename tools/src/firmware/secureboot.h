/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secure Boot: whether the firmware verifies what it starts, and whether it, or shim in its place,
 * would start a loader.  shim shows a box and waits for a key if it would not: an unattended
 * machine hangs there.
 */
#ifndef FASTBOOTCTL_SECUREBOOT_H
#define FASTBOOTCTL_SECUREBOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum secureboot {
	SECUREBOOT_UNKNOWN, /* no EFI variables */
	SECUREBOOT_OFF,
	SECUREBOOT_SETUP, /* setup mode: there are no keys to verify with */
	SECUREBOOT_ON,
	SECUREBOOT_SHIM_OFF, /* on, but shim verifies nothing: mokutil --disable-validation */
};

/* "on", "setup-mode" */
const char *secureboot_name(enum secureboot state);

/* True if the firmware verifies what it starts. */
static inline bool secureboot_is_on(enum secureboot state)
{
	return state == SECUREBOOT_ON || state == SECUREBOOT_SHIM_OFF;
}

/* 0, or the exit status after a report. */
int secureboot_read(enum secureboot *ret_state);

enum loader_trust {
	TRUST_GOOD,
	TRUST_NO_SBAT, /* shim alone demands it */
	TRUST_NOT_SIGNED,
	TRUST_NOT_ENROLLED,
	TRUST_REVOKED,
};

/*
 * direct: by the firmware, without shim.  shim accepts the firmware's keys (db), too.  0, or the
 * exit status after a report that there is no answer.
 */
int secureboot_trust(const uint8_t *loader, size_t size, bool direct, enum loader_trust *ret_trust);

/*
 * The same for the loader on the EFI system partition, if that is mounted in one of the usual
 * places.  *ret_path: NULL if it is not, or has no loader; the caller frees it.
 */
int secureboot_trust_installed(bool direct, char **ret_path, enum loader_trust *ret_trust);

/* Reports it; returns the exit status. */
int secureboot_refuse(enum loader_trust trust, const char *loader);

/* "ok" or the code. */
const char *secureboot_trust_code(enum loader_trust trust);
/* "its certificate is not enrolled" */
const char *secureboot_trust_sentence(enum loader_trust trust);

#endif
