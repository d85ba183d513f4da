/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loader as a file: as it is delivered, signed, and as it is on the EFI system partition. */
#ifndef FASTBOOTCTL_LOADER_H
#define FASTBOOTCTL_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/signer.h"

struct loader {
	uint8_t *data; /* NULL: not there */
	size_t size;
};

#define _cleanup_loader_ __attribute__((cleanup(loader_free)))
void loader_free(struct loader *loader);

/* 0, or the exit status after a report: of a file that is missing or no EFI program, too. */
int loader_read(const char *file, struct loader *ret_loader);

/* The one on the EFI system partition; a missing one is no failure. */
int loader_read_installed(const char *esp, struct loader *ret_loader);

bool loader_is_signed(const struct loader *loader);

/*
 * Signs it.  If `installed` is the same program with a good signature by this key, that is taken,
 * because each signature is a new one, and flash wears out.  Exit status.
 */
int loader_sign(struct loader *loader, const struct loader *installed,
		const struct signer_key *key);

#endif
