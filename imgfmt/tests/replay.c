// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Runs a fuzz target once on each file of a corpus: needs no libFuzzer, so any compiler works. */
#include <dirent.h>
#include <stdio.h>

#include "fuzz.h"

#define MAX_FILE (1u << 20)

static void replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(MAX_FILE), *exact;
	size_t size;

	if (!f || !data) {
		perror(path);
		exit(1);
	}
	size = fread(data, 1, MAX_FILE, f);
	/* Shrunk to its exact size, so that the sanitizer sees a step outside. */
	exact = realloc(data, size + !size);
	must(exact != NULL);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	if (fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	char path[4096];
	int nr = 0;

	if (!directory) {
		fputs("usage: replay CORPUS\n", stderr);
		return 2;
	}
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
		replay(path);
		nr++;
	}
	(void)closedir(directory);
	printf("%s: %d inputs\n", argv[1], nr);
	return nr ? 0 : 1;
}
