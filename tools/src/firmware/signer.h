/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures of EFI programs, by sbsign and sbverify of the package sbsigntool.  They read and
 * write files in memory, so that no key gets onto a disk.
 */
#ifndef FASTBOOTCTL_SIGNER_H
#define FASTBOOTCTL_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct signer_key {
	char *key, *cert;	    /* text, see pem.h */
	char *key_file, *cert_file; /* where they are from; NULL: there is no key */
	bool cert_was_text;	    /* mokutil takes DER alone */
};

/*
 * key_file, cert_file: as given, or NULL for the machine owner key: that of dkms, which signs the
 * module with it, or Ubuntu's, unless that is for modules alone.  0, or the exit status after a
 * report.
 */
int signer_find_key(const char *key_file, const char *cert_file, struct signer_key *ret_key);
/* Overwrites the key. */
void signer_key_free(struct signer_key *key);
#define _cleanup_key_ __attribute__((cleanup(signer_key_free)))

/* The program with a signature; the caller frees *ret_data.  0, or the exit status. */
int signer_sign(const struct signer_key *key, const uint8_t *data, size_t size, uint8_t **ret_data,
		size_t *ret_size);

/* Whether a signature of the program is good by this certificate.  0, or the exit status. */
int signer_verify(const char *cert, const uint8_t *data, size_t size, bool *ret_good);

/*
 * True for a certificate, or for a signature that contains it, whose purpose is to sign modules:
 * shim does not start what was signed with it (shim.c, verify_eku).
 */
bool signer_is_for_modules(const uint8_t *der, size_t size);

#endif
