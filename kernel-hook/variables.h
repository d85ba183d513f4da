/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loader's message of this boot: docs/loader.md, "The result variable".
 */
#ifndef HOOK_VARIABLES_H
#define HOOK_VARIABLES_H

#include <linux/types.h>

/*
 * Copies the text to `page`, at most size bytes.  Its length, 0 if the loader left none
 * or there are no variables; or a negative errno.  May sleep.
 */
ssize_t variables_loader_result(char *page, size_t size);

#endif
