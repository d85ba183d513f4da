/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tool reads of an EFI program: "PE Format", learn.microsoft.com/windows/win32/debug.  Any
 * bytes may be in the file.  Pure functions.
 */
#ifndef FASTBOOTCTL_PE_H
#define FASTBOOTCTL_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool pe_is_x64(const uint8_t *data, size_t size);

/* True if there is a certificate table; says nothing about what the signatures in it are worth. */
bool pe_is_signed(const uint8_t *data, size_t size);

/* True if there is a section .sbat that begins as rhboot/shim's SBAT.md demands. */
bool pe_has_sbat(const uint8_t *data, size_t size);

/* True if `with` is the unsigned program `plain`, with signatures added to it. */
bool pe_is_signed_copy(const uint8_t *plain, size_t plain_size, const uint8_t *with,
		       size_t with_size);

#endif
