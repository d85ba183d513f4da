/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The EFI variables through which loader and kernel communicate: docs/loader.md.  May sleep.
 */
#ifndef HOOK_VARIABLES_H
#define HOOK_VARIABLES_H

#include <linux/types.h>
#include <imgfmt/imgfmt.h>

/*
 * "The result variable" of this boot.  Copies the text to `page`, at most size bytes.  Returns its
 * length, 0 if the loader left none or EFI variables do not exist; or a negative errno.
 */
ssize_t variables_loader_result(char *page, size_t size);

/*
 * Where the loader left its key page.  0, -ENOENT (nowhere), -EPERM (somebody else made the
 * variable), or another negative errno.
 */
int variables_key_page(u64 *ret_place);

/*
 * Is Secure Boot on, as the loader sees it: not in setup mode, and with shim's validation?  1, 0,
 * or a negative errno.
 */
int variables_secure_boot(void);

/* "The kernel's refusal": for the loader's next start.  0 or a negative errno. */
int variables_write_refusal(struct img_refusal *refusal);

#endif
