/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and certificates as text (RFC 7468), the only form that sbsign reads.  Pure functions. */
#ifndef FASTBOOTCTL_PEM_H
#define FASTBOOTCTL_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool pem_is_text(const uint8_t *data, size_t size);

/* A certificate's DER as text; the caller frees it.  NULL: out of memory. */
char *pem_certificate(const uint8_t *der, size_t size);

/*
 * The same for a private key, which is a PrivateKeyInfo (RFC 5208) or, without that, of RSA
 * (RFC 8017, A.1.2): in the former an algorithm follows the version, in the latter a number.
 */
char *pem_private_key(const uint8_t *der, size_t size);

#endif
