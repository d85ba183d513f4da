// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fails in the way that its argument names, to show that the failure of a served program is
 * noticed: test_served.py.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *volatile kept;
static volatile int largest = INT_MAX;

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	kept = malloc((size_t)argc);
	if (strcmp(what, "overflow") == 0)
		return ((char *)kept)[argc];
	if (strcmp(what, "undefined") == 0)
		return largest + argc;
	if (strcmp(what, "leak") == 0)
		kept = NULL;
	if (strcmp(what, "reachable") != 0)
		free(kept);
	if (strcmp(what, "abort") == 0)
		abort();
	if (strcmp(what, "sleep") == 0)
		sleep(60);
	for (int i = 2; i < argc; i++)
		printf("%s\n", argv[i]);
	fprintf(stderr, "%s\n", getenv("WORD"));
	return what[0] == '\0' ? EXIT_FAILURE : 0;
}
