/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of keys in variables of the firmware and of shim: EFI_SIGNATURE_LIST, UEFI 2.10, 32.4.1.
 * Any bytes may be there.  Pure functions.
 */
#ifndef FASTBOOTCTL_SIGLIST_H
#define FASTBOOTCTL_SIGLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A walk over a variable's content; begin with its bytes in `rest`, and zeros. */
struct siglist {
	const uint8_t *rest; /* lists that were not looked at yet */
	size_t rest_size;
	const uint8_t *entries; /* of the current list, those that were not given yet */
	size_t entries_size;
	size_t entry_size;
	unsigned int number; /* in its list, of what was given last; from 1 */
};

/*
 * The next X.509 certificate, as DER: bytes of the variable.  Lists of another kind are skipped.
 * False: no more, or the next list is longer than what is left.
 */
bool siglist_next(struct siglist *list, const uint8_t **ret_cert, size_t *ret_size);

/* True if the certificate is in the lists. */
bool siglist_has(const uint8_t *lists, size_t lists_size, const uint8_t *cert, size_t size);

#endif
