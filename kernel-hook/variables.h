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

/* "The kernel's refusal": for the loader's next start.  0 or a negative errno. */
int variables_write_refusal(struct img_refusal *refusal);

#endif
