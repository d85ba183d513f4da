/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tool's fuzz targets share. */
#ifndef FASTBOOTCTL_FUZZ_TOOL_H
#define FASTBOOTCTL_FUZZ_TOOL_H

#include <stdio.h>

#include "fuzz.h"

/* Keeps refusals off the terminal.  The sanitizers write to descriptor 2, which stays open. */
static inline void silence(void)
{
	static FILE *nowhere;

	if (nowhere)
		return;
	nowhere = fopen("/dev/null", "w");
	must(nowhere != NULL);
	stderr = nowhere;
}

/* The next bytes as a string, in memory of exactly its size; the caller frees it. */
static inline char *take_text(struct input *in, size_t size)
{
	char *text;

	if (size > in->size)
		size = in->size;
	text = malloc(size + 1);
	must(text != NULL);
	take_bytes(in, text, size);
	text[size] = '\0';
	return text;
}

#endif
