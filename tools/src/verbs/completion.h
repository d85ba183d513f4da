/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a shell needs to complete a command line, made from the table of verbs. */
#ifndef FASTBOOTCTL_COMPLETION_H
#define FASTBOOTCTL_COMPLETION_H

#include <stddef.h>

#include "base/args.h"

/* shell: "bash" or "zsh".  Prints the script.  Exit status. */
int completion_print(const char *shell, const struct verb *verbs, size_t count);

#endif
