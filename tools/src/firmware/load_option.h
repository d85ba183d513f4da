/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content of a Boot#### variable, UEFI 2.10, 3.1.3 (EFI_LOAD_OPTION): any program may have
 * written any bytes there, and libefiboot trusts its lengths.  Pure functions.
 */
#ifndef FASTBOOTCTL_LOAD_OPTION_H
#define FASTBOOTCTL_LOAD_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parts of the caller's bytes. */
struct load_option {
	const uint8_t *path; /* a list of device paths, the entry's own first */
	size_t path_size;
	const uint8_t *options; /* LoadOptions */
	size_t options_size;
};

/* False: the description has no end, or the path list is longer than what is left. */
bool load_option_decode(const uint8_t *data, size_t size, struct load_option *ret_option);

/*
 * True if a file path node of the entry's own path contains `file`, which is ASCII, in either case.
 */
bool load_option_names_file(const struct load_option *option, const char *file);

/*
 * If the first word of the options is `file`, as for shim, which starts what it names, takes it and
 * the space behind it off the options.  False: it is not.
 */
bool load_option_skip_file(struct load_option *option, const char *file);

#endif
